"""The only place where things are built and joined: the database, the tools, the actors and who supervises them."""

import asyncio
import os
import random
import secrets
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import Any
from uuid import UUID, uuid4

import asyncpg

import actors.jobs
from actors.jobs import JobKind, Kinds, by_every_name
from actors.monitor import Gauge, Monitor
from actors.monitoring.alarms import Thresholds
from actors.monitoring.rate_use import RateUse
from actors.queue import cron
from actors.queue import store as queue
from actors.queue.beat import Beat, Vital
from actors.queue.claimer import Claimer
from actors.queue.desk import Desk
from actors.queue.rescuer import Rescuer
from actors.queue.settler import Settler
from actors.reading import known_registries
from actors.registries import Registry
from actors.runtime.catalog import catalog
from actors.runtime.compute import Compute, own_process
from actors.runtime.fetch import Fetch
from actors.runtime.files import LocalFiles
from actors.runtime.politeness import user_agent
from actors.runtime.signals import Listener
from actors.runtime.telemetry import attach, emit
from actors.scheduler import Scheduler
from actors.scraper import SLOTS as SCRAPER_SLOTS
from actors.scraper import Scraper
from actors.tools import Tools
from actors.worker import Worker
from schema.migrate import migrate
from supervisor import embedded
from supervisor.autoscaler import Limits
from supervisor.hub import Hub
from supervisor.looplag import LoopLag
from supervisor.metrics import Metrics
from supervisor.notify import Notifier
from supervisor.scaling import Scaling
from supervisor.settings import Settings
from supervisor.supervisor import Child, GaveUp, Life, State, Supervisor
from supervisor.web.app import serve

VERSION = version("triald")
SCRAPING = "scraping"
HANGS_AFTER_S = 30.0  # without a beat; a stalled event loop is not counted
PRELOAD = ("actors.reading", "actors.registries.ctgov", "actors.trials.pack")


@dataclass(slots=True)
class Service:
    settings: Settings
    pool: "asyncpg.Pool[Any]"
    database_url: str
    listen_url: str
    worker: UUID
    desks: dict[str, Desk]
    kinds: Kinds
    registries: Mapping[str, Registry]
    tools: Tools
    metrics: Metrics
    hub: Hub
    lag: LoopLag
    rate_use: RateUse
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    draining: bool = False
    supervisor: Supervisor = field(init=False)

    def __post_init__(self) -> None:
        self.supervisor = Supervisor(children(self), emit=emit)


# ── the database ──


@asynccontextmanager
async def open_urls(settings: Settings) -> AsyncIterator[tuple[str, str]]:
    """The URLs of the database, for statements and for LISTEN; starts the embedded PostgreSQL where none is given."""
    if settings.database_url is not None:
        url = settings.database_url.reveal()
        yield url, settings.listen_url.reveal() if settings.listen_url is not None else url
        return
    server = await embedded.start(settings.data_dir)
    try:
        yield server.dsn, server.dsn
    finally:
        await server.stop()


@asynccontextmanager
async def open_pool(settings: Settings, url: str, *, least: int = 1) -> "AsyncIterator[asyncpg.Pool[Any]]":
    pool = await asyncpg.create_pool(
        url, min_size=least, max_size=settings.pool_most, command_timeout=settings.statement_limit_s, timeout=10,
        statement_cache_size=0 if settings.database_pooler else 100,
    )  # fmt: skip
    try:
        yield pool
    finally:
        try:
            async with asyncio.timeout(5):
                await pool.close()
        except TimeoutError:
            pool.terminate()


@asynccontextmanager
async def open_database(settings: Settings) -> "AsyncIterator[asyncpg.Pool[Any]]":
    """For commands that need the database alone; the schema is as it is."""
    async with open_urls(settings) as (url, _), open_pool(settings, url) as pool:
        yield pool


