"""Decides how many copies of a worker are wanted. No I/O.

Each tick, from what was measured since the last one:

    A  jobs becoming ready per s, smoothed           S  slot-seconds per finished job (Little's law)
    Q  ready now, W  the age of the oldest of them   c  slots per worker, T  wait target, u  utilisation aimed at
    want = ceil((A * S / u + Q * S / T) / c)         carries the steady load and clears the backlog within T

Growing is at once; shrinking waits until nothing has asked for more during `shrink_after_s`. Two things hold
growth back. One is a process at its own limit: loop lag, CPU, waits for a database connection. The other is
work that more workers do not speed up: when every slot is in use and jobs finish far below the usual rate,
either they take longer, and workers help, or the limit lies downstream, and workers press on it. Nobody can
tell from the rates, so it is tried: a step up that makes jobs finish faster is kept and followed by the next,
one that does not is taken back, and the next try waits twice as long.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

NEAR = 0.2  # growing by less is not worth it while nobody waits long: the rates vary by as much
WEIGHT = 0.3  # of the newest tick in a smoothed rate
SPEED_UP = 0.6  # of the speed-up that a step up would give if workers were the limit: with this it has helped
FELL = 0.7  # finishing below this share of the usual rate, with all slots in use, is a fall
SURE = 2.5  # standard deviations above which a speed-up is no chance
TRY_S = 20.0  # how long a step may take to show an effect; later ones get twice that
REST_S, REST_MOST_S = 15.0, 300.0  # the wait after a step that did not help, doubled each time
TRYING = "trying whether more workers help"
HELD = "held: more workers did not finish more"


@dataclass(frozen=True, slots=True)
class Load:
    """What was measured at `at_s`; rates are over the time since the measurement before.

    `ready` and `oldest_age_s` leave out jobs that may not run now (paused, blocked, rate limited): no worker
    could take them. `mean_run_s` is of the jobs that finished last. `cpu` is the share of one core that this
    process used. `hung` of the `workers` give no sign of life: what they hold does not move.
    """

    at_s: float
    ready: int
    running: int
    oldest_age_s: float
    arrived_per_s: float
    finished_per_s: float
    mean_run_s: float
    workers: int
    hung: int = 0
    loop_lag_s: float = 0.0
    cpu: float = 0.0
    pool_wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    least: int = 2
    most: int = 20
    slots: int = 8  # jobs that one worker runs at a time
    wait_target_s: float = 10.0
    utilisation: float = 0.8
    shrink_after_s: float = 180.0
    loop_lag_s: float = 0.050
    cpu: float = 0.85
    pool_wait_s: float = 0.020


@dataclass(frozen=True, slots=True)
class Trial:
    """A step up from `before` workers at `at_s`, when `base_per_s` jobs finished; once `over`, the rest after it."""

    at_s: float
    before: int
    after: int
    base_per_s: float = 0.0
    counted_from_s: float | None = None
    seen_per_s: float = 0.0  # summed over `ticks`
    ticks: int = 0
    failures: int = 0
    over: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """What one tick hands to the next; empty at first. `usual` values are from when the workers last kept up."""

    arrived_per_s: float = 0.0
    finished_per_s: float = 0.0
    running: float = 0.0
    usual_per_s: float = 0.0
    usual_run_s: float = 0.0
    kept_up_at_s: float | None = None
    wants: tuple[tuple[float, int], ...] = ()
    trial: Trial | None = None


def decide(history: History, load: Load, limits: Limits) -> tuple[int, History, str]:
    """The workers wanted now, what to hand to the next tick, and why in a few words.

    Decided for those that move; those that hang come on top, as long as they are there.
    """
    moving = replace(load, workers=max(0, load.workers - load.hung), hung=0)
    wanted, history, reason = _decide(history, moving, limits)
    if load.hung:
        wanted, reason = min(limits.most, wanted + load.hung), f"{load.hung} hang: {reason}"
    return wanted, history, reason


def _decide(history: History, load: Load, limits: Limits) -> tuple[int, History, str]:
    history = _remember(history, load, limits)
    want, reason = _want(history, load, limits)
    if want > load.workers and (veto := _veto(load, limits)):
        want, reason = load.workers, veto
    if _fell(history, load):
        want, history, reason = _try(history, load, want, reason)
    else:
        history = replace(history, trial=None)
    return _settle(history, load, limits, want, reason)


def by_load(pending: int, workers: int, limits: Limits) -> int:
    """The plain rule: above 50 waiting jobs a worker add one for each 50, below 10 give up a fifth."""
    load = pending / max(1, workers)
    wanted = workers
    if load > 50:
        wanted = workers + math.ceil(load / 50)
    elif load < 10:
        wanted = math.floor(0.8 * workers)
    return _bounded(wanted, limits)


def _remember(history: History, load: Load, limits: Limits) -> History:
    first = history.kept_up_at_s is None
    weight = 1.0 if first else WEIGHT
    history = replace(
        history,
        arrived_per_s=_smooth(history.arrived_per_s, load.arrived_per_s, weight),
        finished_per_s=_smooth(history.finished_per_s, load.finished_per_s, weight),
        running=_smooth(history.running, float(load.running), weight),
    )
    busy = load.running >= 0.9 * load.workers * limits.slots
    if busy and not first and load.finished_per_s < FELL * history.usual_per_s:
        return history
    return replace(
        history,
        kept_up_at_s=load.at_s,
        usual_per_s=_smooth(history.usual_per_s, load.finished_per_s, weight),
        usual_run_s=_smooth(history.usual_run_s, load.mean_run_s, weight),
    )


def _want(history: History, load: Load, limits: Limits) -> tuple[int, str]:
    """What the load asks for, before anything holds it back."""
    n = load.workers
    slot_s = max(load.mean_run_s, history.running / max(history.finished_per_s, 1e-3))
    steady = history.arrived_per_s * slot_s / limits.utilisation
    backlog = load.ready * slot_s / limits.wait_target_s
    want, reason = math.ceil((steady + backlog) / limits.slots), "backlog" if backlog > steady else "arrivals"
    if load.oldest_age_s > limits.wait_target_s and (guard := n + max(1, n // 4)) > want:
        want, reason = guard, "the oldest waits too long"
    if (plain := by_load(load.ready, n, limits)) > max(n, want):
        want, reason = plain, "many wait"
    if load.ready and (busy := math.ceil(load.running / limits.slots)) > want:
        want, reason = busy, "all of them are busy"
    if load.oldest_age_s < limits.wait_target_s / 2 and n < want <= n + max(1.0, NEAR * n):
        want, reason = n, "near enough"
    return _bounded(want, limits), reason


def _veto(load: Load, limits: Limits) -> str | None:
    if load.loop_lag_s > limits.loop_lag_s:
        return f"held: the event loop lags {load.loop_lag_s * 1000:.0f} ms"
    if load.cpu > limits.cpu:
        return f"held: CPU at {load.cpu:.0%}"
    if load.pool_wait_s > limits.pool_wait_s:
        return f"held: {load.pool_wait_s * 1000:.0f} ms for a database connection"
    return None


def _fell(history: History, load: Load) -> bool:
    """Jobs that usually take minutes may finish none for minutes: a fall is one that lasts."""
    since_s = load.at_s - (load.at_s if history.kept_up_at_s is None else history.kept_up_at_s)
    return since_s > 0 and since_s >= 3 * history.usual_run_s


def _try(history: History, load: Load, want: int, reason: str) -> tuple[int, History, str]:
    """One step of trying whether more workers help at all; `want` is where the steps would lead.

    The first tick of a fall only looks: its rate is still a mixture of before and after.
    """
    n, trial = load.workers, history.trial
    if want <= n and trial is None:
        return want, history, reason
    if trial is None:
        return n, _forget(history, Trial(load.at_s, n, n, over=True)), "held: jobs finish slower than usual"
    if not trial.over:
        return _judge(history, load, trial)
    if load.at_s - trial.at_s < _rest_s(trial.failures):
        return min(n, want), _forget(history, trial), HELD
    first = trial.failures == 0 and trial.base_per_s == 0
    step = min(n + max(2, n if first else n // 2), max(n, want))
    base = load.finished_per_s if first else trial.base_per_s if trial.failures == 0 else history.finished_per_s
    trial = Trial(load.at_s, n, step, base_per_s=base, failures=trial.failures)
    return step, replace(history, trial=trial), TRYING


def _judge(history: History, load: Load, trial: Trial) -> tuple[int, History, str]:
    """Keeps a step that helped, takes back one that has not helped in time, else waits.

    The first tick after a step is not counted: its workers were still starting.
    """
    if trial.counted_from_s is None:
        trial = replace(trial, counted_from_s=load.at_s)
        return trial.after, replace(history, trial=trial), TRYING
    trial = replace(trial, ticks=trial.ticks + 1, seen_per_s=trial.seen_per_s + load.finished_per_s)
    counted_s = max(1.0, load.at_s - (trial.counted_from_s or load.at_s))
    rate = trial.seen_per_s / trial.ticks
    gain = rate - trial.base_per_s
    hoped = SPEED_UP * trial.base_per_s * (trial.after / max(1, trial.before) - 1)
    chance = SURE * math.sqrt(max(rate, trial.base_per_s) / counted_s)  # jobs finish like a Poisson process
    if gain > 0 and gain >= max(hoped, chance):
        helped = Trial(load.at_s, trial.after, trial.after, base_per_s=rate, over=True)
        return trial.after, replace(history, trial=helped), "more workers help"
    if load.at_s - trial.at_s < TRY_S * 2.0 ** min(trial.failures, 1):
        return trial.after, replace(history, trial=trial), TRYING
    failed = replace(trial, at_s=load.at_s, over=True, failures=trial.failures + 1)
    return trial.before, _forget(history, failed), HELD


def _rest_s(failures: int) -> float:
    return 0.0 if failures == 0 else min(REST_MOST_S, REST_S * 2.0 ** (failures - 1))


def _forget(history: History, trial: Trial) -> History:
    """What was wanted while it was held is no reason to stay big."""
    return replace(history, trial=trial, wants=())


def _settle(history: History, load: Load, limits: Limits, want: int, reason: str) -> tuple[int, History, str]:
    """Up at once; down only to the most that was wanted lately."""
    since_s = load.at_s - limits.shrink_after_s
    wants = (*(one for one in history.wants if one[0] > since_s), (load.at_s, want))
    history = replace(history, wants=wants)
    if want >= load.workers:
        return _bounded(want, limits), history, reason
    lately = min(load.workers, max(wanted for _, wanted in wants))
    if lately == load.workers:
        reason = f"kept: wanted within the last {limits.shrink_after_s:.0f} s"
    return _bounded(lately, limits), history, reason


def _bounded(workers: int, limits: Limits) -> int:
    return max(limits.least, min(limits.most, workers))


def _smooth(before: float, newest: float, weight: float) -> float:
    return before + weight * (newest - before)
