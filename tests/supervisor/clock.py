"""A clock that the test moves, and a record of what was emitted that a test can wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

YIELDS = 40  # enough turns of the loop for everything that is ready to run to the point where it waits again


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        due: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.now_s + seconds, due))
        self._wake()
        await due

    async def advance(self, seconds: float, step_s: float = 0.25) -> None:
        """Time passes and the loop moves: everybody gets their turn at each step."""
        end = self.now_s + seconds
        await settle()
        while self.now_s < end:
            self.now_s = min(end, self.now_s + step_s)
            self._wake()
            await settle()

    async def stall(self, seconds: float) -> None:
        """Time passes while the loop stands still: nobody gets a turn until it is over."""
        self.now_s += seconds
        self._wake()
        await settle()

    def _wake(self) -> None:
        for due_s, future in self._sleepers:
            if due_s <= self.now_s and not future.done():
                future.set_result(None)
        self._sleepers = [(due_s, future) for due_s, future in self._sleepers if not future.done()]


async def settle() -> None:
    for _ in range(YIELDS):
        await asyncio.sleep(0)


class Told:
    """An `emit` that keeps what it was told."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, object]]] = []
        self._news = asyncio.Event()

    def __call__(self, event: str, **fields: object) -> None:
        self.events.append((event, fields))
        self._news.set()

    def count(self, event: str, **fields: object) -> int:
        return sum(name == event and fields.items() <= told.items() for name, told in self.events)

    async def until(self, event: str, times: int = 1, **fields: object) -> None:
        """Waits until the event was told so often, with at least these fields."""
        await self.until_true(lambda: self.count(event, **fields) >= times)

    async def until_true(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not holds():
                self._news.clear()
                await self._news.wait()
