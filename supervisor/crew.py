"""The actors of a service, joined: what each stands on, whom it tells, how many there are."""

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import asyncpg

from actors.events.feed import Feed
from actors.governance.audit.sealer import Sealer
from actors.governance.mode import Mode
from actors.monitor import Gauge, Monitor
from actors.monitoring.alarms import Thresholds
from actors.queue.beat import Beat, Vital
from actors.queue.claimer import Claimer
from actors.queue.rescuer import Rescuer
from actors.queue.settler import Settler
from actors.runtime.signals import Listener, ListenerLost
from actors.runtime.telemetry import emit
from actors.scheduler import Scheduler
from actors.scraper import SLOTS as SCRAPER_SLOTS
from actors.scraper import Scraper
from actors.worker import Worker
from supervisor import telling
from supervisor.autoscaler import Limits
from supervisor.database import AWAY, pool_wait_s
from supervisor.keeper import HANGS_AFTER_S as KEEPER_HANGS_AFTER_S
from supervisor.keeper import Keeper
from supervisor.movement import Movement
from supervisor.observing import observe
from supervisor.postmaster import EmbeddedError
from supervisor.scaling import Scaling
from supervisor.service import Service
from supervisor.setting_kinds import host_and_port
from supervisor.settings import Settings
from supervisor.supervisor import ActorState, Child, Life, State, Supervisor
from supervisor.version import VERSION
from supervisor.web import probes
from supervisor.web.app import serve

HANGS_AFTER_S = 30.0  # without a beat; a stalled event loop is not counted
SILENT_S = 5.0  # a worker beats four times a second


def man(service: Service) -> None:
    """Gives a service its beat, who looks whether it moves, and who keeps its actors running."""
    service.beat = beat_of(service)
    service.movement = Movement(service.desks.values(), partial(service.beat.is_heard, service.settings.dead_after_s))
    service.supervisor = Supervisor(children(service), emit=emit)
    observe(service)


def children(service: Service) -> list[Child]:
    """In the order of start; they are drained together and stopped in the reverse of it."""
    stays: dict[str, Any] = {"drains": False, "heartbeat_within_s": HANGS_AFTER_S}
    feed, beat = Feed(service.all_tenants, service.hub), service.beat
    listener = Listener(service.listen_url, _topics(service, feed))
    return [
        Child("loop_lag", lambda life: service.lag.run(), drains=False),
        *_keeper(service),
        Child("beat", beat.run, stop_within_s=8.0, **stays),
        Child("listener", listener.run, outside=(ListenerLost,), **stays),
        Child("mode", service.mode.run, **stays),
        Child("events", feed.run, outside=AWAY, **stays),
        *(Child(name, run, **stays) for name, run in _doors(service).items()),
        *([] if service.settings.role == "api" else _working(service)),
    ]


def _doors(service: Service) -> dict[str, Callable[[Life], Awaitable[None]]]:
    """What others may ask of this process, and where."""
    settings = service.settings
    doors: dict[str, Callable[[Life], Awaitable[None]]] = {"web": partial(_serve, service)}
    if settings.role == "worker":
        doors = {"web": partial(probes.serve, service, settings.host, settings.port, needs_login=True)}
    if settings.metrics_listen is not None:
        host, port = host_and_port(settings.metrics_listen)
        doors["metrics"] = partial(probes.serve, service, host, port, needs_login=False)
    return doors


def _working(service: Service) -> list[Child]:
    """Who takes jobs and runs them, and who looks after them all: each such process has them, and none leads."""
    settings, pool = service.settings, service.all_tenants
    monitor = Monitor(
        pool, _gauge(service, _scaling(service)), settings.data_dir, _thresholds(settings), rates=service.tools.rates,
        backs_up=settings.backup_dir is not None,
    )  # fmt: skip
    lives: dict[str, Any] = {"heartbeat_within_s": HANGS_AFTER_S, "outside": AWAY}
    rescuer = Rescuer(pool, dead_after_s=settings.dead_after_s)
    made = []
    for name, desk in service.desks.items():
        made.append(Child(f"{name}_settler", Settler(desk, pool).run, **lives))
        claimer = Claimer(desk, pool, may_claim=partial(_may_claim, service), stands_by=lambda: service.mode.stands_by)
        made.append(Child(f"{name}_claimer", claimer.run, **lives))
    made += [
        Child("rescuer", rescuer.run, **lives),
        Child("scheduler", Scheduler(pool, service.kinds, may_fire=lambda: service.mode.now.works).run, **lives),
        Child("sealer", Sealer(pool).run, **lives),
        Child("monitor", monitor.run, **lives),
        Child("notifier", partial(telling.run, service), **lives),
        _crew(service, "worker", Worker, copies=settings.workers_least, slots=settings.slots),
        _crew(service, "scraper", Scraper, copies=settings.scrapers, slots=SCRAPER_SLOTS),
    ]
    return made


