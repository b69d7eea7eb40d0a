"""How often somebody may ask: a bucket a caller, filled at an even rate. No I/O."""

import math
from collections import OrderedDict
from dataclasses import dataclass, field
from types import MappingProxyType

from supervisor.roles import Role

PER_MINUTE = MappingProxyType({Role.ANYONE: 120, Role.VIEWER: 600, Role.OPERATOR: 1_200, Role.ADMIN: 3_000})
MOST_CALLERS = 10_000


@dataclass(frozen=True, slots=True)
class Bucket:
    left: float
    at_s: float


@dataclass(frozen=True, slots=True)
class Turn:
    """Whether this request may go on, and what is left; `wait_s` until the next may, `full_s` until all are back."""

    granted: bool
    limit: int
    left: int
    wait_s: float
    full_s: float

    def headers(self) -> dict[str, str]:
        told = {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.left),
            "RateLimit-Reset": str(math.ceil(self.full_s)),
        }
        return told if self.granted else told | {"Retry-After": str(math.ceil(self.wait_s))}


def take(bucket: Bucket | None, per_minute: int, now_s: float) -> tuple[Bucket, Turn]:
    """One request out of a bucket that holds a minute's worth."""
    per_s = per_minute / 60
    there = per_minute if bucket is None else min(per_minute, bucket.left + (now_s - bucket.at_s) * per_s)
    granted = there >= 1
    left = there - 1 if granted else there
    wait_s = 0.0 if granted else (1 - there) / per_s
    return Bucket(left, now_s), Turn(granted, per_minute, int(left), wait_s, (per_minute - left) / per_s)


@dataclass(slots=True)
class Rates:
    """The buckets of those who asked last."""

    _buckets: "OrderedDict[str, Bucket]" = field(default_factory=OrderedDict)

    def take(self, caller: str, per_minute: int, now_s: float) -> Turn:
        self._buckets[caller], turn = take(self._buckets.pop(caller, None), per_minute, now_s)
        while len(self._buckets) > MOST_CALLERS:
            self._buckets.popitem(last=False)
        return turn
