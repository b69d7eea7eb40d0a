"""The scaling rules that ours is measured against, as their documentation states them.

Every rule is a function of what was just measured, made afresh for each run. None of them is tuned against:
targets are derived from the same wait target that ours gets.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from supervisor.autoscaler import History, Limits, Load, by_load, decide

Rule = Callable[[Load], int]


@dataclass(frozen=True, slots=True)
class Named:
    name: str
    says: str
    tick_s: int
    make: Callable[[Limits], Rule]


def _ours(limits: Limits) -> Rule:
    history = History()

    def rule(load: Load) -> int:
        nonlocal history
        wanted, history, _ = decide(history, load, limits)
        return wanted

    return rule


def _hpa(raw: Callable[[Load], int], limits: Limits, *, capped: bool) -> Rule:
    """Kubernetes' HPA around a metric: 10 % tolerance, up at once (x2 or +4), down to the most of the last 300 s."""
    lately: deque[tuple[float, int]] = deque()

    def rule(load: Load) -> int:
        n, want = load.workers, raw(load)
        if abs(want / n - 1) <= 0.1:
            want = n
        elif capped:
            want = min(want, max(2 * n, n + 4))
        lately.append((load.at_s, want))
        while lately[0][0] < load.at_s - 300:
            lately.popleft()
        return want if want >= n else min(n, max(one for _, one in lately))

    return rule


def _keda(limits: Limits) -> Rule:
    """KEDA's PostgreSQL scaler: a fixed depth for each replica, here what one clears in time at 1 s a job."""
    depth = limits.slots * limits.wait_target_s
    return _hpa(lambda load: math.ceil(load.ready / depth), limits, capped=True)


def _aws(limits: Limits) -> Rule:
    """AWS "backlog per instance": acceptable latency / processing time, the latter measured."""

    def raw(load: Load) -> int:
        return math.ceil(load.ready * max(load.mean_run_s, 0.1) / (limits.wait_target_s * limits.slots))

    return _hpa(raw, limits, capped=False)


def _judoscale(limits: Limits) -> Rule:
    """One up when jobs wait too long, at most every 10 s; one down after ten quiet minutes."""
    up_at = quiet_from = -math.inf

    def rule(load: Load) -> int:
        nonlocal up_at, quiet_from
        if load.oldest_age_s >= limits.wait_target_s / 5 or quiet_from == -math.inf:
            quiet_from = load.at_s
        if load.oldest_age_s > limits.wait_target_s and load.at_s - up_at >= 10:
            up_at = load.at_s
            return load.workers + 1
        if load.at_s - quiet_from >= 600:
            quiet_from = load.at_s
            return load.workers - 1
        return load.workers

    return rule


def _by_load(limits: Limits) -> Rule:
    """The plain rule each 30 s, and one more each minute while more than 100 wait."""
    minute = -math.inf

    def rule(load: Load) -> int:
        nonlocal minute
        wanted = by_load(load.ready, load.workers, limits)
        if load.ready > 100 and load.at_s - minute >= 60:
            minute = load.at_s
            wanted += 1
        return wanted

    return rule


OURS = Named("triald", "Little's law, drain term, wait guard, slow shrink, trials", 5, _ours)
FIXED = Named("fixed", "always the most", 5, lambda limits: lambda load: limits.most)
RIVALS = (
    Named("keda", "depth target, HPA", 5, _keda),
    Named("aws", "backlog per instance", 5, _aws),
    Named("judoscale", "one up or down on wait", 5, _judoscale),
    Named("by_load", "50 and 10 waiting a worker, each 30 s", 30, _by_load),
)
