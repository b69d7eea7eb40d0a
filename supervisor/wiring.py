"""The only place where things are built and joined: the database, the tools, the actors and who supervises them."""

import asyncio
import gc
import random
import secrets
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from actors.backup.place import Place
from actors.errors import Refusal
from actors.governance.mode import Mode
from actors.governance.mode import store as modes
from actors.governance.mode.watch import ModeWatch
from actors.jobs import by_every_name
from actors.monitoring.lately import Lately
from actors.queue import cron, schedules
from actors.queue import store as queue
from actors.queue.desk import Desk
from actors.reading import known_registries
from actors.runtime.compute import Compute, own_process
from actors.runtime.fetch import Fetch
from actors.runtime.files import LocalFiles
from actors.runtime.memory import give_back_large_blocks
from actors.runtime.politeness import user_agent
from actors.runtime.post import Post
from actors.runtime.telemetry import attach, emit
from actors.tools import Tools
from actors.trials.semantic import store as semantic
from actors.trials.semantic.embedder import LOCAL, mark
from schema import queries
from schema.migrate import MigrationError, migrate, pending
from supervisor import slow
from supervisor.backups import place_of
from supervisor.crew import man
from supervisor.database import Ways, open_pool, open_urls
from supervisor.error_reports import error_reports
from supervisor.hub import Hub
from supervisor.kinds import job_kinds
from supervisor.looplag import LoopLag
from supervisor.metrics import Metrics
from supervisor.service import Service
from supervisor.settings import Settings
from supervisor.tracing import tracing
from supervisor.version import VERSION

SCRAPING = "scraping"
IMPORTING = "importing"  # files are read where they lie: by the command that was given them
IDLE_WITHIN_S = 60  # in a transaction: who does not go on for so long is frozen, and locks others out
CLOSES_WITHIN_S = 10.0
COLLECT_EVERY = 20_000  # objects made and not yet freed; a batch of jobs is thousands
PRELOAD = ("actors.reading", "actors.registries.ctgov", "actors.trials.pack")


async def bring_up_to_date(url: str) -> None:
    """Applies the migrations that are missing, and makes the queues that job kinds name. Raises Refusal."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        with _ours():
            steps = await migrate(connection)
        for step in steps:
            emit("database.migrated", number=step.migration.number, name=step.migration.title)
        await queue.ensure_queues(connection, {kind.queue for kind in job_kinds().values()})
    finally:
        await connection.close()


async def lacking_migrations(db: "PoolConnectionProxy[Any]") -> list[str]:
    """The titles of those that were not applied yet. Raises Refusal for a schema that others have made."""
    with _ours():
        return [f"{one.number:04}_{one.title}" for one in await pending(db)]


@contextmanager
def _ours() -> Iterator[None]:
    try:
        yield
    except MigrationError as error:
        raise Refusal(f"its schema is not ours: {error}") from error


@asynccontextmanager
async def open_service(settings: Settings, *, metrics: Metrics | None = None) -> AsyncIterator[Service]:
    """Everything built, nothing started."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    metrics = metrics or Metrics()
    lately = Lately()
    detach = [attach(metrics.sink), attach(lately.sink)]
    slow.know(queries())
    try:
        worker = uuid4()
        async with (
            tracing(settings.otlp_url, percent=settings.trace_percent, instance=str(worker)),
            error_reports(settings.sentry_dsn, instance=str(worker)),
            open_urls(settings) as ways,
        ):
            await bring_up_to_date(ways.listen_url)
            settle_in = partial(_settle_in, settings)
            async with (
                open_pool(settings, ways.url, least=8, init=settle_in, worker=worker) as pool,
                open_pool(settings, ways.url, least=4, init=settle_in, worker=worker, every_tenant=False) as requests,
                open_tools(settings, pool, place_of(settings, ways), mode := mode_of(ways, pool)) as tools,
            ):
                await modes.begin_with(pool, Mode(settings.mode.upper()))
                await mode.current()
                kinds = by_every_name(job_kinds(settings.max_attempts))
                queues = await queue.queue_rules(pool)
                await put_schedules(settings, pool)
                await settle_semantic(settings, pool)
                with collecting_rarely():
                    service = Service(
                        settings, requests, pool, ways.url, ways.listen_url, worker,
                        desks_of(settings, queues, worker), kinds, tools.registries, tools, metrics, Hub(), LoopLag(),
                        lately, mode, server=ways.server,
                    )  # fmt: skip
                    man(service)
                    yield service
    finally:
        for end in detach:
            end()


async def _settle_in(settings: Settings, connection: "asyncpg.Connection[Any]") -> None:
    """A pooler in transaction mode has no sessions; there, others cut off what a frozen process holds locked."""
    if not settings.database_pooler:
        await queue.end_when_idle(connection, IDLE_WITHIN_S)
    await queue.warm(connection)


@contextmanager
def collecting_rarely() -> Iterator[None]:
    """What is there at the start lives as long as the service: the collector leaves it alone, and looks less often."""
    before = gc.get_threshold()
    give_back_large_blocks()
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY, *before[1:])
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


def _rates(settings: Settings) -> dict[str, float]:
    """Requests a minute that each registry allows."""
    registries = {name: known_registries()[name] for name in settings.registries}
    return {name: settings.registry_per_min.get(name, one.requests_per_min) for name, one in registries.items()}


def agent(settings: Settings) -> str:
    """Who we say that we are, to registries."""
    return user_agent(VERSION, settings.contact or "no contact given")


