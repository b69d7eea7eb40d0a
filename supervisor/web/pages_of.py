"""A page as the answer to a call."""

from typing import Any

from aiohttp import web

from supervisor.roles import Role
from supervisor.web.keys import PAGES
from supervisor.web.route import Call


def page(call: Call[Any, Any], name: str, *, here: str, status: int = 200, **given: object) -> web.Response:
    """`here` says which part of the navigation it belongs to."""
    who = call.who if call.who.role > Role.ANYONE else None
    may_operate = call.who.role >= Role.OPERATOR
    text = call.request.app[PAGES].render(name, here=here, who=who, may_operate=may_operate, **given)
    return web.Response(status=status, text=text, content_type="text/html")
