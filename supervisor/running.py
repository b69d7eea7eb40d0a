"""Runs a service: opened, ready, alive, drained. What systemd and Kubernetes hear and ask of it."""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg

from actors.runtime.telemetry import emit
from supervisor.database import AWAY
from supervisor.notify import Notifier
from supervisor.service import Service
from supervisor.settings import Settings
from supervisor.supervisor import GaveUp, State
from supervisor.version import VERSION
from supervisor.web.health import is_live
from supervisor.wiring import open_service

OPENS_WITHIN_S = 60.0  # asked for again and again while it opens, waits for its database or migrates it
AGAIN_S = 2.0  # until a database that is away is asked again
TELL_EVERY_S = 60.0  # that it is still away
LINGERS_S = 3.0  # for tasks that ignore being cancelled, and for threads: all that is ours is closed by then


class Stopped(Exception):
    """Told to stop before the service was open."""


class Host:
    """Whoever runs this process: asks it to stop, by SIGTERM or SIGINT, and hears how it does.

    Made within the task that opens the service.
    """

    def __init__(self) -> None:
        self.notifier = _notifier()
        self.asked = asyncio.Event()
        self._opening: asyncio.Task[object] | None = None
        for one in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(one, self._ask)

    def _ask(self) -> None:
        if self._opening is not None and not self.asked.is_set():
            self._opening.cancel()
        self.asked.set()

    @asynccontextmanager
    async def opening(self) -> AsyncIterator[None]:
        """What is done within is undone when a stop is asked for. Raises Stopped."""
        self._opening = asyncio.current_task()
        extending = asyncio.create_task(self.notifier.keep_extending(OPENS_WITHIN_S))
        try:
            if self.asked.is_set():
                raise Stopped
            yield
            await asyncio.sleep(0)  # where a cancelling of the last moment takes effect
        except asyncio.CancelledError:
            if self.asked.is_set() and self._opening is not None and self._opening.uncancel() == 0:
                raise Stopped from None
            raise
        finally:
            self._opening = None
            extending.cancel()


async def enter_once_there(stack: AsyncExitStack, settings: Settings) -> Service:
    """Opens the service, for as long as `stack`; waits for a database that is not ours and is away."""
    loop = asyncio.get_running_loop()
    told_at = -TELL_EVERY_S
    while True:
        try:
            return await stack.enter_async_context(open_service(settings))
        except AWAY as error:
            if settings.database_url is None or isinstance(error, asyncpg.ClientConfigurationError):
                raise
            if loop.time() - told_at >= TELL_EVERY_S:
                emit("database.awaited", error=f"{type(error).__name__}: {error}")
                told_at = loop.time()
        await asyncio.sleep(AGAIN_S)


@asynccontextmanager
async def opened(settings: Settings, host: Host) -> AsyncIterator[Service]:
    """A service whose database is there. Raises Stopped when told to stop before."""
    async with AsyncExitStack() as stack:
        async with host.opening():
            service = await enter_once_there(stack, settings)
        yield service


async def run_service(service: Service, host: Host, *, on_ready: Callable[[], None] | None = None) -> int:
    """Until SIGTERM or SIGINT, then drains. The exit code: 0 after a stop that was asked for, 1 when it gave up."""
    running = asyncio.create_task(service.supervisor.run(), name="supervisor")
    asked = asyncio.create_task(host.asked.wait())
    feeding = asyncio.create_task(host.notifier.feed(lambda: moves(service)))
    ready = asyncio.create_task(_tell_when_ready(service, host.notifier, on_ready))
    try:
        await asyncio.wait([running, asked], return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if running.done():
            await running
            return 1
        return await _drain(service, host.notifier, running)
    except GaveUp as error:
        emit("service.gave_up", reason=str(error))
        return 1
    finally:
        for task in (asked, feeding, ready):
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
    return is_live(lag_s=service.lag.read().now_s, stuck_s=service.stuck_s())


def leave(code: int, *, within_s: float = LINGERS_S) -> None:
    """Called last: ends the process then, should a task that ignores being cancelled, or somebody's thread, keep it."""

    def cut_off() -> None:
        emit("service.cut_off", code=code)
        os._exit(code)

    timer = threading.Timer(within_s, cut_off)
    timer.daemon = True
    timer.start()


def _notifier() -> Notifier:
    """systemd's protocol, not a setting: it names its socket and its patience in the environment."""
    usec, pid = os.environ.get("WATCHDOG_USEC"), os.environ.get("WATCHDOG_PID")
    return Notifier(os.environ.get("NOTIFY_SOCKET"), int(usec) if usec else None, int(pid) if pid else None)
