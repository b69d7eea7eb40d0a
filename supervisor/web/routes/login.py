"""Logging in with a token, and out."""

import msgspec
from aiohttp import web

from supervisor.roles import Role
from supervisor.web.door import drop_cookie, set_cookie
from supervisor.web.keys import DOOR
from supervisor.web.pages_of import local, page, see
from supervisor.web.route import Call, Nothing, Resource, Route


class Next(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to go afterwards: a path of ours."""

    next: str = "/"


class Token(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    token: str = ""


async def form(call: Call[Next, Nothing]) -> web.Response:
    """The page that asks for a token."""
    return page(call, "login.html", here="login", next=local(call.query.next), wrong=False)


async def log_in(call: Call[Next, Token]) -> web.Response:
    """Opens a session, whose id goes into a cookie that scripts cannot read."""
    session = await call.request.app[DOOR].log_in(call.body.token.strip())
    if session is None:
        return page(call, "login.html", status=401, here="login", next=local(call.query.next), wrong=True)
    response = see(call.query.next)
    set_cookie(response, session)
    return response


async def log_out(call: Call[Nothing, Nothing]) -> web.Response:
    """Ends the session."""
    call.request.app[DOOR].log_out(call.request)
    response = see("/login")
    drop_cookie(response)
    return response


RESOURCE = Resource(
    "login",
    (
        Route("GET", "/login", form, Role.ANYONE, metered=False),
        Route("POST", "/login", log_in, Role.ANYONE, status=303, form=True, bucket="logins"),
        Route("POST", "/logout", log_out, Role.ANYONE, status=303, form=True),
    ),
    of_registries=False,
)