async def bring_up_to_date(url: str) -> None:
    """Applies the migrations that are missing, and makes the queues that job kinds name."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        for step in await migrate(connection):
            emit("database.migrated", number=step.migration.number, name=step.migration.title)
        await queue.ensure_queues(connection, {kind.queue for kind in job_kinds().values()})
    finally:
        await connection.close()


# ── the service ──


def job_kinds() -> dict[str, JobKind[Any]]:
    return catalog(actors.jobs, "JOB", JobKind)


@asynccontextmanager
async def open_service(settings: Settings, *, metrics: Metrics | None = None) -> AsyncIterator[Service]:
    """Everything built, nothing started."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    metrics = metrics or Metrics()
    rate_use = RateUse(_rates(settings))
    detach = [attach(metrics.sink), attach(rate_use.sink)]
    try:
        async with open_urls(settings) as (url, listen_url):
            await bring_up_to_date(listen_url)
            async with open_pool(settings, url, least=8) as pool, open_tools(settings, pool) as tools:
                kinds, worker = by_every_name(job_kinds()), uuid4()
                await put_schedules(settings, pool)
                yield Service(
                    settings, pool, url, listen_url, worker, desks(kinds, worker), kinds, tools.registries, tools,
                    metrics, Hub(), LoopLag(), rate_use,
                )  # fmt: skip
    finally:
        for end in detach:
            end()


def _rates(settings: Settings) -> dict[str, float]:
    """Requests a minute that each registry allows."""
    registries = {name: known_registries()[name] for name in settings.registries}
    return {name: settings.registry_per_min.get(name, one.requests_per_min) for name, one in registries.items()}


@asynccontextmanager
async def open_tools(settings: Settings, pool: "asyncpg.Pool[Any]") -> AsyncIterator[Tools]:
    compute = _compute(settings.compute_processes)
    agent = user_agent(VERSION, settings.contact or "no contact given")
    async with Fetch(agent=agent, db=pool, bases=settings.registry_bases) as fetch:
        try:
            yield Tools(
                db=pool,
                fetch=fetch,
                files=LocalFiles(settings.data_dir / "files", secret=secrets.token_bytes(32)),
                compute=compute,
                registries={name: known_registries()[name] for name in settings.registries},
                rates=_rates(settings),
                now=lambda: datetime.now(UTC),
                random=random.random,
            )
        finally:
            await compute.close()


def _compute(processes: int) -> Compute:
    if processes == 0:
        return Compute(1, open_executor=partial(ThreadPoolExecutor, 1))
    return Compute(processes, open_executor=partial(own_process, PRELOAD))


def desks(kinds: Kinds, worker: UUID) -> dict[str, Desk]:
    """One desk for scrapes, whose copies are few, and one for all other work."""
    others = tuple(sorted({"default", *(kind.queue for kind in kinds.values())} - {SCRAPING}))
    return {
        "worker": Desk("worker", others, worker, slots=0),
        "scraper": Desk("scraper", (SCRAPING,), worker, slots=0),
    }


async def put_schedules(settings: Settings, db: queue.Database) -> None:
    """The schedules that the settings ask for."""
    kinds = job_kinds()
    for registry in settings.registries:
        for mode, times in (("incremental", settings.scrape_cron), ("full", settings.full_scrape_cron)):
            payload = kinds["scrape"].new(kinds["scrape"].payload(registry=registry, mode=mode)).payload
            await _put(db, f"scrape_{registry}_{mode}", times, settings.scrape_zone, "scrape", payload)
    upkeep = kinds["maintain"].payload(history_days=settings.history_days, events_days=settings.events_days)
    await _put(db, "maintain", "30 0 * * *", "UTC", "maintain", kinds["maintain"].new(upkeep).payload)


async def _put(db: queue.Database, name: str, times: str, zone: str, kind: str, payload: str) -> None:
    await queue.put_schedule(
        db, name=name, cron=times, zone=zone, kind=kind, payload=payload, missed="once", overlap="skip",
        next_due_at=cron.next_after(times, zone, datetime.now(UTC)),
    )  # fmt: skip


# ── the actors ──


