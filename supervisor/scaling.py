"""Measures the load of a desk for the autoscaler, and does what it says."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from actors.queue.desk import Desk
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
        mine = [load for load in loads if load["queue"] in self.desk.queues and not load["paused"]]
        mine = [load for load in mine if (rules := self.desk.rules.get(load["queue"])) is None or rules.plain]
        ready = sum(load["ready"] for load in mine) // processes + len(self.desk.waiting)
        now = Before(time.monotonic(), ready, self.desk.ended_total, self.desk.run_s_total, time.process_time())
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
            oldest_age_s=max((load["oldest_age_s"] for load in mine), default=0.0),
            arrived_per_s=max(0.0, ended + now.ready - before.ready) / took_s,
            finished_per_s=ended / took_s,
            mean_run_s=(now.run_s - before.run_s) / ended if ended else self.history.usual_run_s,
            workers=self.wanted(),
            loop_lag_s=lag.p99_s,
            cpu=(now.cpu_s - before.cpu_s) / took_s,
            pool_wait_s=pool_wait_s,
        )
