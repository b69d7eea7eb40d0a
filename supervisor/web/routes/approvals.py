"""Approvals: what waits until somebody else agrees."""

from supervisor.roles import Role
from supervisor.web import governance_answers as answers
from supervisor.web import governance_commands as commands
from supervisor.web.governance_answers import ApprovalsPage, ApprovalsQuery, ApprovalTold, Reason
from supervisor.web.route import Call, Nothing, Resource, Route


async def listed(call: Call[ApprovalsQuery, Nothing]) -> ApprovalsPage:
    """The newest first: a steward's tenant's, and otherwise your own."""
    return await commands.listed_approvals(call, call.query.state, call.query.before, call.query.limit)


async def one(call: Call[Nothing, Nothing]) -> ApprovalTold:
    """One of them."""
    return answers.approval(await commands.approval(call, call.id()))


async def approve(call: Call[Nothing, Reason]) -> ApprovalTold:
    """Its job leaves held; never by who asked, and once."""
    return await commands.approve(call, call.id(), call.body.reason)


async def deny(call: Call[Nothing, Reason]) -> ApprovalTold:
    """Its job is cancelled, and who asked is told the reason."""
    return await commands.deny(call, call.id(), call.body.reason)


async def withdraw(call: Call[Nothing, Nothing]) -> ApprovalTold:
    """Who asked needs it no more."""
    return await commands.withdraw(call, call.id())


ONE = "/api/v1/approvals/{id}"

RESOURCE = Resource(
    "approvals",
    (
        Route("GET", "/api/v1/approvals", listed, Role.VIEWER),
        Route("GET", ONE, one, Role.VIEWER),
        Route("POST", f"{ONE}/approve", approve, Role.STEWARD, group="governance"),
        Route("POST", f"{ONE}/deny", deny, Role.STEWARD, group="governance"),
        Route("POST", f"{ONE}/withdraw", withdraw, Role.VIEWER),
    ),
    of_registries=False,
    of_tenant=True,
)
