"""Tells an actor that hangs from an event loop that stood still. No I/O.

While the loop is blocked, or the whole process is frozen, no actor can beat, and all of them look hung at
once. The one who looks was blocked too, and so came late: that lateness is the sign. After it every allowance
starts again.
"""

from __future__ import annotations

from dataclasses import dataclass

STALL_S = 1.0  # a look that comes this much late was kept from coming


@dataclass(frozen=True, slots=True)
class Watch:
    """`since_s`: from when on silence counts. `next_s`: when the next look is due."""

    since_s: float
    next_s: float


def look(watch: Watch, now_s: float, every_s: float) -> tuple[Watch, float]:
    """The watch after a look at `now_s`, and for how long the loop had stalled (0: it had not)."""
    late_s = now_s - watch.next_s
    stalled = late_s > STALL_S
    return Watch(now_s if stalled else watch.since_s, now_s + every_s), late_s if stalled else 0.0


def is_overdue(watch: Watch, last_s: float, now_s: float, within_s: float) -> bool:
    """Whether `within_s` have passed since `last_s`, counting only from when the loop moves."""
    return now_s - max(last_s, watch.since_s) > within_s
