"""What each feature weighs, learned from pairs that people judged. No I/O.

Logistic regression, each weight within the bounds of its feature. The sum is then laid on a scale
(`scale`, `shift`) on which 0.85 is the line above which held-out pairs are right often enough to be kept. Both are
refitted with `python -m bench.dedupe --fit`, a reviewer's decisions among the examples or not; nothing in here is
random, and the order of the examples makes no difference.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from actors.trials.features import BOUNDS, NAMES, Features

LONGEST_STEP = 2.0  # of one weight at once: a feature that splits the examples would run away
ROUNDS = 100
CLOSE_ENOUGH = 1e-3

# The sums of held-out pairs are surer than they are right: Platt's line through those of which neither record has a
# better match has this slope.
SCALE = 0.76


@dataclass(frozen=True, slots=True)
class Example:
    """A pair that is known to be one trial, or known to be two; `weight` 0.5 counts as half a pair."""

    features: Features
    same: bool
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Model:
    weights: Mapping[str, float]
    intercept: float
    scale: float
    shift: float
    source: str

    @property
    def base(self) -> float:
        """The log-odds of a pair of which no field says anything."""
        return self.scale * self.intercept + self.shift

    def parts(self, given: Features) -> dict[str, float]:
        """What each feature adds to the log-odds."""
        return {name: self.scale * self.weights[name] * getattr(given, name) for name in NAMES}

    def log_odds(self, given: Features) -> float:
        return self.scale * self.raw(given) + self.shift

    def raw(self, given: Features) -> float:
        """The sum before `scale` and `shift`."""
        total = self.intercept
        for name, weight in self.weights.items():
            total += weight * getattr(given, name)
        return total


def probability(log_odds: float) -> float:
    """From log-odds to between 0 and 1."""
    if log_odds < 0:
        return math.exp(max(log_odds, -700.0)) / (1 + math.exp(max(log_odds, -700.0)))
    return 1 / (1 + math.exp(-min(log_odds, 700.0)))


def fit(examples: Sequence[Example], *, penalty: float, source: str, start: Model | None = None) -> Model:
    """Weights for the examples; `penalty` (ridge) holds them small, the intercept is free. `scale` is 1, `shift` 0.

    There is one best answer; `start`, the weights of nearly the same examples, only makes it quicker to find.
    """
    rows = [(tuple(getattr(one.features, name) for name in NAMES), one) for one in examples]
    rows.sort(key=lambda row: (row[0], row[1].same, row[1].weight))
    columns = tuple(zip(*(row for row, _ in rows), strict=True))
    targets = [float(one.same) for _, one in rows]
    shares = [one.weight for _, one in rows]
    bounds = [BOUNDS[name] for name in NAMES]
    begin = (start.intercept, [start.weights[name] for name in NAMES]) if start else (0.0, [0.0] * len(NAMES))
    intercept, weights = _descend(columns, targets, shares, bounds, penalty, begin)
    return Model(dict(zip(NAMES, weights, strict=True)), intercept, 1.0, 0.0, source)


def line_of(sums: Sequence[float], same: Sequence[bool], *, precision: float) -> float:
    """The lowest line above which at least that share of the pairs is right; infinity where there is none.

    It lies halfway between two sums: on none, or the last digit of a number would decide.
    """
    lowest, right = math.inf, 0
    ordered = sorted(zip(sums, same, strict=True), key=lambda pair: -pair[0])
    for at, (total, is_same) in enumerate(ordered):
        right += is_same
        below = ordered[at + 1][0] if at + 1 < len(ordered) else total - 1.0
        if below < total and right >= precision * (at + 1):
            lowest = (total + below) / 2
    return lowest


def laid_on_scale(model: Model, *, kept: float) -> Model:
    """The model with `scale` and `shift` such that the sum `kept` has the value 0.85."""
    return replace(model, scale=SCALE, shift=math.log(0.85 / 0.15) - SCALE * kept)


def _descend(
    columns: Sequence[Sequence[float]],
    targets: Sequence[float],
    shares: Sequence[float],
    bounds: Sequence[tuple[float, float]],
    penalty: float,
    begin: tuple[float, Sequence[float]],
) -> tuple[float, list[float]]:
    """Newton's step for one weight after the other, until none moves. Rows with 0 in a column cost nothing there."""
    filled = [[(at, x) for at, x in enumerate(column) if x] for column in columns]
    intercept, weights = begin[0], list(begin[1])
    sums = [intercept] * len(targets)
    for at, column in enumerate(filled):
        _move(column, sums, weights[at])
    everything = [(at, 1.0) for at in range(len(targets))]
    for _ in range(ROUNDS):
        step = _step(everything, sums, targets, shares, 0.0, 0.0)
        intercept, moved = intercept - step, abs(step)
        _move(everything, sums, -step)
        for at, column in enumerate(filled):
            step = _step(column, sums, targets, shares, penalty, weights[at])
            new = max(bounds[at][0], min(bounds[at][1], weights[at] - step))
            moved = max(moved, abs(new - weights[at]))
            _move(column, sums, new - weights[at])
            weights[at] = new
        if moved < CLOSE_ENOUGH:
            break
    return intercept, weights


def _step(
    column: Sequence[tuple[int, float]],
    sums: Sequence[float],
    targets: Sequence[float],
    shares: Sequence[float],
    penalty: float,
    weight: float,
) -> float:
    slope, curve = penalty * weight, penalty
    for at, x in column:
        chance = probability(sums[at])
        slope += shares[at] * (chance - targets[at]) * x
        curve += shares[at] * chance * (1 - chance) * x * x
    return max(-LONGEST_STEP, min(LONGEST_STEP, slope / curve)) if curve > 1e-12 else 0.0


def _move(column: Sequence[tuple[int, float]], sums: list[float], by: float) -> None:
    if by:
        for at, x in column:
            sums[at] += by * x
