"""Access requests: to see for a while what one's role does not show."""

from actors.governance.access import Duration
from supervisor.roles import Role
from supervisor.web import governance_commands as commands
from supervisor.web.governance_answers import AccessPage, AccessQuery, AccessTold, AccessWish, Reason
from supervisor.web.route import Call, Nothing, Resource, Route


async def listed(call: Call[AccessQuery, Nothing]) -> AccessPage:
    """The newest first: a steward's tenant's, and otherwise your own."""
    return await commands.listed_access(call, call.query.state, call.query.before, call.query.limit)


async def ask(call: Call[Nothing, AccessWish]) -> AccessTold:
    """Waits until a steward decides, who is somebody else."""
    given = call.body
    return await commands.ask_access(call, given.subject, given.because, Duration(given.duration))


async def grant(call: Call[Nothing, Reason]) -> AccessTold:
    """For as long as was asked, from now on."""
    return await commands.decide_access(call, call.id(), granted=True, reason=call.body.reason)


async def deny(call: Call[Nothing, Reason]) -> AccessTold:
    """It stays closed."""
    return await commands.decide_access(call, call.id(), granted=False, reason=call.body.reason)


async def revoke(call: Call[Nothing, Nothing]) -> AccessTold:
    """What was granted ends now."""
    return await commands.revoke_access(call, call.id())


ONE = "/api/v1/access-requests/{id}"

RESOURCE = Resource(
    "access_requests",
    (
        Route("GET", "/api/v1/access-requests", listed, Role.VIEWER),
        Route("POST", "/api/v1/access-requests", ask, Role.VIEWER, status=201, group="governance"),
        Route("POST", f"{ONE}/grant", grant, Role.STEWARD, group="governance"),
        Route("POST", f"{ONE}/deny", deny, Role.STEWARD, group="governance"),
        Route("POST", f"{ONE}/revoke", revoke, Role.STEWARD, group="governance"),
    ),
    of_registries=False,
    of_tenant=True,
)
