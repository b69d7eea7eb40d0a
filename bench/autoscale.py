"""Scaling rules on the same traces: `python -m bench.autoscale [--seeds N] [--json FILE] [--svg FILE]`.

Every rule meets the same jobs at the same seconds. A job is late when it waited longer than the wait target.
Late jobs that no controller could have saved are counted apart (`unavoidable`): those that are late with a
fixed pool at the most workers too, and those of the first wait target of a burst, before anybody could have
reacted. In a stall nearly all are: nobody finishes more than what is behind the workers lets pass; there it
counts how far a rule piles workers on it, and how fast it drains afterwards.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench.plot import svg
from bench.rules import FIXED, OURS, RIVALS, Named
from bench.simulate import EMPTY, Run, simulate
from bench.traces import HOUR_S, SHAPES, Shape, Trace, trace
from supervisor.autoscaler import Limits

LATE_MOST = 0.01
DRAIN_MOST = 1.3
REVERSALS_MOST = 2.0
IDLE_MOST = 0.5


@dataclass(frozen=True, slots=True)
class Score:
    """One rule on one trace. `missed` names the targets it missed; a median has those missed by the medians."""

    trace: str
    rule: str
    late: float
    unavoidable: float
    wait_p99_s: float
    drain_s: float | None
    drain_ratio: float | None
    idle_per_busy: float
    reversals_per_h: float
    most_workers: float
    stalled_workers: float | None
    missed: tuple[str, ...] = ()


def score(jobs: Trace, run: Run, fixed: Run, rule: Named, limits: Limits) -> Score:
    """Measures one run beside the fixed pool on the same trace."""
    late, excused = _late(jobs, run, fixed, limits)
    total = len(run.waits_s)
    drain_s, best_s = _drain_s(jobs.shape, run), _drain_s(jobs.shape, fixed)
    start, end = jobs.shape.stalled_from_s, jobs.shape.drain_from_s
    return Score(
        trace=jobs.shape.name,
        rule=rule.name,
        late=(late - excused) / total,
        unavoidable=excused / total,
        wait_p99_s=sorted(run.waits_s)[int(0.99 * total)],
        drain_s=drain_s,
        drain_ratio=drain_s / best_s if drain_s and best_s else None,
        idle_per_busy=run.idle_slot_s / run.busy_slot_s,
        reversals_per_h=_reversals(run) * HOUR_S / len(jobs.arrivals),
        most_workers=max(run.workers),
        stalled_workers=None if start is None else max(run.workers[start:end]),
    )


def median(scores: Sequence[Score], limits: Limits) -> Score:
    """The median of every figure over the seeds, and the targets that these miss."""
    figures: dict[str, Any] = {}
    for figure in fields(Score):
        values = [getattr(one, figure.name) for one in scores]
        given = [value for value in values if isinstance(value, int | float)]
        figures[figure.name] = statistics.median(given) if given else values[0]
    middle = Score(**figures)
    return replace(middle, missed=missed(middle, limits))


def missed(one: Score, limits: Limits) -> tuple[str, ...]:
    """The targets that a score does not reach."""
    steady = one.trace == "steady"
    reached = {
        "late": one.late <= LATE_MOST,
        "drain": one.drain_ratio is None or one.drain_ratio <= DRAIN_MOST,
        "piled on": one.stalled_workers is None or one.stalled_workers < limits.most,
        "reversals": not steady or one.reversals_per_h <= REVERSALS_MOST,
        "idle": not steady or one.idle_per_busy <= IDLE_MOST,
    }
    return tuple(name for name, held in reached.items() if not held)


def compare(
    shapes: Iterable[Shape], rules: Sequence[Named], seeds: Sequence[int], limits: Limits
) -> dict[str, list[Score]]:
    """Medians by trace, one for each rule."""
    results: dict[str, list[Score]] = {}
    for shape in shapes:
        by_rule: dict[str, list[Score]] = {rule.name: [] for rule in rules}
        for seed in seeds:
            jobs = trace(shape, seed)
            fixed = simulate(jobs, FIXED, limits)
            for rule in rules:
                run = fixed if rule is FIXED else simulate(jobs, rule, limits)
                by_rule[rule.name].append(score(jobs, run, fixed, rule, limits))
        results[shape.name] = [median(scores, limits) for scores in by_rule.values()]
    return results


def _late(jobs: Trace, run: Run, fixed: Run, limits: Limits) -> tuple[int, int]:
    target = limits.wait_target_s
    bursts = {second + ahead for second in jobs.shape.at_once for ahead in range(int(target))}
    late = excused = 0
    arrived = (second for second, count in enumerate(jobs.arrivals) for _ in range(count))
    for second, wait_s, best_s in zip(arrived, run.waits_s, fixed.waits_s, strict=True):
        if wait_s > target:
            late += 1
            excused += best_s > target or second in bursts
    return late, excused


def _drain_s(shape: Shape, run: Run) -> int | None:
    """Seconds until less than EMPTY wait, or all that is left of the trace when that never comes."""
    if shape.drain_from_s is None:
        return None
    after = run.ready[shape.drain_from_s + 1 :]
    return next((second + 1 for second, ready in enumerate(after) if ready < EMPTY), len(after))


def _reversals(run: Run) -> int:
    ups = [after > before for before, after in pairwise(run.targets)]
    return sum(one != other for one, other in pairwise(ups))


def _line(one: Score) -> str:
    drain = "     -" if one.drain_ratio is None else f"{one.drain_ratio:5.2f}x"
    stalled = " -" if one.stalled_workers is None else f"{one.stalled_workers:2.0f}"
    return (
        f"{one.trace:9} {one.rule:10} late {one.late:7.2%} (+{one.unavoidable:6.2%} unavoidable)"
        f"  p99 {one.wait_p99_s:4.0f} s  drain {drain}  idle/busy {one.idle_per_busy:5.2f}"
        f"  reversals/h {one.reversals_per_h:3.0f}  workers {one.most_workers:2.0f}, stalled {stalled}"
        f"  {'MISSED ' + ', '.join(one.missed) if one.missed else 'ok'}"
    )


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.autoscale", description="Scaling rules on the same traces.")
    parser.add_argument("--seeds", type=int, default=5, help="runs of every trace, each with other chance")
    parser.add_argument("--json", type=Path, help="write all figures there")
    parser.add_argument("--svg", type=Path, help="draw workers and ready jobs over time there")
    chosen = parser.parse_args(arguments)
    limits = Limits()
    results: dict[str, list[Score]] = {}
    for shape in SHAPES:
        results |= compare([shape], (OURS, *RIVALS, FIXED), range(chosen.seeds), limits)
        for one in results[shape.name]:
            print(_line(one), flush=True)
    if chosen.json:
        scores = [asdict(one) for every in results.values() for one in every]
        report = {"bench": "autoscale", "seeds": chosen.seeds, "limits": asdict(limits), "scores": scores}
        chosen.json.write_text(json.dumps(report, indent=1) + "\n")
    if chosen.svg:
        drawn = {
            shape: {rule.name: simulate(trace(shape, 0), rule, limits) for rule in (OURS, *RIVALS)} for shape in SHAPES
        }
        chosen.svg.write_text(svg(drawn))


if __name__ == "__main__":
    main(sys.argv[1:])
