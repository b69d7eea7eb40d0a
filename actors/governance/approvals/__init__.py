"""Approvals: what waits until somebody else agrees. No I/O.

                         ┌──▶ approved ──▶ its job runs; under two of the policies it covers more for a while
    asked ──▶ waiting ───┼──▶ denied   ──▶ its job is cancelled, with the reason
                         └──▶ expired, withdrawn   (its job is cancelled too)

Who decides is never who asked, and decides once: the database refuses any other step.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from actors.errors import Conflict, Forbidden, Refusal

SESSION = timedelta(hours=8)
PHASE = timedelta(days=30)
SAME = timedelta(days=1)  # what was approved may be fetched again for so long, should a connection break
EXPORT = "export"  # the gate of what leaves in bulk


class Policy(StrEnum):
    """What one approval is for: itself, all that its requester asks for in a phase, or for a session."""

    REQUIRE_EACH = "REQUIRE_EACH"
    APPROVE_PHASE = "APPROVE_PHASE"
    APPROVE_SESSION = "APPROVE_SESSION"


class State(StrEnum):
    WAITING = "waiting"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks to be approved: `asked` in words of the request itself, `because` in their own."""

    gate: str
    who: str
    tenant: int
    rows: int | None = None
    phase: str = ""
    asked: str = ""
    because: str = ""
    job: int | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    id: int
    tenant_id: int
    job_id: int | None
    rows: int | None
    requested_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    covers_until: datetime | None
    gate: str
    policy: Policy
    state: State
    phase: str
    asked: str
    because: str
    requested_by: str | None
    decided_by: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Rule:
    """What the settings say: from how many rows on an approval is needed, of which kind, and how long it waits."""

    rows: int = 100_000
    policy: Policy = Policy.REQUIRE_EACH
    waits: timedelta = timedelta(hours=72)


def needs(rule: Rule, rows: int) -> bool:
    """Whether so many rows may leave only with somebody else's consent."""
    return rows > rule.rows


def covers_until(policy: Policy, now: datetime) -> datetime:
    """Until when an approval that is given now is good: for the same, for a phase, for all that its gate lets by."""
    match policy:
        case Policy.REQUIRE_EACH:
            return now + SAME
        case Policy.APPROVE_PHASE:
            return now + PHASE
        case Policy.APPROVE_SESSION:
            return now + SESSION


def check(wish: Wish, policy: Policy) -> None:
    """Raises Refusal for what cannot be asked."""
    if policy is Policy.APPROVE_PHASE and not wish.phase:
        raise Refusal("phase: expected the phase of your work that this belongs to", field="phase")
    for name, text, most in (("phase", wish.phase, 100), ("asked", wish.asked, 4000), ("because", wish.because, 500)):
        if len(text) > most or "\0" in text:
            raise Refusal(f"{name}: expected {most} characters at most", field=name)


class NotYours(Forbidden):
    """Who asked cannot decide."""


class Decided(Conflict):
    """It was decided before, or waits no more."""
