"""Who is dead: whose count of beats has stood still for too long by our own clock. No I/O.

No two clocks are compared, so a clock that jumps kills nobody; and who looked away for long (a frozen process that
wakes) starts its count afresh instead of taking everybody for dead.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

AWAY = 3.0  # looks missed in a row, after which what was seen before says nothing


@dataclass(frozen=True, slots=True)
class Seen:
    beats: int
    since_s: float  # when the count was first seen to be this, on the monotonic clock


@dataclass(frozen=True, slots=True)
class Watch:
    looked_at_s: float
    seen: Mapping[UUID, Seen]


def look(
    watch: Watch, beats: Mapping[UUID, int], *, now_s: float, every_s: float, dead_after_s: float
) -> tuple[Watch, list[UUID]]:
    """The watch after this look, and who is dead."""
    away = now_s - watch.looked_at_s > AWAY * every_s
    seen = {}
    for worker, count in beats.items():
        before = watch.seen.get(worker)
        still = before is not None and before.beats == count and not away
        seen[worker] = before if still and before is not None else Seen(count, now_s)
    dead = [worker for worker, s in seen.items() if now_s - s.since_s >= dead_after_s]
    return Watch(now_s, seen), dead
