"""With which statuses a route may refuse, and why: from what it takes, who may use it and what it does. No I/O."""

from collections.abc import Mapping
from types import MappingProxyType

from supervisor.roles import Role
from supervisor.web.route import Route

SAYS: Mapping[int, str] = MappingProxyType({
    400: "A parameter, a field or the request is not as expected",
    401: "It is not known who asks",
    403: "Who asks may not, or not from there, or not in this mode of the service",
    404: "There is no such thing, or it is not yours",
    409: "Not as things stand: somebody was first, it is too late, or the key was used for something else",
    413: "The body is too large",
    415: "The body is of another media type",
    416: "There is no such part of it",
    421: "The host is not this service",
    426: "This is a WebSocket, or a stream",
    429: "Asked too often, or too much at once",
    503: "The database does not answer, or the service cannot do it just now",
})  # fmt: skip
HAS_RETRY_AFTER = frozenset({429, 503})


def refusals(route: Route) -> tuple[int, ...]:
    """In order. A path that needs a part may name what is not there; a command may come too late, and has a body."""
    open_to_all = route.role is Role.ANYONE
    told = {
        400: True,
        401: not open_to_all or route.is_command,
        403: not open_to_all or route.is_command or not route.in_standby,
        404: "{" in route.path or route.is_command,
        409: route.is_command,
        413: route.is_command,
        415: route.is_command,
        421: True,
        426: route.stays_open,
        429: route.metered or route.is_command,
        503: True,
    }
    return tuple(status for status, may in told.items() if may or status in route.refuses)


def shows_pages(route: Route) -> bool:
    """Whether a browser that asks for a page gets one that says what is wrong, and the login where it is 401."""
    return not route.path.startswith("/api/")
