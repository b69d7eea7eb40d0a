"""Repeatable chance: the same seed and numbers always give the same draws. No I/O."""

from __future__ import annotations

import math
import random
from bisect import bisect
from collections.abc import Callable, Sequence
from functools import cache
from itertools import accumulate
from typing import TypeVar

T = TypeVar("T")

_MASK = (1 << 64) - 1
_FRACTION = 2.0**-53


def mix(seed: int, index: int, stream: int) -> int:
    """64 well mixed bits for one number of one stream (the finaliser of splitmix64)."""
    z = seed * 0x9E3779B97F4A7C15 + index * 0xD1342543DE82EF95 + stream * 0x2545F4914F6CDD1D & _MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & _MASK
    return z ^ z >> 31


def happens(seed: int, index: int, stream: int, share: float) -> bool:
    """Whether an event of this share befalls this number: far cheaper than a Dice."""
    return mix(seed, index, stream) < share * _MASK


class Weights(Sequence[T]):
    """Values with weights, summed once so that a draw is one bisection."""

    def __init__(self, weighted: Sequence[tuple[T, float]]) -> None:
        self.values = tuple(value for value, _ in weighted)
        self.sums = tuple(accumulate(weight for _, weight in weighted))
        self.total = self.sums[-1]

    def __getitem__(self, at: int) -> T:  # type: ignore[override]  # no slices
        return self.values[at]

    def __len__(self) -> int:
        return len(self.values)


class Dice:
    """Draws of one stream."""

    __slots__ = ("roll",)

    def __init__(self, roll: Callable[[], float]) -> None:
        self.roll = roll

    def chance(self, share: float) -> bool:
        return self.roll() < share

    def between(self, least: int, most: int) -> int:
        """Both ends included."""
        return least + int(self.roll() * (most - least + 1))

    def pick(self, values: Sequence[T]) -> T:
        return values[int(self.roll() * len(values))]

    def weigh(self, weights: Weights[T]) -> T:
        return weights.values[bisect(weights.sums, self.roll() * weights.total)]

    def several(self, values: Sequence[T], count: int) -> list[T]:
        """Different values in a random order; all of them when there are no more than `count`."""
        size = len(values)
        if count >= size:
            count = size
        # A random start and a stride that shares no factor with the size visit everything once.
        roll = self.roll
        stride = _stride(size, int(roll() * size))
        at = int(roll() * size)
        return [values[step % size] for step in range(at, at + count * stride, stride)]

    def spread(self, median: float, sigma: float) -> float:
        """A log-normal draw, for sizes that are mostly small and sometimes huge."""
        angle, radius = self.roll() * math.tau, math.sqrt(-2 * math.log(1 - self.roll()))
        return median * math.exp(sigma * radius * math.cos(angle))


@cache
def _stride(size: int, wish: int) -> int:
    stride = wish or 1
    while math.gcd(stride, size) != 1:
        stride += 1
    return stride


def many_dice(seed: int, index: int, stream: int) -> Dice:
    """For hundreds of draws: dear to begin (10 us), cheap to roll.

    Only `random()` is used, whose sequence Python keeps from version to version.
    """
    return Dice(random.Random(mix(seed, index, stream)).random)


def few_dice(seed: int, index: int, stream: int) -> Dice:
    """For a dozen draws: cheap to begin, so that 600,000 trials can be dated in seconds."""
    state = mix(seed, index, stream)

    def roll() -> float:
        nonlocal state
        state = state * 6364136223846793005 + 1442695040888963407 & _MASK
        return (state >> 11) * _FRACTION

    return Dice(roll)