def children(service: Service) -> list[Child]:
    """In the order of start; they are drained together and stopped in the reverse of it."""
    settings, pool = service.settings, service.pool
    scaling = _scaling(service)
    monitor = Monitor(pool, _gauge(service, scaling), settings.data_dir, _thresholds(settings))
    stays: dict[str, Any] = {"drains": False, "heartbeat_within_s": HANGS_AFTER_S}
    lives: dict[str, Any] = {"heartbeat_within_s": HANGS_AFTER_S}
    listener = Listener(service.listen_url, _topics(service))
    beat = Beat(
        service.worker, _direct(service), lambda: _vital(service), version=VERSION, every_s=settings.beat_every_s
    )
    rescuer = Rescuer(pool, dead_after_s=settings.dead_after_s)
    made = [
        Child("loop_lag", lambda life: service.lag.run(), drains=False),
        Child("beat", beat.run, stop_within_s=8.0, **stays),
        Child("listener", listener.run, **stays),
        Child("web", lambda life: serve(service, settings.host, settings.port, life), **stays),
    ]
    for name, desk in service.desks.items():
        made.append(Child(f"{name}_settler", Settler(desk, pool).run, **lives))
        made.append(Child(f"{name}_claimer", Claimer(desk, pool).run, **lives))
    made += [
        Child("rescuer", rescuer.run, **lives),
        Child("scheduler", Scheduler(pool, service.kinds).run, **lives),
        Child("monitor", monitor.run, **lives),
        _crew(service, "worker", Worker, copies=settings.workers_least, slots=settings.slots),
        _crew(service, "scraper", Scraper, copies=settings.scrapers, slots=SCRAPER_SLOTS),
    ]
    return made


def _crew(service: Service, name: str, make: type[Worker], *, copies: int, slots: int) -> Child:
    desk = service.desks[name]

    async def start(life: Life) -> None:
        await make(desk, service.kinds, service.tools, slots=slots).run(life)

    return Child(name, start, copies=copies, heartbeat_within_s=HANGS_AFTER_S)


def _scaling(service: Service) -> Scaling:
    settings = service.settings
    limits = Limits(
        least=settings.workers_least, most=settings.workers_most, slots=settings.slots,
        wait_target_s=settings.wait_target_s, shrink_after_s=settings.shrink_after_s,
    )  # fmt: skip
    return Scaling(
        service.desks["worker"],
        "worker",
        limits,
        wanted=lambda: service.supervisor.wanted["worker"],
        scale=lambda name, copies: service.supervisor.scale(name, copies),
        lag=service.lag,
    )


def _gauge(service: Service, scaling: Scaling) -> Gauge:
    def here() -> dict[tuple[str, str], float]:
        pool = service.pool
        return {
            ("workers", "running"): float(sum(seen.name == "worker" for seen in service.supervisor.snapshot())),
            ("workers", "wanted"): float(service.supervisor.wanted["worker"]),
            ("pool_connections", "idle"): float(pool.get_idle_size()),
            ("pool_connections", "used"): float(pool.get_size() - pool.get_idle_size()),
            **{("api_rate_limit_usage", name): use for name, use in service.rate_use.percent().items()},
            **{("jobs_per_s", name): desk.ended_per_s for name, desk in service.desks.items()},
        }

    return Gauge(tell=service.metrics.tell, scale=scaling.step, here=here)


def _thresholds(settings: Settings) -> Thresholds:
    return Thresholds(
        depth=settings.alert_depth, failure_percent=settings.alert_failure_percent, silent_s=settings.alert_silent_s,
        rate_percent=settings.alert_rate_percent, disk_percent=settings.alert_disk_percent,
        eta_hours=settings.alert_eta_hours, lag_s=settings.alert_lag_s,
    )  # fmt: skip


def _topics(service: Service) -> dict[str, Callable[[str], None]]:
    def look(payload: str) -> None:
        for desk in service.desks.values():
            if not payload or payload in desk.queues:
                desk.look.set()

    def rules_changed(_payload: str) -> None:
        for desk in service.desks.values():
            desk.rules = {}
            desk.look.set()

    def heard(payload: str) -> None:
        for one in payload.split():
            job, _, event = one.partition(":")
            if event == "cancel_asked":
                for desk in service.desks.values():
                    desk.cancel(int(job), "cancelled by request")

    return {"triald_jobs": look, "triald_queues": rules_changed, "triald_job_events": heard}


