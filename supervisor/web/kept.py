"""A value that is looked at anew only when looking has become worth it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")

SHARE = 0.05  # of the time, at most, goes into one look: what takes 300 ms is kept for 6 s
LONGEST_S = 30.0


def fresh_for_s(took_s: float, least_s: float) -> float:
    """How long a value holds that took so long to get."""
    return min(LONGEST_S, max(least_s, took_s / SHARE))


class Kept(Generic[T]):
    """What `look` gave last; those who ask at the same time wait for one look."""

    def __init__(self, look: Callable[[], Awaitable[T]], *, least_s: float = 0.0) -> None:
        self._look, self._least_s = look, least_s
        self._lock = asyncio.Lock()
        self._held: tuple[T, float] | None = None  # and until when it holds

    async def get(self) -> T:
        """Raises what `look` raises."""
        if self._held is not None and time.monotonic() < self._held[1]:
            return self._held[0]
        async with self._lock:
            began_s = time.monotonic()
            if self._held is not None and began_s < self._held[1]:
                return self._held[0]
            value = await self._look()
            now_s = time.monotonic()
            self._held = value, now_s + fresh_for_s(now_s - began_s, self._least_s)
            return value