def _may_claim(service: Service) -> bool:
    return service.mode.now.works and service.beat.is_heard(service.settings.dead_after_s)


def _keeper(service: Service) -> list[Child]:
    """Where the database is ours to run: before all that stands on it, and after it to the last."""
    if service.server is None:
        return []
    run, outside = Keeper(service.server).run, (EmbeddedError, OSError)
    return [Child("postgres", run, drains=False, heartbeat_within_s=KEEPER_HANGS_AFTER_S, outside=outside)]


def beat_of(service: Service) -> Beat:
    """One for all lives of its actor: it knows when the database has answered last."""
    every_s = service.settings.beat_every_s
    return Beat(service.worker, _direct(service), lambda: _vital(service), version=VERSION, every_s=every_s)


def _crew(service: Service, name: str, make: type[Worker], *, copies: int, slots: int) -> Child:
    desk = service.desks[name]

    async def start(life: Life) -> None:
        await make(desk, service.kinds, service.tools, slots=slots, retry=service.retry).run(life)

    return Child(name, start, copies=copies, heartbeat_within_s=HANGS_AFTER_S, outside=AWAY)


async def _serve(service: Service, life: Life) -> None:
    """Whoever asks hears soon that there is no connection free. Requests are answered in this actor's context."""
    settings = service.settings
    pool_wait_s.set(settings.pool_wait_s)
    await serve(service, settings.host, settings.port, life)


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
        pool_wait_s=lambda: _pool_wait_s(service.all_tenants),
        hung=lambda: sum(hangs(seen) for seen in service.supervisor.snapshot() if seen.name == "worker"),
    )


def hangs(seen: ActorState) -> bool:
    """Whether it is no help, though it is still there: found hung, or on the way to that."""
    silent = seen.last_beat_age_s is not None and seen.last_beat_age_s > SILENT_S
    return seen.state is State.HUNG or (seen.state is State.RUNNING and silent)


async def _pool_wait_s(pool: "asyncpg.Pool[Any]") -> float:
    began = time.monotonic()
    async with pool.acquire():
        return time.monotonic() - began


def _gauge(service: Service, scaling: Scaling) -> Gauge:
    def here() -> dict[tuple[str, str], float]:
        return {
            ("workers", "running"): float(sum(seen.name == "worker" for seen in service.supervisor.snapshot())),
            ("workers", "wanted"): float(service.supervisor.wanted["worker"]),
            **{("mode", mode.value): float(service.mode.now is mode) for mode in Mode},
        }

    return Gauge(tell=service.metrics.tell, scale=scaling.step, here=here)


def _thresholds(settings: Settings) -> Thresholds:
    return Thresholds(
        depth=settings.alert_depth, failure_percent=settings.alert_failure_percent, silent_s=settings.alert_silent_s,
        rate_percent=settings.alert_rate_percent, disk_percent=settings.alert_disk_percent,
        eta_hours=settings.alert_eta_hours, lag_s=settings.alert_lag_s,
        stale_trials=settings.alert_stale_trials, backup_s=settings.alert_backup_hours * 3600,
    )  # fmt: skip


def _topics(service: Service, feed: Feed) -> dict[str, Callable[[str], None]]:
    def look(payload: str) -> None:
        for desk in service.desks.values():
            desk.wake(payload)

    def rules_changed(_payload: str) -> None:
        for desk in service.desks.values():
            desk.rules = {}
            desk.wake()

    def heard(payload: str) -> None:
        for one in payload.split():
            job, _, event = one.partition(":")
            if event == "cancel_asked":
                for desk in service.desks.values():
                    desk.cancel(int(job), "cancelled by request")
        feed.heard_of_jobs(payload)

    def mode_changed(payload: str) -> None:
        service.mode.heard(payload)
        feed.wake(payload)

    hints = dict.fromkeys(("triald_events", "triald_alerts", "triald_notices"), feed.wake)
    ours = {"triald_jobs": look, "triald_queues": rules_changed, "triald_job_events": heard}
    return hints | ours | {"triald_mode": mode_changed}


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
        queues=[queue for desk in desks for queue in desk.queues],
        lately=service.lately.told(),
        past_deadline=[late for desk in desks for late in desk.past_deadline()],
    )
