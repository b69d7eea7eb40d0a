"""How late the event loop is."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

SAMPLE_EVERY_S = 0.1
WINDOW_S = 30.0


@dataclass(frozen=True, slots=True)
class Lag:
    """Over the window: the highest lag and its 99th percentile; and how late the loop is right now."""

    max_s: float
    p99_s: float
    now_s: float


class LoopLag:
    """An actor that asks to be woken ten times a second and notes how late that happens.

    `read` may be called from any thread, so that a thread can tell how long the loop has been standing still by now.
    """

    def __init__(
        self,
        *,
        sample_every_s: float = SAMPLE_EVERY_S,
        window_s: float = WINDOW_S,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._every_s = sample_every_s
        self._now, self._sleep = now, sleep
        self._lags: deque[float] = deque(maxlen=max(1, round(window_s / sample_every_s)))
        self._due_s: float | None = None

    async def run(self) -> None:
        try:
            while True:
                due_s = self._due_s = self._now() + self._every_s
                await self._sleep(self._every_s)
                self._lags.extend(missed(max(0.0, self._now() - due_s), self._every_s, self._lags.maxlen or 1))
        finally:
            self._due_s = None

    def read(self) -> Lag:
        due_s = self._due_s
        now_s = 0.0 if due_s is None else max(0.0, self._now() - due_s)
        lags = sorted((*self._lags.copy(), now_s))
        return Lag(max_s=lags[-1], p99_s=lags[max(0, math.ceil(0.99 * len(lags)) - 1)], now_s=now_s)


def missed(lag_s: float, every_s: float, most: int) -> list[float]:
    """The lags that the samples would have seen which one late sample stands for, that one last. At most `most`.

    A loop that stood still for 5 s takes one sample where fifty were due. Counted once it would vanish below the 99th
    percentile (Tene's "coordinated omission"), so those that it kept from happening are put in.
    """
    count = min(most - 1, int(lag_s / every_s))
    return [lag_s - every_s * ahead for ahead in range(count, -1, -1)]
