"""What an actor knows of its own life: it says that it lives, and hears that it should end its work."""

import asyncio
from typing import Protocol


class Life(Protocol):
    """Given to every copy of an actor when it is started. `draining` set: take nothing new, end what runs, return."""

    @property
    def name(self) -> str: ...
    @property
    def draining(self) -> asyncio.Event: ...
    def beat(self) -> None: ...


async def pause(life: Life, seconds: float, *wakes: asyncio.Event) -> bool:
    """Waits `seconds`, or less when told to drain or when one of `wakes` is set; `wakes` are cleared.

    True when one of `wakes` was set."""
    waits = [asyncio.ensure_future(event.wait()) for event in (life.draining, *wakes)]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    woken = any(event.is_set() for event in wakes)
    for event in wakes:
        event.clear()
    return woken