def _direct(service: Service) -> Callable[[], Awaitable[Any]]:
    return lambda: asyncpg.connect(service.listen_url, timeout=5)


def _vital(service: Service) -> Vital:
    """Read by the thread that beats, while the event loop may stand still."""
    actors = [
        {"name": seen.name, "copy": seen.copy, "state": str(seen.state), "restarts": seen.restarts,
         "beat_age_s": seen.last_beat_age_s, "error": seen.last_error}
        for seen in service.supervisor.snapshot()
    ]  # fmt: skip
    desks = service.desks.values()
    return Vital(
        lag_s=service.lag.read().max_s,
        slots=sum(desk.slots for desk in desks),
        running=sum(len(desk.running) for desk in desks),
        draining=service.draining,
        actors=actors,
        past_deadline=[late for desk in desks for late in desk.past_deadline()],
    )


# ── running it ──


async def run_service(service: Service, *, on_ready: Callable[[], None] | None = None) -> int:
    """Until SIGTERM or SIGINT, then drains. The exit code: 0 after a stop that was asked for, 1 when it gave up."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stop.set)
    notifier = _notifier()
    running = asyncio.create_task(service.supervisor.run(), name="supervisor")
    asked = asyncio.create_task(stop.wait())
    feeding = asyncio.create_task(notifier.feed(lambda: moves(service)))
    try:
        ready = asyncio.create_task(_tell_when_ready(service, notifier, on_ready))
        await asyncio.wait([running, asked], return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if running.done():
            await running
            return 1
        return await _drain(service, notifier, running)
    except GaveUp as error:
        emit("service.gave_up", reason=str(error))
        return 1
    finally:
        for task in (asked, feeding):
            task.cancel()


async def _drain(service: Service, notifier: Notifier, running: "asyncio.Task[None]") -> int:
    grace_s = service.settings.drain_s
    service.draining = True
    notifier.stopping("letting jobs end")
    emit("service.draining", grace_s=grace_s)
    extending = asyncio.create_task(notifier.keep_extending(grace_s + 30))
    unfinished = await service.supervisor.drain(grace_s)
    await running
    extending.cancel()
    emit("service.stopped", unfinished=unfinished)
    return 0


async def _tell_when_ready(service: Service, notifier: Notifier, on_ready: Callable[[], None] | None) -> None:
    while not is_ready(service):  # noqa: ASYNC110 -- actors say that they live by beats, not by events
        await asyncio.sleep(0.01)
    notifier.ready(f"serving on {service.settings.listen}")
    emit("service.ready", version=VERSION, url=f"http://{service.settings.listen}")
    if on_ready is not None:
        on_ready()


def is_ready(service: Service) -> bool:
    """Every actor has beaten, or has none to give."""
    return not service.draining and all(
        seen.state is State.RUNNING and (seen.last_beat_age_s is not None or seen.name == "loop_lag")
        for seen in service.supervisor.snapshot()
    )


def moves(service: Service) -> bool:
    """Whether the loop and the claim loops move. A database that is away stops neither, so it restarts no fleet."""
    stuck = any(
        seen.state is State.RUNNING and seen.last_beat_age_s is not None and seen.last_beat_age_s > HANGS_AFTER_S
        for seen in service.supervisor.snapshot()
        if seen.name.endswith("_claimer")
    )
    return not stuck and service.lag.read().now_s < 5.0


def _notifier() -> Notifier:
    """systemd's protocol, not a setting: it names its socket and its patience in the environment."""
    usec, pid = os.environ.get("WATCHDOG_USEC"), os.environ.get("WATCHDOG_PID")
    return Notifier(os.environ.get("NOTIFY_SOCKET"), int(usec) if usec else None, int(pid) if pid else None)
