"""What the audit, the mode, flags, approvals and access requests look like to programs. No I/O."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from actors.governance import access, approvals
from actors.governance.audit.store import Listed
from actors.governance.flags import Flag, Rule
from actors.governance.mode import Chosen, Mode
from supervisor.web.paging import PageQuery, Word

Text = Annotated[str, Meta(max_length=500)]
Percent = Annotated[int, Meta(ge=0, le=100)]


class AuditQuery(PageQuery, frozen=True, forbid_unknown_fields=True):
    """Entries of one actor, action, subject or outcome; `since` and `until` bound their time."""

    actor: Word | None = None
    action: Word | None = None
    subject: Annotated[str, Meta(min_length=1, max_length=500)] | None = None
    outcome: Literal["done", "refused", "failed"] | None = None
    since: datetime | None = None
    until: datetime | None = None


class EntryTold(msgspec.Struct, frozen=True):
    """`seq` and `hash`: its place in the chain, null for the moment until it has one. `actor` is null once erased."""

    id: int
    at: datetime
    tenant: int
    actor: str | None
    actor_id: int
    role: str
    action: str
    subject: str
    outcome: str
    request_id: str | None
    details: Mapping[str, Any]
    seq: int | None
    hash: str | None


class AuditPage(msgspec.Struct, frozen=True):
    entries: tuple[EntryTold, ...]
    next: int | None


class VerdictTold(msgspec.Struct, frozen=True):
    """`fault` says what is wrong first, and where; `head` is to be written down elsewhere."""

    well: bool
    links: int
    head: str
    unsealed: int
    fault: str | None


class ModeTold(msgspec.Struct, frozen=True):
    """`readable` is false while nobody can tell which mode was chosen: STANDBY holds then."""

    mode: Mode
    readable: bool
    version: int | None
    since: datetime | None


class ModeSwitch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mode: Mode
    because: Text | None = None


class FlagTold(msgspec.Struct, frozen=True):
    name: str
    says: str
    is_on: bool
    rollout: int
    modes: tuple[Mode, ...]
    on_for_you: bool
    changed_at: datetime
    changed_by: str | None


class FlagsList(msgspec.Struct, frozen=True):
    flags: tuple[FlagTold, ...]


class FlagChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is not given stays; a new flag needs `says`."""

    is_on: bool | None = None
    rollout: Percent | None = None
    modes: tuple[Mode, ...] | None = None
    says: Annotated[str, Meta(min_length=1, max_length=500)] | None = None


class RuleTold(msgspec.Struct, frozen=True):
    id: int
    scope: Literal["ORGANIZATION", "USER"]
    organisation: str | None
    login: str | None
    is_on: bool
    rollout: int


class RulesList(msgspec.Struct, frozen=True):
    flag: str
    rules: tuple[RuleTold, ...]


class NewRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of one organisation, by its number, or of one person."""

    is_on: bool
    rollout: Percent = 100
    tenant: Annotated[int, Meta(ge=1, le=2**63 - 1)] | None = None
    login: Word | None = None


class RuleMade(msgspec.Struct, frozen=True):
    flag: str
    id: int


class Dropped(msgspec.Struct, frozen=True):
    dropped: bool


class ApprovalsQuery(PageQuery, frozen=True, forbid_unknown_fields=True):
    state: Literal["waiting", "approved", "denied", "expired", "withdrawn"] | None = None


class ApprovalTold(msgspec.Struct, frozen=True):
    id: int
    gate: str
    policy: Literal["REQUIRE_EACH", "APPROVE_PHASE", "APPROVE_SESSION"]
    state: Literal["waiting", "approved", "denied", "expired", "withdrawn"]
    rows: int | None
    phase: str
    asked: str
    because: str
    requested_by: str | None
    requested_at: datetime
    expires_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    covers_until: datetime | None
    reason: str | None
    job: int | None


class ApprovalsPage(msgspec.Struct, frozen=True):
    approvals: tuple[ApprovalTold, ...]
    next: int | None


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: Text = ""


class AccessQuery(PageQuery, frozen=True, forbid_unknown_fields=True):
    state: Literal["waiting", "granted", "denied", "revoked"] | None = None


class AccessWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`subject` names what is asked for, such as phi:trial:123."""

    subject: Annotated[str, Meta(min_length=1, max_length=200)]
    because: Annotated[str, Meta(min_length=1, max_length=500)]
    duration: Literal["session", "day", "week", "permanent"]


class AccessTold(msgspec.Struct, frozen=True):
    """`is_open`: it can be seen at this moment."""

    id: int
    subject: str
    because: str
    duration: Literal["session", "day", "week", "permanent"]
    state: Literal["waiting", "granted", "denied", "revoked"]
    is_open: bool
    requested_by: str
    requested_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    until: datetime | None
    revoked_by: str | None
    revoked_at: datetime | None
    reason: str | None


class AccessPage(msgspec.Struct, frozen=True):
    requests: tuple[AccessTold, ...]
    next: int | None


def entry(one: Listed) -> EntryTold:
    """No I/O."""
    is_ = one.entry
    return EntryTold(
        is_.id, is_.at, is_.tenant, one.login, is_.actor, is_.role, is_.action, is_.subject, is_.outcome,
        is_.request_id, is_.details, one.seq, one.hash.hex() if one.hash else None,
    )  # fmt: skip


def mode(holds: Mode, chosen: Chosen | None) -> ModeTold:
    """No I/O."""
    known = chosen is not None
    return ModeTold(holds, known, chosen.version if chosen else None, chosen.changed_at if chosen else None)


def flag(one: Flag, *, on_for_you: bool) -> FlagTold:
    """No I/O."""
    return FlagTold(one.name, one.says, one.is_on, one.rollout, one.modes, on_for_you, one.changed_at, one.changed_by)


def rule(one: Rule) -> RuleTold:
    """No I/O."""
    scope: Literal["ORGANIZATION", "USER"] = "USER" if one.user is not None else "ORGANIZATION"
    return RuleTold(one.id, scope, one.organisation, one.login, one.is_on, one.rollout)


def approval(one: approvals.Approval) -> ApprovalTold:
    """No I/O."""
    return ApprovalTold(
        one.id, one.gate, one.policy.value, one.state.value, one.rows, one.phase, one.asked, one.because,
        one.requested_by, one.requested_at, one.expires_at, one.decided_by, one.decided_at, one.covers_until,
        one.reason, one.job_id,
    )  # fmt: skip


def access_request(one: access.Request, now: datetime) -> AccessTold:
    """No I/O."""
    is_open = access.may_access([one], who=one.requested_by, subject=one.subject, now=now)
    return AccessTold(
        one.id, one.subject, one.because, one.duration.value, one.state.value, is_open, one.requested_by,
        one.requested_at, one.decided_by, one.decided_at, one.until_at, one.revoked_by, one.revoked_at, one.reason,
    )  # fmt: skip