def mode_of(ways: Ways, pool: "asyncpg.Pool[Any]") -> ModeWatch:
    """It looks by a connection of its own: a pool that is used up is no sign that the mode cannot be read."""
    return ModeWatch(pool, lambda: asyncpg.connect(ways.listen_url, timeout=5))


@asynccontextmanager
async def open_tools(
    settings: Settings, pool: "asyncpg.Pool[Any]", place: Place | None = None, mode: ModeWatch | None = None
) -> AsyncIterator[Tools]:
    compute = _compute(settings.compute_processes)
    mode = mode or ModeWatch(pool)
    async with (
        Fetch(agent=agent(settings), db=pool, bases=settings.registry_bases, may_ask=mode.may_ask) as fetch,
        Post(agent=agent(settings), own=settings.webhook_hosts, may_send=lambda: mode.now.sends) as post,
    ):
        try:
            yield Tools(
                db=pool,
                fetch=fetch,
                post=post,
                files=LocalFiles(settings.data_dir / "files", secret=secrets.token_bytes(32)),
                compute=compute,
                registries={name: known_registries()[name] for name in settings.registries},
                rates=_rates(settings),
                now=lambda: datetime.now(UTC),
                random=random.random,
                place=place,
            )
        finally:
            with suppress(TimeoutError):  # a thread cannot be ended; the process will be
                async with asyncio.timeout(CLOSES_WITHIN_S):
                    await compute.close()


def _compute(processes: int) -> Compute:
    if processes == 0:
        return Compute(1, open_executor=partial(ThreadPoolExecutor, 1))
    return Compute(processes, open_executor=partial(own_process, PRELOAD))


def desks_of(settings: Settings, queues: Iterable[str], worker: UUID) -> dict[str, Desk]:
    """None where no jobs are run."""
    return {} if settings.role == "api" else desks(queues, worker)


def desks(queues: Iterable[str], worker: UUID) -> dict[str, Desk]:
    """One desk for scrapes, whose copies are few, and one for all other work."""
    others = tuple(sorted(set(queues) - {SCRAPING, IMPORTING}))
    return {
        "worker": Desk("worker", others, worker, slots=0),
        "scraper": Desk("scraper", (SCRAPING,), worker, slots=0),
    }


async def put_schedules(settings: Settings, db: queue.Database) -> None:
    """The schedules that the settings ask for; those of registries that are mirrored no more go."""
    kinds = job_kinds(settings.max_attempts)
    modes = {
        "incremental": settings.scrape_cron,
        "reconcile": settings.reconcile_cron,
        "full": settings.full_scrape_cron,
    }
    wanted = [f"scrape_{registry}_{mode}" for registry in settings.registries for mode in _modes(registry, modes)]
    await schedules.drop(db, "scrape_", except_for=wanted)
    for registry in settings.registries:
        for mode, times in _modes(registry, modes).items():
            payload = kinds["scrape"].new(kinds["scrape"].payload(registry=registry, mode=mode)).payload
            await _put(db, f"scrape_{registry}_{mode}", times, settings.scrape_zone, "scrape", payload)
    upkeep = kinds["maintain"].payload(days=settings.kept_days)
    for follower in ("assess", "dedupe", "expire", "watch", "learn_search", "mesh_code"):
        await _put(db, follower, "* * * * *", "UTC", follower, kinds[follower].new().payload)
    await _put(db, "sweep_files", "*/5 * * * *", "UTC", "sweep_files", kinds["sweep_files"].new().payload)
    report = kinds["daily_report"].new(kinds["daily_report"].payload(zone=settings.scrape_zone)).payload
    await _put(db, "daily_report", settings.report_cron, settings.scrape_zone, "daily_report", report)
    await _put_backup(settings, db)
    await _put(db, "maintain", "30 0 * * *", "UTC", "maintain", kinds["maintain"].new(upkeep).payload)


async def _put_backup(settings: Settings, db: queue.Database) -> None:
    """Backups are made where the settings name a folder for them."""
    if settings.backup_dir is None:
        await schedules.drop(db, "backup", except_for=())
        return
    kind = job_kinds(settings.max_attempts)["backup"]
    folder = str(settings.backup_dir.absolute())
    payload = kind.payload(folder=folder, days=settings.backup_days, files_days=settings.backup_files_days)
    await _put(db, "backup", settings.backup_cron, "UTC", "backup", kind.new(payload).payload)


async def settle_semantic(settings: Settings, db: "asyncpg.Pool[Any]") -> None:
    """What vectors need is made where that can be, and there they are kept up to date; elsewhere it is kept why not."""
    if settings.semantic == "off":
        refused: str | None = "the setting semantic is off"
        await semantic.close(db, str(refused))
    else:
        refused = await semantic.open_for(db, mark(LOCAL), LOCAL.dimensions)
    if refused:
        emit("semantic.refused", reason=refused)
        await schedules.drop(db, "embed", except_for=())
    else:
        payload = job_kinds(settings.max_attempts)["embed"].new().payload
        await _put(db, "embed", "* * * * *", "UTC", "embed", payload)


def _modes(registry: str, modes: Mapping[str, str]) -> Mapping[str, str]:
    """Where comparing is no less than asking for everything, it is not done every day."""
    can_compare = known_registries()[registry].listing is not None
    return {mode: times for mode, times in modes.items() if mode != "reconcile" or can_compare}


async def _put(db: queue.Database, name: str, times: str, zone: str, kind: str, payload: str) -> None:
    await schedules.put(
        db, name=name, cron=times, zone=zone, kind=kind, payload=payload, missed="once", overlap="skip",
        next_due_at=cron.next_after(times, zone, datetime.now(UTC)),
    )  # fmt: skip
