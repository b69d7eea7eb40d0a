"""Measures the load of a desk for the autoscaler, and does what it says."""

import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from actors.queue.desk import Desk
from actors.queue.job import QueueRules
from actors.runtime.telemetry import emit
from supervisor import autoscaler
from supervisor.autoscaler import History, Limits, Load
from supervisor.looplag import LoopLag


@dataclass(slots=True)
class Before:
    """What was measured the last time."""

    at_s: float
    ready: int
    ended: int
    run_s: float
    cpu_s: float


@dataclass(slots=True)
class Scaling:
    """One per desk whose actor is scaled. Each process takes its share of what waits: it is told how many there are."""

    desk: Desk
    actor: str
    limits: Limits
    wanted: Callable[[], int]
    scale: Callable[[str, int], Awaitable[None]]
    lag: LoopLag
    pool_wait_s: Callable[[], Awaitable[float]]
    hung: Callable[[], int] = lambda: 0
    now_s: Callable[[], float] = time.monotonic
    cpu_s: Callable[[], float] = time.process_time
    rules: Mapping[str, QueueRules] = field(default_factory=dict)
    history: History = field(default_factory=History)
    before: Before | None = None
    reason: str = ""

    async def step(self, loads: Sequence[Mapping[str, Any]], processes: int) -> None:
        load = self._load(loads, processes, await self.pool_wait_s())
        if load is None:
            return
        wanted, self.history, self.reason = autoscaler.decide(self.history, load, self.limits)
        if wanted != load.workers:
            emit("workers.scaled", actor=self.actor, copies=load.workers, wanted=wanted, reason=self.reason)
            await self.scale(self.actor, wanted)

    def _load(self, loads: Sequence[Mapping[str, Any]], processes: int, pool_wait_s: float) -> Load | None:
        """None at the first look, when there is nothing to compare with."""
        self.rules = self.desk.rules or self.rules  # the desk forgets them for a moment when they change
        mine = [self._startable(load, processes) for load in loads if load["queue"] in self.desk.queues]
        ready = sum(one.ready for one in mine) // processes + len(self.desk.waiting)
        now = Before(self.now_s(), ready, self.desk.ended_total, self.desk.run_s_total, self.cpu_s())
        before, self.before = self.before, now
        if before is None or now.at_s <= before.at_s:
            return None
        took_s = now.at_s - before.at_s
        ended = now.ended - before.ended
        lag = self.lag.read()
        return Load(
            at_s=now.at_s,
            ready=ready,
            running=len(self.desk.running),
            oldest_age_s=max((one.oldest_age_s for one in mine), default=0.0),
            arrived_per_s=max(0.0, ended + now.ready - before.ready) / took_s,
            finished_per_s=ended / took_s,
            mean_run_s=(now.run_s - before.run_s) / ended if ended else self.history.usual_run_s,
            workers=self.wanted(),
            hung=self.hung(),
            loop_lag_s=lag.p99_s,
            cpu=(now.cpu_s - before.cpu_s) / took_s,
            pool_wait_s=pool_wait_s,
        )

    def _startable(self, load: Mapping[str, Any], processes: int) -> "Startable":
        free = self.desk.free() * processes
        rules = self.rules.get(load["queue"]) or QueueRules(load["queue"])
        if load["paused"]:
            return Startable(0, 0.0)
        return startable(
            rules, ready=load["ready"], running=load["running"], oldest_age_s=load["oldest_age_s"], free=free,
            wait_target_s=self.limits.wait_target_s,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Startable:
    """Of a queue: the ready jobs that more workers could start, and how long the oldest has waited for a worker."""

    ready: int
    oldest_age_s: float


def startable(
    rules: QueueRules, *, ready: int, running: int, oldest_age_s: float, free: int, wait_target_s: float
) -> Startable:
    """What the rules of a queue let start within the wait target. No I/O.

    `free` slots are idle already: where they suffice for all that may start, what waits does not wait for workers.
    """
    may = ready
    if rules.most_running is not None:
        may = min(may, max(0, rules.most_running - running))
    if rules.per_minute is not None:
        may = min(may, math.ceil(rules.per_minute / 60 * wait_target_s))
    limited = may < ready and may <= free
    return Startable(may, 0.0 if limited else oldest_age_s)
