"""Access requests: to see for a while what one's role does not show. No I/O.

    asked ──▶ waiting ──▶ granted ──▶ (its time is over) or revoked
                     └──▶ denied

`subject` names what is asked for, in a form that its room defines, such as `phi:trial:123`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from actors.errors import Refusal

SUBJECT = re.compile(r"[a-z][a-z0-9_]*(:[A-Za-z0-9._@-]+)*")


class Duration(StrEnum):
    """For how long, from when it is granted."""

    SESSION = "session"
    DAY = "day"
    WEEK = "week"
    PERMANENT = "permanent"


LASTS = {Duration.SESSION: timedelta(hours=8), Duration.DAY: timedelta(days=1), Duration.WEEK: timedelta(weeks=1)}


class State(StrEnum):
    WAITING = "waiting"
    GRANTED = "granted"
    DENIED = "denied"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Request:
    id: int
    tenant_id: int
    requested_at: datetime
    decided_at: datetime | None
    until_at: datetime | None  # None: for good, once it is granted
    revoked_at: datetime | None
    duration: Duration
    state: State
    subject: str
    because: str
    requested_by: str
    decided_by: str | None
    revoked_by: str | None
    reason: str | None


def until(duration: Duration, now: datetime) -> datetime | None:
    """When access that is granted now ends; None: never by itself."""
    return None if duration is Duration.PERMANENT else now + LASTS[duration]


def may_access(requests: Iterable[Request], *, who: str, subject: str, now: datetime) -> bool:
    """Whether any of these requests lets somebody see it at this moment."""
    return any(
        one.state is State.GRANTED and one.requested_by == who and one.subject == subject
        and (one.until_at is None or now < one.until_at)
        for one in requests
    )  # fmt: skip


def check(subject: str, because: str) -> None:
    """Raises Refusal for what cannot be asked."""
    if not SUBJECT.fullmatch(subject) or len(subject) > 200:
        raise Refusal("subject: expected a kind and what of it, such as phi:trial:123", field="subject")
    if not because.strip() or len(because) > 500 or "\0" in because:
        raise Refusal("because: expected why, in 1 to 500 characters", field="because")
