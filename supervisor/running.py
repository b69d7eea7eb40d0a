"""Runs a service: ready, alive, drained. What systemd and Kubernetes hear and ask of it."""

import asyncio
import os
import signal
from collections.abc import Callable

from actors.runtime.telemetry import emit
from supervisor.crew import HANGS_AFTER_S
from supervisor.notify import Notifier
from supervisor.supervisor import GaveUp, State
from supervisor.version import VERSION
from supervisor.wiring import Service


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
