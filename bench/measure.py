"""Figures of benchmarks: medians over runs, percentiles, and targets with what was reached. No I/O."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

Figures = dict[str, Any]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie; 0.0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def medians(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The median of every figure over the runs."""
    return {name: rounded(statistics.median(run[name] for run in runs)) for name in runs[0]}


def rounded(value: float) -> float:
    """To four digits: more would be noise."""
    return float(f"{value:.4g}") if abs(value) < 1000 else float(round(value))


def at_least(value: float, bound: float) -> Figures:
    """A target and whether it was reached; judged before it is rounded."""
    return {"value": rounded(value), "at_least": bound, "reached": value >= bound}


def at_most(value: float, bound: float) -> Figures:
    return {"value": rounded(value), "at_most": bound, "reached": value <= bound}


def missed(targets: Mapping[str, Figures]) -> list[str]:
    """The targets that were not reached."""
    return [name for name, target in targets.items() if not target["reached"]]
