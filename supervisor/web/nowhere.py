"""Requests that no route takes: guarded and counted like all others, so that none tells a stranger what is here."""

from aiohttp import web
from aiohttp.typedefs import Handler

from supervisor.roles import Role
from supervisor.web.answering import NOWHERE
from supervisor.web.door import Door
from supervisor.web.route import Call, Nothing, Route


async def _nothing(call: Call[Nothing, Nothing]) -> None:
    """Nothing is here."""


ROUTE = Route("*", "/{path:.*}", _nothing, Role.VIEWER)


def nowhere(door: Door) -> Handler:
    """Refuses with 405 where another method would do, else with 404."""

    async def answer(request: web.Request) -> web.StreamResponse:
        await door.enter(request, ROUTE)
        allowed = await _allowed(request)
        if allowed:
            raise web.HTTPMethodNotAllowed(request.method, allowed)
        raise web.HTTPNotFound

    return answer


async def _allowed(request: web.Request) -> set[str]:
    found: set[str] = set()
    for resource in request.app.router.resources():
        if resource.name != NOWHERE:
            _, methods = await resource.resolve(request)
            found |= methods
    return found
