"""What the supervisor needs to know of asyncio tasks: whether they ended, in time, and why."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

ERROR_CHARS = 500  # what a dashboard can show

Sleep = Callable[[float], Awaitable[None]]


def error_of(task: asyncio.Task[None]) -> str | None:
    """Why it ended, or None when it simply returned. A cancel that nobody here asked for is a crash too."""
    if task.cancelled():
        return "cancelled"
    error = task.exception()  # asking also marks it as seen
    return None if error is None else f"{type(error).__name__}: {error}"[:ERROR_CHARS]


def ended_by(task: asyncio.Task[None], kinds: tuple[type[BaseException], ...]) -> bool:
    """Whether an error of one of these kinds ended it."""
    return not task.cancelled() and isinstance(task.exception(), kinds)


async def ended_within(tasks: Iterable[asyncio.Task[None]], timeout_s: float, sleep: Sleep) -> None:
    """Waits until all have ended, or for `timeout_s` on the clock of `sleep`. Cancels nobody."""
    pending: set[asyncio.Future[None]] = {task for task in tasks if not task.done()}
    timer: asyncio.Future[None] = asyncio.ensure_future(sleep(timeout_s))
    try:
        while pending and not timer.done():
            done, _ = await asyncio.wait({timer, *pending}, return_when=asyncio.FIRST_COMPLETED)
            pending -= done
    finally:
        timer.cancel()


async def set_within(event: asyncio.Event, timeout_s: float, sleep: Sleep) -> None:
    """Waits until the event is set, or for `timeout_s` on the clock of `sleep`."""
    waits = {asyncio.ensure_future(sleep(timeout_s)), asyncio.ensure_future(event.wait())}
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
