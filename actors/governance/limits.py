"""How often somebody may ask: so many within so long, out of a bucket that fills at an even rate. No I/O."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_TEXT = re.compile(r"(?P<count>[1-9][0-9]{0,8})/(?P<number>[1-9][0-9]{0,3})?(?P<unit>s|min|h|d)")
_UNITS_S = MappingProxyType({"s": 1, "min": 60, "h": 3600, "d": 86_400})
LUMPS = 50  # in which a process draws turns: a fiftieth of a bucket at once, so that few requests ask the database
LEASE_S = 5.0  # turns that were drawn and not used by then are lost


@dataclass(frozen=True, slots=True)
class Limit:
    """So many within so many seconds."""

    count: int
    within_s: float

    @classmethod
    def of(cls, text: str) -> "Limit":
        """From `60/min`, `10/15min`, `10/h`. Raises ValueError."""
        match = _TEXT.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"expected a limit such as 60/min or 10/15min, got {text!r}")
        return cls(int(match["count"]), float(int(match["number"] or 1) * _UNITS_S[match["unit"]]))

    @property
    def per_s(self) -> float:
        return self.count / self.within_s

    @property
    def lump(self) -> int:
        """How many turns a process draws at once."""
        return max(1, self.count // LUMPS)

    def __str__(self) -> str:
        for unit, length_s in sorted(_UNITS_S.items(), key=lambda one: -one[1]):
            if self.within_s % length_s == 0:
                number = int(self.within_s // length_s)
                return f"{self.count}/{number if number > 1 else ''}{unit}"
        return f"{self.count}/{self.within_s:g}s"


# Requests of each role; of one tenant together; of each caller in a group of routes. `entrances`: tries to come in from
# one address, behind which may be a whole hospital; `logins`: at one login, wherever from.
DEFAULTS: Mapping[str, Limit] = MappingProxyType({
    name: Limit.of(text)
    for name, text in {
        "anyone": "30/min", "viewer": "60/min", "researcher": "300/min", "steward": "600/min", "operator": "1200/min",
        "admin": "1200/min", "tenant": "6000/min", "entrances": "60/min", "logins": "10/15min", "exports": "2/min",
        "uploads": "50/5min", "governance": "30/min", "stats": "300/min", "ai": "10/min", "consent": "20/min",
        "reports": "10/h", "faers": "20/h",
    }.items()
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Turn:
    """Whether this request may go on, and what is left; `wait_s` until the next may, `full_s` until all are back."""

    granted: bool
    limit: Limit
    left: int
    wait_s: float
    full_s: float

    def headers(self) -> dict[str, str]:
        """As the drafts of RateLimit header fields for HTTP (IETF httpapi) up to the seventh have them."""
        told = {
            "RateLimit-Limit": str(self.limit.count),
            "RateLimit-Remaining": str(self.left),
            "RateLimit-Reset": str(math.ceil(self.full_s)),
            "RateLimit-Policy": f"{self.limit.count};w={math.ceil(self.limit.within_s)}",
        }
        return told if self.granted else told | {"Retry-After": str(max(1, math.ceil(self.wait_s)))}


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a process drew from a bucket: turns of its own until a moment, and what the bucket held then."""

    own: int
    remaining: float
    at_s: float

    def is_fresh(self, now_s: float) -> bool:
        return now_s - self.at_s < LEASE_S


def turn(drawn: Drawn, limit: Limit, now_s: float) -> tuple[Drawn, Turn]:
    """One request out of what was drawn: its own turns may be none, then it waits for the bucket to fill."""
    held = min(limit.count, drawn.remaining + (now_s - drawn.at_s) * limit.per_s)
    granted = drawn.own >= 1
    own = drawn.own - 1 if granted else 0
    left = min(own + int(held), limit.count - 1) if granted else 0
    wait_s = 0.0 if granted else (1.0 - held) / limit.per_s
    full_s = (limit.count - own - held) / limit.per_s
    return Drawn(own, drawn.remaining, drawn.at_s), Turn(granted, limit, left, max(wait_s, 0.0), max(full_s, 0.0))
