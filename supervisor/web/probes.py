"""Health and metrics without the rest of the web: all that a worker answers, and what monitoring asks of anyone."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

from aiohttp import web
from aiohttp.typedefs import Handler

from actors.runtime.life import Life
from actors.runtime.telemetry import emit
from supervisor.roles import Role
from supervisor.web.answering import OUTSIDE, REQUEST_ID, as_json, request_id_of, set_headers
from supervisor.web.door import Door
from supervisor.web.mounting import mounted
from supervisor.web.problems import problem_of, problem_of_status
from supervisor.web.route import Route
from supervisor.web.routes import health, metrics
from supervisor.web.site import Site

BEAT_EVERY_S = 1.0


def build(site: Site, *, needs_login: bool) -> web.Application:
    """Health is open to anyone; `needs_login` keeps the metrics from who has none.

    Names are not looked at, for kubelet and Prometheus ask by address, and nothing here reads a cookie's session.
    """
    door = Door(site)
    app = web.Application(middlewares=[_answering], client_max_size=0)
    for route in _routes(needs_login=needs_login):
        app.router.add_get(route.path, mounted(route, site, door))
    app.on_response_prepare.append(set_headers)
    return app


def _routes(*, needs_login: bool) -> Iterator[Route]:
    for route in (*health.RESOURCE.routes, *metrics.RESOURCE.routes):
        shown = replace(route, of_registries=False)
        yield shown if needs_login else replace(shown, role=Role.ANYONE, metered=False)


@web.middleware
async def _answering(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Each error in the envelope of all others; no line in the log, for who asks does so all day."""
    request[REQUEST_ID] = request_id_of(request.headers.get("X-Request-Id"))
    try:
        return await handler(request)
    except web.HTTPException as error:
        problem = problem_of_status(error.status, error.reason, {})
    except Exception as error:
        problem = problem_of(error, outside=OUTSIDE)
    return as_json(problem, request[REQUEST_ID])


@asynccontextmanager
async def listening(site: Site, host: str, port: int, *, needs_login: bool) -> AsyncIterator[int]:
    """Serves; gives the port, which is a free one where 0 was asked for."""
    runner = web.AppRunner(build(site, needs_login=needs_login), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        bound = int(runner.addresses[0][1])
        emit("probes.listening", host=host, port=bound)
        yield bound
    finally:
        await runner.cleanup()


async def serve(site: Site, host: str, port: int, life: Life, *, needs_login: bool) -> None:
    """The actor: serves until it is cancelled, also while the others drain."""
    async with listening(site, host, port, needs_login=needs_login):
        while True:
            life.beat()
            await asyncio.sleep(BEAT_EVERY_S)
