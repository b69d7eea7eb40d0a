"""A site of real parts: a database with trials of the demo world, a supervisor that runs, tokens of every role."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg

import actors.jobs
from actors.governance.accounts import store as accounts
from actors.governance.approvals import Rule as ApprovalRule
from actors.governance.limits import DEFAULTS, Limit
from actors.governance.mode.watch import ModeWatch
from actors.jobs import JobKind
from actors.queue import cron, schedules
from actors.queue import store as queue
from actors.queue.desk import Desk
from actors.queue.rescuer import rescue_now
from actors.registries import Registry
from actors.registries.ctgov import REGISTRY
from actors.runtime.catalog import catalog
from actors.runtime.files import LocalFiles
from actors.scheduler import Scheduler
from actors.storage import Rules as StorageRules
from actors.trials.mirroring import store
from actors.trials.pack import PackedPage, Source, pack_page
from actors.trials.scrapes import Mode
from demo.world_source import world_of
from supervisor.hub import Hub
from supervisor.logins import Rules
from supervisor.looplag import LoopLag
from supervisor.metrics import Metrics
from supervisor.movement import Movement
from supervisor.oidc import Client
from supervisor.roles import PEOPLE, Role
from supervisor.setting_kinds import Network
from supervisor.settings import Effective, effective, read
from supervisor.supervisor import Child, Supervisor
from supervisor.tokens import new_token
from tests.postgres import Stock

TRIALS = 300
MIRRORED_AT = datetime.now(UTC) - timedelta(hours=3)


@dataclass(slots=True)
class RealSite:
    pool: "asyncpg.Pool[Any]"  # of requests: the database binds it to one tenant at a time
    all_tenants: "asyncpg.Pool[Any]"
    tokens: dict[Role, str]
    supervisor: Supervisor
    mode: ModeWatch
    worker: UUID = field(default_factory=uuid4)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    desks: dict[str, Desk] = field(default_factory=dict)
    kinds: dict[str, JobKind[Any]] = field(default_factory=lambda: catalog(actors.jobs, "JOB", JobKind))
    registries: Mapping[str, Registry] = field(default_factory=lambda: {"ctgov": REGISTRY})
    metrics: Metrics = field(default_factory=Metrics)
    hub: Hub = field(default_factory=Hub)
    lag: LoopLag = field(default_factory=LoopLag)
    draining: bool = False
    audit_key: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="triald-site-")) / "audit-key.pem")
    approval_rule: ApprovalRule = field(default_factory=ApprovalRule)
    public_urls: tuple[str, ...] = ()
    login_rules: Rules = field(default_factory=Rules)
    limits: Mapping[str, Limit] = field(default_factory=lambda: dict.fromkeys(DEFAULTS, Limit(60_000, 60.0)))
    at_once: int = 100
    request_within_s: float = 30.0
    trusted_proxies: tuple[Network, ...] = ()
    oidc: Client | None = None
    webhook_hosts: frozenset[tuple[str, int]] = frozenset({("hooks.test", 8080)})
    told_by: frozenset[str] = frozenset()
    files: LocalFiles = field(
        default_factory=lambda: LocalFiles(Path(tempfile.mkdtemp(prefix="triald-files-")), secret=b"")
    )
    storage_rules: StorageRules = field(default_factory=StorageRules)

    @property
    def settings_in_force(self) -> list[Effective]:
        given = {"TRIALD_DATA_DIR": "/nowhere", "DATABASE_URL": "postgresql://jo:hidden@localhost/x"}
        return effective(read({}, given, default_file=None))

    def stuck_s(self) -> float:
        return Movement(self.desks.values(), lambda: True).stuck_s(time.monotonic())

    async def rescue(self) -> tuple[list[UUID], list[Any]]:
        return await rescue_now(self.all_tenants, dead_after_s=10.0, beat_every_s=0.01)


@asynccontextmanager
async def real_site(pool: "asyncpg.Pool[Any]", dsn: str) -> AsyncIterator[RealSite]:
    """`pool` sees every tenant."""
    tokens: dict[Role, str] = {role: await new_token(pool, role.word, role) for role in PEOPLE}
    lag = LoopLag()
    supervisor = Supervisor([
        Child("loop_lag", lambda life: lag.run()),
        Child("scheduler", Scheduler(pool, {}).run, heartbeat_within_s=60),
    ])  # fmt: skip
    requests = await asyncpg.create_pool(dsn, min_size=1, max_size=10, init=_act_as_web)
    site = RealSite(requests, pool, tokens, supervisor, ModeWatch(pool), lag=lag)
    site.desks["worker"] = Desk("worker", ("default",), site.worker)
    running = asyncio.create_task(supervisor.run())
    try:
        yield site
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        requests.terminate()


async def _act_as_web(connection: Any) -> None:
    assert await accounts.act_as_web(connection)


async def mirror(pool: "asyncpg.Pool[Any]", packed: PackedPage | None = None, *, mode: Mode = "incremental") -> int:
    """Trials of the demo world, as a scrape that ended well brought them."""
    page = packed or world_page()
    async with pool.acquire() as db, db.transaction():
        scrape = await store.open_scrape(db, "ctgov", mode, since=None, job_id=None, at=page.source.fetched_at)
        await store.write_page(db, page, scrape_id=scrape, total=len(page.trials))
        await store.close_scrape(db, scrape, "done", at=page.source.fetched_at + timedelta(minutes=1))
    return scrape


async def _fill(dsn: str) -> None:
    async with asyncpg.create_pool(dsn, min_size=1, max_size=2) as pool:
        await mirror(pool)


WORLD = Stock("world", _fill)


@cache
def world_page(*, day: int = 0) -> PackedPage:
    """All trials of a demo world, as they are on one of its days."""
    source = world_of(TRIALS, day=day)
    body = b'{"studies":[' + source.bodies(source.positions()) + b"]}"
    [request] = REGISTRY.first(None)[:1]
    page = REGISTRY.read(request, body)
    at = MIRRORED_AT + timedelta(hours=day)
    return pack_page(
        page.found, page.refused, Source("ctgov", request.url, at, REGISTRY.adapter_version, REGISTRY.media_type)
    )


async def nightly(db: queue.Database) -> int:
    """A schedule; its id."""
    next_due_at = cron.next_after("0 2 * * *", "UTC", datetime.now(UTC))
    return await schedules.put(
        db, name="nightly", cron="0 2 * * *", zone="UTC", kind="maintain", payload="{}", missed="once",
        overlap="skip", next_due_at=next_due_at,
    )  # fmt: skip


async def fired(db: queue.Database, job: int) -> None:
    """The schedule has fired, and a job came of it."""
    [schedule] = await schedules.every(db)
    due_at = datetime.now(UTC) - timedelta(minutes=1)
    await schedules.tick(db, schedule["id"], due_at, "enqueued")
    await schedules.tick_enqueued(db, schedule["id"], due_at, job)
