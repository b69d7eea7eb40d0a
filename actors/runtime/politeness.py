"""How to treat a source: how far apart to call, what an answer's status means, when to call again. No I/O."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import TypeAlias

from actors.errors import Unavailable

LATENESS_S = 1.0  # a call goes at most this long after its slot; later than that it takes a new slot
BACKOFF_CAP_S = 60.0
RETRY_AFTER_CAP_S = 3600.0  # a source that asks for more is asked again after an hour
SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


class SourceUnavailable(Unavailable):
    """A source did not answer as agreed. What it would have said is unknown, which is not "nothing".

    `again` is False where asking once more at once would bring the same.
    """

    def __init__(
        self,
        reason: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        again: bool = True,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.retry_after_s = retry_after_s
        self.again = again


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `per_min` calls in any 60 seconds, by all processes on one database together."""

    name: str
    per_min: float

    def __post_init__(self) -> None:
        if not (self.name and 0 < self.per_min < math.inf):
            raise ValueError(f"a limit has a name and more than 0 calls a minute: {self!r}")


@dataclass(frozen=True, slots=True)
class Validators:
    """What a source says to tell one version of a page from the next, word for word."""

    etag: str | None = None
    last_modified: str | None = None


def spacing_s(per_min: float) -> float:
    """Seconds from one slot to the next, so that no 60 seconds hold more than `per_min` calls.

    Slots lie T apart or more, and a call goes between 0 and LATENESS_S after its slot. So the calls of any
    closed span of 60 s have their slots within 60 s + LATENESS_S, where at most
    floor((60 + LATENESS_S) / T) + 1 slots fit. With T = (60.01 + LATENESS_S) / n the fraction is below n, so
    that is at most n. The 0.01 s covers a timer that rings a millisecond early and the database's rounding to
    microseconds. There is no burst,
    for b calls at once would leave n - b + 1 in place of n, and a source asked evenly answers better.
    """
    whole = math.floor(per_min) if per_min >= 1 else per_min  # 1.5 a minute may not be 2 in any minute
    return (60.01 + LATENESS_S) / whole


class Meaning(Enum):
    ANSWER = auto()  # also 4xx: what it means is for the registry to say
    UNCHANGED = auto()
    MOVED = auto()
    SLOW_DOWN = auto()
    BROKEN = auto()


def meaning(status: int) -> Meaning:
    """What a status of HTTP asks us to do."""
    match status:
        case 304:
            return Meaning.UNCHANGED
        case 301 | 302 | 303 | 307 | 308:
            return Meaning.MOVED
        case 429:
            return Meaning.SLOW_DOWN
        case _ if status >= 500:
            return Meaning.BROKEN
        case _:
            return Meaning.ANSWER


def method_after(status: int, method: str) -> str:
    """The method with which to follow a redirect: 307 and 308 keep it, others make a GET of a POST."""
    return method if status in (307, 308) or method == "HEAD" else "GET"


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """How long the source asks us to stay away, 0 to RETRY_AFTER_CAP_S; None where it does not say.

    A date is read against the source's own `Date`, so that its clock and ours need not agree.
    """
    asked = headers.get("Retry-After", "").strip()
    if SECONDS.fullmatch(asked):
        return min(float(asked), RETRY_AFTER_CAP_S)
    until = _date(asked)
    if until is None:
        return None
    wait_s = (until - (_date(headers.get("Date", "")) or now)).total_seconds()
    return min(max(0.0, wait_s), RETRY_AFTER_CAP_S)


def _date(text: str) -> datetime | None:
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def backoff_s(attempt: int, jitter: float) -> float:
    """1, 2, 4, … 60 s after the 1st, 2nd, 3rd … attempt; jitter (0 up to 1) takes off up to half of it."""
    return min(BACKOFF_CAP_S, 2.0 ** min(attempt - 1, 10)) * (1 - jitter / 2)


@dataclass(frozen=True, slots=True)
class Again:
    delay_s: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    pass


Next: TypeAlias = Again | GiveUp


@dataclass(frozen=True, slots=True)
class Patience:
    attempts: int = 5
    wait_s: float = 120.0  # the longest single wait; what would take longer is for a later job to ask


def after_failure(failure: SourceUnavailable, *, attempt: int, patience: Patience, jitter: float) -> Next:
    """Whether, and after how long, to ask again. Never sooner than the source asked for."""
    delay_s = max(backoff_s(attempt, jitter), failure.retry_after_s or 0.0)
    if not failure.again or attempt >= patience.attempts or delay_s > patience.wait_s:
        return GiveUp()
    return Again(delay_s)


def user_agent(version: str, contact: str) -> str:
    """How we introduce ourselves, with a URL or address where the operator can be reached.

    Raises ValueError for a contact that would not be one line of a header.
    """
    if not contact.isascii() or not contact.isprintable() or not contact.strip():
        raise ValueError(f"the contact for registries is not one line of plain characters: {contact!r}")
    return f"triald/{version} (clinical trial mirror; +{contact.strip()})"
