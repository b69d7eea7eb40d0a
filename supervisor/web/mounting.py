"""A route as aiohttp runs it: the door, the checked query and body, the handler, its answer as JSON."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler as WebHandler

from actors.errors import Forbidden
from actors.governance.accounts.store import act_for
from supervisor.web import standing
from supervisor.web.bodies import body_of
from supervisor.web.door import NOBODY, Door
from supervisor.web.governing import Refusals, append, check_mode
from supervisor.web.keys import LOOK
from supervisor.web.once import Kept, once
from supervisor.web.problems import Refused
from supervisor.web.reading import read_body, read_form, read_query
from supervisor.web.route import NOTHING, Call, Database, Nothing, Route, Shape, Who, shape_of
from supervisor.web.site import Site


def mounted(route: Route, site: Site, door: Door, refusals: Refusals | None = None) -> WebHandler:
    """Raises BadRoute where the handler does not say what it takes and answers."""
    shape, refused = shape_of(route), refusals or Refusals(site)

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await served(request)
        except (Refused, Forbidden) as error:
            if isinstance(error, Forbidden) or error.status == 403:
                await refused.note(request, route, door.remembered(request) or NOBODY, error)
            raise

    async def served(request: web.Request) -> web.StreamResponse:
        who = await door.enter(request, route)
        await check_mode(route, site)
        with door.among(who, site.at_once) if route.is_counted_at_once else nullcontext():
            query, problem = _query(request, route, shape)
            if route.says_sources:
                standing.know(request, await request.app[LOOK].sources())
            asked: Call[Any, Any] = Call(request, site, site.pool, who, query, NOTHING, problem)
            async with _body(asked, route, shape) as body, _database(route, site, who) as db:
                call = Call(request, site, db, who, query, body, problem)
                return await (_command if route.is_command else _answered)(route, call)

    return answer


@asynccontextmanager
async def _database(route: Route, site: Site, who: Who) -> AsyncIterator[Database]:
    """What a handler asks: the pool, which sees nothing of any tenant, or a transaction that acts for the caller's."""
    if not (route.is_command or route.of_tenant):
        yield site.pool
        return
    async with site.pool.acquire() as db, db.transaction():
        if who.tenant:
            await act_for(db, who.tenant)
        yield db


def _query(request: web.Request, route: Route, shape: Shape) -> tuple[Any, Refused | None]:
    if shape.query is Nothing and not request.query_string:
        return NOTHING, None
    try:
        return read_query(list(request.query.items()), shape.query), None
    except Refused as error:
        if not route.keeps_form:
            raise
        return shape.query(), error


@asynccontextmanager
async def _body(call: Call[Any, Any], route: Route, shape: Shape) -> AsyncIterator[Any]:
    request = call.request
    if not route.is_command:
        yield NOTHING
    elif route.receive is not None:
        async with route.receive(call) as received:
            yield received
    else:
        body = await body_of(request, within_s=call.site.request_within_s)
        yield (read_form if route.form else read_body)(body, request.content_type, shape.body)


async def _command(route: Route, call: Call[Any, Any]) -> web.StreamResponse:
    if route.form or route.receive is not None:
        response = await _answered(route, call)
        await append(call.db, route, call, response.status)
        return response

    async def effect() -> Kept:
        kept = Kept(route.status, msgspec.json.encode(await route.handler(call)))
        await append(call.db, route, call, kept.status)
        return kept

    kept, again = await once(call.db, call.request, call.who, effect, secret=route.secret)
    response = json_response(kept.status, kept.answer)
    if again:
        response.headers["Idempotent-Replayed"] = "true"
    return response


async def _answered(route: Route, call: Call[Any, Any]) -> web.StreamResponse:
    result = await route.handler(call)
    if isinstance(result, web.StreamResponse):
        return result
    told = standing.with_sources(result, call.request) if route.says_sources else msgspec.json.encode(result)
    return json_response(route.status, told)


async def go_on(request: web.Request) -> None:
    """What a client may wait for before it sends the body; what else it expects is its own affair."""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.version >= (1, 1):
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # the answer itself has not begun


def json_response(status: int, body: bytes) -> web.Response:
    return web.Response(status=status, body=body, content_type="application/json")
