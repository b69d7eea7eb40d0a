"""Logging in with a token, and out."""

import msgspec
from aiohttp import web

from supervisor.roles import Role
from supervisor.web.door import drop_cookie, set_cookie
from supervisor.web.keys import DOOR
from supervisor.web.pages_of import page
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
    response = web.Response(status=303, headers={"Location": local(call.query.next)})
    set_cookie(response, session)
    return response


async def log_out(call: Call[Nothing, Nothing]) -> web.Response:
    """Ends the session."""
    call.request.app[DOOR].log_out(call.request)
    response = web.Response(status=303, headers={"Location": "/login"})
    drop_cookie(response)
    return response


def local(path: str) -> str:
    """A path of this service; anything that could lead elsewhere is the front page."""
    plain = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if plain and path.isascii() else "/"


RESOURCE = Resource(
    "login",
    (
        Route("GET", "/login", form, Role.ANYONE, metered=False),
        Route("POST", "/login", log_in, Role.ANYONE, form=True),
        Route("POST", "/logout", log_out, Role.ANYONE, form=True),
    ),
)
