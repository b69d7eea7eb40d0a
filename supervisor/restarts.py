"""Decides what happens after an actor has ended: start again, leave stopped, or give up. No I/O.

The rules are those of Erlang/OTP's supervisor(3): three strategies, three kinds of restart, and an intensity
above which restarting is no cure. OTP starts again at once; here a full-jitter backoff lies between (Brooker,
"Exponential Backoff And Jitter", AWS 2015), because what actors crash on is mostly a database or a registry
that needs a moment. The backoff never hides a crash from the intensity: every end counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias


class Strategy(Enum):
    """Who is started again along with the one that ended."""

    ONE_FOR_ONE = "one_for_one"
    REST_FOR_ONE = "rest_for_one"  # and all that were started after it
    ONE_FOR_ALL = "one_for_all"


class Restart(Enum):
    """When an ended actor is wanted back (OTP: permanent, transient, temporary)."""

    ALWAYS = "always"
    ON_CRASH = "on_crash"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Limit:
    """More than `intensity` restarts of one copy within `period_s` seconds, and the supervisor gives up.

    With the default backoff a copy that crashes at once uses up ten restarts in about 40 s, the unluckiest of many in
    half of that: short enough that a broken start reaches systemd. Ends by what lies outside are not counted. OTP
    counts over all children; here each copy counts alone, since one mistake in twenty workers is still one.
    """

    intensity: int = 10
    period_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """Before restart k in a row: chance times min(most_s, first_s * 2^(k-1)); health starts the row anew."""

    first_s: float = 0.1
    most_s: float = 30.0
    healthy_after_s: float = 60.0


@dataclass(frozen=True, slots=True)
class StartAgain:
    names: tuple[str, ...]
    after_s: float


@dataclass(frozen=True, slots=True)
class LeaveStopped:
    pass


@dataclass(frozen=True, slots=True)
class GiveUp:
    reason: str


Decision: TypeAlias = StartAgain | LeaveStopped | GiveUp


def recent(ends: Sequence[float], now_s: float, window_s: float) -> tuple[float, ...]:
    """The ends that lie at most `window_s` back; an end exactly that old still counts."""
    return tuple(end for end in ends if now_s - end <= window_s)


def affected(strategy: Strategy, order: Sequence[str], ended: str) -> tuple[str, ...]:
    """The names to start again when `ended` ended, in the order of start."""
    match strategy:
        case Strategy.ONE_FOR_ONE:
            return (ended,)
        case Strategy.REST_FOR_ONE:
            return tuple(order[list(order).index(ended) :])
        case Strategy.ONE_FOR_ALL:
            return tuple(order)


def crashes_in_a_row(before: int, ran_s: float, backoff: Backoff) -> int:
    """How many ends now follow one another without a period of health between them, this one included."""
    return 1 if ran_s >= backoff.healthy_after_s else before + 1


def wait_s(in_a_row: int, jitter: float, backoff: Backoff) -> float:
    """Full jitter: anything from 0 to the doubled step. `jitter` is from 0 to 1, `in_a_row` from 1."""
    doublings = min(in_a_row - 1, 64)  # beyond that every float is above most_s anyway
    return jitter * min(backoff.most_s, backoff.first_s * 2.0**doublings)


def decide(
    *,
    name: str,
    restart: Restart,
    crashed: bool,
    ends: Sequence[float],
    in_a_row: int,
    order: Sequence[str],
    strategy: Strategy,
    limit: Limit,
    backoff: Backoff,
    jitter: float,
) -> Decision:
    """What follows an end. `ends` are the recent ends of this copy, the present one included."""
    wanted = restart is Restart.ALWAYS or (restart is Restart.ON_CRASH and crashed)
    if not wanted:
        return LeaveStopped()
    if len(ends) > limit.intensity:
        allowed = f"allowed are {limit.intensity}"
        return GiveUp(f"{name} ended {len(ends)} times within {limit.period_s:g} s, {allowed}")
    return StartAgain(affected(strategy, order, name), wait_s(in_a_row, jitter, backoff))
