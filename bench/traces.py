"""Loads to try scaling rules on: the same jobs, second by second, for every rule. Seeded.

A job is a number of seconds of work. What a trace bends is how many come, how much longer they take, and how
many the world behind the workers lets finish in a second, however many workers wait for it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

HOUR_S = 3600


def _usual(second: int) -> float:
    return 1.0


def _no_limit(second: int) -> float:
    return math.inf


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """`arrive`: jobs per second on average; `at_once`: jobs added in one second; `slower`: how much longer jobs that
    start then take; `passes`: how many can finish in that second, on average; `drain_from_s`: from when on the drain is
    timed."""

    name: str
    says: str
    arrive: Callable[[int], float]
    at_once: Mapping[int, int]
    slower: Callable[[int], float] = _usual
    passes: Callable[[int], float] = _no_limit
    drain_from_s: int | None = None
    stalled_from_s: int | None = None  # until `drain_from_s`


def _steady(second: int) -> float:
    return 20.0


def _ramp(second: int) -> float:
    return 5 + 55 * (0.5 - 0.5 * math.cos(2 * math.pi * second / 1800))


def _sawtooth(second: int) -> float:
    return 60.0 if second % 180 < 60 else 4.0


SHAPES = (
    Shape("steady", "30 jobs/s", lambda second: 30.0, {}),
    Shape("burst", "20 jobs/s, and 5,000 more in one second", _steady, {600: 5000}, drain_from_s=600),
    Shape("bursts", "20 jobs/s, and 1,500 more every 10 minutes", _steady, dict.fromkeys(range(600, 3600, 600), 1500)),
    Shape("ramp", "5 to 60 jobs/s and back within 30 minutes", _ramp, {}),
    Shape("sawtooth", "60 jobs/s for a minute, 4 for two", _sawtooth, {}),
    Shape(
        "slowdown",
        "20 jobs/s that take 5 times as long for 20 minutes",
        _steady,
        {},
        slower=lambda second: 5.0 if 600 <= second < 1800 else 1.0,
    ),
    Shape(
        "stall",
        "20 jobs/s while what is behind lets 5/s finish for 15 minutes",
        _steady,
        {},
        passes=lambda second: 5 if 600 <= second < 1500 else math.inf,
        drain_from_s=1500,
        stalled_from_s=600,
    ),
    Shape(
        "outage",
        "20 jobs/s while what is behind lets nothing finish for 10 minutes",
        _steady,
        {},
        passes=lambda second: 0 if 600 <= second < 1200 else math.inf,
        drain_from_s=1200,
        stalled_from_s=600,
    ),
)


@dataclass(frozen=True, slots=True)
class Trace:
    """`arrivals[second]` jobs become ready then; `work_s[i]` is how long job i takes at the usual speed; at most
    `passes[second]` jobs can finish then."""

    shape: Shape
    arrivals: tuple[int, ...]
    work_s: tuple[float, ...]
    passes: tuple[float, ...]


def trace(shape: Shape, seed: int, length_s: int = HOUR_S) -> Trace:
    chance = random.Random(f"{shape.name}/{seed}")  # noqa: S311 - repeatable on purpose
    arrivals = tuple(
        _poisson(chance, shape.arrive(second)) + shape.at_once.get(second, 0) for second in range(length_s)
    )
    work = tuple(chance.expovariate(1.0) for _ in range(sum(arrivals)))
    limits = (shape.passes(second) for second in range(length_s))
    passes = tuple(limit if math.isinf(limit) else _poisson(chance, limit) for limit in limits)
    return Trace(shape, arrivals, work, passes)


def _poisson(chance: random.Random, mean: float) -> int:
    """How many events of an exponential clock fall into one second."""
    if mean == 0:
        return 0
    count, passed = 0, chance.expovariate(mean)
    while passed < 1.0:
        count += 1
        passed += chance.expovariate(mean)
    return count
