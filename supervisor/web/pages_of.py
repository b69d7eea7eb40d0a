"""A page as the answer to a call, and the way from a form to a page."""

from typing import Any

from aiohttp import web

from supervisor.roles import Role
from supervisor.web import standing
from supervisor.web.keys import PAGES
from supervisor.web.route import Call


def see(path: str) -> web.Response:
    """What a form that did its work leads to."""
    return web.Response(status=303, headers={"Location": local(path)})


def local(path: str) -> str:
    """A path of this service; anything that could lead elsewhere is the front page."""
    plain = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if plain and path.isascii() else "/"


def page(call: Call[Any, Any], name: str, *, here: str, status: int = 200, **given: object) -> web.Response:
    """`here` says which part of the navigation it belongs to."""
    who = call.who if call.who.may(Role.VIEWER) else None
    may = {"may_operate": call.who.may(Role.OPERATOR), "may_judge": call.who.may(Role.STEWARD) and call.who.is_home}
    told = standing.notices(call.request)
    text = call.request.app[PAGES].render(name, here=here, who=who, standing=told, **may, **given)
    return web.Response(status=status, text=text, content_type="text/html")
