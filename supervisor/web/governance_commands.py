"""What pages and programs do alike with the mode, flags, approvals and access requests."""

from datetime import UTC, datetime
from typing import Any

from actors.errors import Forbidden
from actors.governance.access import Duration
from actors.governance.access import store as access
from actors.governance.accounts.store import act_for
from actors.governance.approvals import Approval, deciding
from actors.governance.approvals import store as approvals
from actors.governance.flags import ALLOW_MODE_CHANGES
from actors.governance.flags import store as flags
from actors.governance.mode import Mode
from actors.governance.mode import store as modes
from supervisor.roles import Role
from supervisor.web import governance_answers as answers
from supervisor.web.governance_answers import AccessPage, AccessTold, ApprovalsPage, ApprovalTold, FlagTold, ModeTold
from supervisor.web.governing import note
from supervisor.web.paging import page_of
from supervisor.web.route import Call


async def switch_mode(call: Call[Any, Any], mode: Mode, because: str | None) -> ModeTold:
    """Raises Forbidden where a flag forbids it."""
    who = call.who
    now = await call.site.mode.current()
    if not await flags.holds(call.db, ALLOW_MODE_CHANGES, tenant=who.tenant, user=who.user, mode=now):
        raise Forbidden(f"the flag {ALLOW_MODE_CHANGES} is off: the mode is changed on the command line alone")
    done = await modes.switch(call.db, mode, by=who.login, because=because or None)
    note(call, mode=mode.value, previous_mode=done.previous and done.previous.value, version=done.version)
    return answers.mode(mode, await modes.chosen(call.db))


async def all_flags(call: Call[Any, Any]) -> tuple[FlagTold, ...]:
    """Every flag, and whether it is on for who asks."""
    who, mode = call.who, await call.site.mode.current()
    return tuple([
        answers.flag(
            one, on_for_you=await flags.holds(call.db, one.name, tenant=who.tenant, user=who.user, mode=mode)
        )
        for one in await flags.flags(call.db)
    ])  # fmt: skip


async def see_everybody(call: Call[Any, Any]) -> None:
    """For the rest of a command of the home tenant, which names organisations and people of any."""
    await act_for(call.db, None)


async def listed_approvals(call: Call[Any, Any], state: str | None, before: int | None, limit: int) -> ApprovalsPage:
    """A steward sees those of their tenant, others their own."""
    who = None if call.who.may(Role.STEWARD) else call.who.login
    rows, next_ = page_of(await approvals.listed(call.db, state=state, who=who, before=before, limit=limit), limit)
    return ApprovalsPage(tuple(answers.approval(one) for one in rows), next_)


async def approval(call: Call[Any, Any], id_: int) -> Approval:
    """Raises NotFound, and Forbidden for somebody else's."""
    one = await approvals.approval(call.db, id_)
    if one.requested_by != call.who.login and not call.who.may(Role.STEWARD):
        raise Forbidden("id: this approval is somebody else's")
    return one


async def approve(call: Call[Any, Any], id_: int, reason: str) -> ApprovalTold:
    """Raises NotFound, NotYours and Decided."""
    now = datetime.now(UTC)
    return _decided(call, await deciding.approve(call.db, id_, by=call.who.login, reason=reason or None, now=now))


async def deny(call: Call[Any, Any], id_: int, reason: str) -> ApprovalTold:
    """Raises Refusal, NotFound, NotYours and Decided."""
    return _decided(call, await deciding.deny(call.db, id_, by=call.who.login, reason=reason, now=datetime.now(UTC)))


async def withdraw(call: Call[Any, Any], id_: int) -> ApprovalTold:
    """Raises NotFound, NotYours and Decided."""
    return _decided(call, await deciding.withdraw(call.db, id_, by=call.who.login, now=datetime.now(UTC)))


def _decided(call: Call[Any, Any], one: Approval) -> ApprovalTold:
    note(call, gate=one.gate, policy=one.policy.value, rows=one.rows, job=one.job_id, state=one.state.value)
    return answers.approval(one)


async def listed_access(call: Call[Any, Any], state: str | None, before: int | None, limit: int) -> AccessPage:
    """A steward sees those of their tenant, others their own."""
    who, now = None if call.who.may(Role.STEWARD) else call.who.login, datetime.now(UTC)
    rows, next_ = page_of(await access.listed(call.db, state=state, who=who, before=before, limit=limit), limit)
    return AccessPage(tuple(answers.access_request(one, now) for one in rows), next_)


async def ask_access(call: Call[Any, Any], subject: str, because: str, duration: Duration) -> AccessTold:
    """Raises Refusal and Decided."""
    who, now = call.who, datetime.now(UTC)
    one = await access.ask(
        call.db, subject=subject, because=because, duration=duration, who=who.login, tenant=who.tenant
    )
    note(call, scope=one.subject, duration=duration.value, number=one.id)
    return answers.access_request(one, now)


async def decide_access(call: Call[Any, Any], id_: int, *, granted: bool, reason: str) -> AccessTold:
    """Raises NotFound, NotYours and Decided."""
    now = datetime.now(UTC)
    one = await access.decide(call.db, id_, granted=granted, by=call.who.login, reason=reason or None, now=now)
    note(call, scope=one.subject, duration=one.duration.value, until=one.until_at and one.until_at.isoformat())
    return answers.access_request(one, now)


async def revoke_access(call: Call[Any, Any], id_: int) -> AccessTold:
    """Raises NotFound and Decided."""
    now = datetime.now(UTC)
    one = await access.revoke(call.db, id_, by=call.who.login, now=now)
    note(call, scope=one.subject)
    return answers.access_request(one, now)
