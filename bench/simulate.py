"""One queue, one pool of workers, one scaling rule, one trace, in steps of a second.

Every worker runs `slots` jobs at a time and takes new ones 2 s after it was asked for. One that is given up
takes no new job and ends its own, so no job can be lost here: that is for `tests/survive` to show of the real thing.
Jobs start in the order in which they became ready.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field

from bench.rules import Named
from bench.traces import Trace
from supervisor.autoscaler import Limits, Load

START_S = 2
EMPTY = 50  # fewer ready jobs than that, and a backlog is drained


@dataclass(slots=True)
class Run:
    """What happened: the wait of every job in order of arrival, second by second how many worked and waited, and the
    numbers of workers that were asked for, one after another."""

    waits_s: list[int] = field(default_factory=list)
    workers: list[int] = field(default_factory=list)
    ready: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    busy_slot_s: int = 0
    idle_slot_s: int = 0


def simulate(trace: Trace, named: Named, limits: Limits, first_workers: int = 2) -> Run:
    run, rule = Run(), named.make(limits)
    wanted = workers = max(limits.least, first_workers)
    if named.name == "fixed":
        wanted = workers = limits.most
    run.targets.append(wanted)
    starting: deque[tuple[int, int]] = deque()
    queue: deque[int] = deque()
    busy: list[tuple[float, float]] = []
    next_job = arrived = finished = 0
    run_s = mean_run_s = 0.0
    for second, coming in enumerate(trace.arrivals):
        passing = trace.passes[second]
        done = 0
        while busy and busy[0][0] <= second and done < passing:
            began_s = heapq.heappop(busy)[1]
            run_s += second - began_s
            done += 1
        finished += done
        arrived += coming
        queue.extend([second] * coming)
        while starting and starting[0][0] <= second:
            workers = starting.popleft()[1]
        slots = workers * limits.slots
        slower = trace.shape.slower(second)
        while queue and len(busy) < slots:
            run.waits_s.append(second - queue.popleft())
            heapq.heappush(busy, (second + max(1, round(trace.work_s[next_job] * slower)), second))
            next_job += 1
        run.busy_slot_s += min(len(busy), slots)
        run.idle_slot_s += max(0, slots - len(busy))
        run.workers.append(workers)
        run.ready.append(len(queue))
        if (second + 1) % named.tick_s:
            continue
        if finished:
            mean_run_s = run_s / finished
        load = Load(
            at_s=second,
            ready=len(queue),
            running=len(busy),
            oldest_age_s=second - queue[0] if queue else 0,
            arrived_per_s=arrived / named.tick_s,
            finished_per_s=finished / named.tick_s,
            mean_run_s=mean_run_s,
            workers=wanted,
        )
        arrived = finished = 0
        run_s = 0.0
        new = max(limits.least, min(limits.most, rule(load)))
        if new != wanted:
            run.targets.append(new)
            starting.append((second + (START_S if new > workers else 0), new))
            wanted = new
    run.waits_s.extend(len(trace.arrivals) - second for second in queue)
    return run
