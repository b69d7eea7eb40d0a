"""The pages of the mode and the flags, of approvals and access requests, and of the audit."""

from typing import Annotated, Literal
from urllib.parse import urlencode

import msgspec
from aiohttp import web
from msgspec import Meta

from actors.governance.access import Duration
from actors.governance.audit import store as audit
from actors.governance.flags import store as flags
from actors.governance.mode import Mode
from supervisor.roles import Role
from supervisor.web import governance_answers as answers
from supervisor.web import governance_commands as commands
from supervisor.web.governing import note
from supervisor.web.pages_of import page, see
from supervisor.web.paging import MOST_ROWS, Before, page_of
from supervisor.web.problems import Refused
from supervisor.web.route import Call, Nothing, Resource, Route

Text = Annotated[str, Meta(max_length=500)]
ROWS = 50
LISTED = 100


class ModeForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mode: Mode
    because: Text = ""


class FlagForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rollout: Annotated[int, Meta(ge=0, le=100)]
    is_on: bool = False


class ReasonForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: Text = ""


class AccessForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    subject: Annotated[str, Meta(max_length=200)] = ""
    because: Text = ""
    duration: Literal["session", "day", "week", "permanent"] = "session"


class AuditForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Empty boxes ask for any."""

    actor: Annotated[str, Meta(max_length=100)] = ""
    action: Annotated[str, Meta(max_length=100)] = ""
    subject: Text = ""
    outcome: Literal["", "done", "refused", "failed"] = ""
    before: Before | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST_ROWS)] = ROWS


async def governance(call: Call[Nothing, Nothing]) -> web.Response:
    """The mode, and every flag."""
    holds = await call.site.mode.current()
    return page(
        call, "governance.html", here="governance", holds=holds.value, chosen=call.site.mode.chosen,
        modes=[mode.value for mode in Mode], flags=await commands.all_flags(call),
        may_change=call.who.may(Role.ADMIN) and call.who.is_home,
    )  # fmt: skip


async def switch(call: Call[Nothing, ModeForm]) -> web.Response:
    """The switch of the mode."""
    await commands.switch_mode(call, call.body.mode, call.body.because)
    call.site.mode.heard()
    return see("/governance")


async def change(call: Call[Nothing, FlagForm]) -> web.Response:
    """The switch of a flag, and for how many it is on."""
    note(call, is_on=call.body.is_on, rollout=call.body.rollout)
    await flags.put(call.db, call.word("name"), on=call.body.is_on, rollout=call.body.rollout, by=call.who.login)
    return see("/governance")


async def approvals(call: Call[Nothing, Nothing]) -> web.Response:
    """What waits for somebody's consent, and what became of the rest."""
    return await _approvals(call)


async def _approvals(
    call: Call[Nothing, Nothing] | Call[Nothing, ReasonForm] | Call[Nothing, AccessForm], problem: Refused | None = None
) -> web.Response:
    told = await commands.listed_approvals(call, None, None, LISTED)
    access = await commands.listed_access(call, None, None, LISTED)
    given = call.body if isinstance(call.body, AccessForm) else AccessForm()
    return page(
        call, "approvals.html", here="approvals", approvals=told.approvals, requests=access.requests,
        me=call.who.login, may_decide=call.who.may(Role.STEWARD), rule=call.site.approval_rule,
        durations=[one.value for one in Duration], given=given, problem=problem,
    )  # fmt: skip


async def approve(call: Call[Nothing, ReasonForm]) -> web.Response:
    """The button that lets it go on."""
    await commands.approve(call, call.id(), call.body.reason)
    return see("/approvals")


async def deny(call: Call[Nothing, ReasonForm]) -> web.Response:
    """The button that stops it, with why."""
    await commands.deny(call, call.id(), call.body.reason)
    return see("/approvals")


async def withdraw(call: Call[Nothing, Nothing]) -> web.Response:
    """The button of who asked and needs it no more."""
    await commands.withdraw(call, call.id())
    return see("/approvals")


async def ask(call: Call[Nothing, AccessForm]) -> web.Response:
    """The form that asks for access."""
    given = call.body
    await commands.ask_access(call, given.subject, given.because, Duration(given.duration))
    return see("/approvals#access")


async def grant(call: Call[Nothing, ReasonForm]) -> web.Response:
    """The button that grants it."""
    await commands.decide_access(call, call.id(), granted=True, reason=call.body.reason)
    return see("/approvals#access")


async def refuse(call: Call[Nothing, ReasonForm]) -> web.Response:
    """The button that does not."""
    await commands.decide_access(call, call.id(), granted=False, reason=call.body.reason)
    return see("/approvals#access")


async def revoke(call: Call[Nothing, Nothing]) -> web.Response:
    """The button that ends it now."""
    await commands.revoke_access(call, call.id())
    return see("/approvals#access")


async def entries(call: Call[AuditForm, Nothing]) -> web.Response:
    """What was done, by whom."""
    query, who = call.query, call.who
    asked = audit.Asked(
        None if who.is_home else who.tenant, query.actor or None, query.action or None, query.subject or None,
        query.outcome or None,
    )  # fmt: skip
    found, next_ = page_of(await audit.listed(call.db, asked, before=query.before, limit=query.limit), query.limit)
    kept = [(name, value) for name, value in call.request.query.items() if value and name != "before"]
    unsealed, _ = await audit.waiting(call.db)
    return page(
        call, "audit.html", here="audit", entries=[answers.entry(one) for one in found], asked=query,
        head=await audit.head(call.db), unsealed=unsealed,
        next=urlencode([*kept, ("before", next_)]) if next_ else None, first=urlencode(kept) if query.before else None,
    )  # fmt: skip


def _form(path: str, handler: object, role: Role, **more: bool) -> Route:
    return Route("POST", path, handler, role, status=303, form=True, **more)  # type: ignore[arg-type]


RESOURCE = Resource(
    "governance_pages",
    (
        Route("GET", "/governance", governance, Role.VIEWER, in_standby=True),
        _form("/governance/mode", switch, Role.ADMIN, at_home=True, in_standby=True),
        _form("/governance/flags/{name}", change, Role.ADMIN, at_home=True),
        Route("GET", "/approvals", approvals, Role.VIEWER, of_tenant=True),
        _form("/approvals/{id}/approve", approve, Role.STEWARD, of_tenant=True),
        _form("/approvals/{id}/deny", deny, Role.STEWARD, of_tenant=True),
        _form("/approvals/{id}/withdraw", withdraw, Role.VIEWER, of_tenant=True),
        _form("/access-requests", ask, Role.VIEWER, of_tenant=True),
        _form("/access-requests/{id}/grant", grant, Role.STEWARD, of_tenant=True),
        _form("/access-requests/{id}/deny", refuse, Role.STEWARD, of_tenant=True),
        _form("/access-requests/{id}/revoke", revoke, Role.STEWARD, of_tenant=True),
        Route("GET", "/audit", entries, Role.STEWARD),
    ),
    of_registries=False,
)
