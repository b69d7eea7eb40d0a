"""The application: every resource mounted and guarded; and the actor that serves it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import cast

from aiohttp import web

import supervisor.web.routes
from actors.runtime.catalog import catalog
from actors.runtime.life import Life
from actors.runtime.telemetry import emit
from supervisor.oidc import Issuer
from supervisor.web.answering import NOWHERE, answering, set_headers
from supervisor.web.door import Door
from supervisor.web.governing import Refusals, closing
from supervisor.web.guard import guarding
from supervisor.web.keys import DOOR, ISSUER, LOBBY, LOOK, PAGES, SOCKETS, Sockets
from supervisor.web.live import Look, tell
from supervisor.web.lobby import Lobby
from supervisor.web.malformed import Speaker
from supervisor.web.mounting import go_on, mounted
from supervisor.web.nowhere import nowhere
from supervisor.web.render import Pages
from supervisor.web.route import Resource, Route
from supervisor.web.site import Site

MOST_BODY_BYTES = 64 * 1024
BACKLOG = 4096  # with the usual 128 a burst of 2,000 connections hung
END_WITHIN_S = 5.0
BEAT_EVERY_S = 1.0


@cache
def resources() -> dict[str, Resource]:
    """Every resource by its name."""
    return catalog(supervisor.web.routes, "RESOURCE", Resource)


def all_routes() -> list[tuple[str, Route]]:
    """Every route with the name of its resource."""
    return [(one.name, route) for one in resources().values() for route in one.mounted()]


def build(site: Site) -> web.Application:
    """Raises BadRoute or BadPlugin where a resource does not say what it is."""
    pages, door, sockets, refusals = Pages(mode=lambda: site.mode.now.value), Door(site), Sockets(), Refusals(site)
    app = web.Application(middlewares=[answering(pages, door)], client_max_size=MOST_BODY_BYTES)
    app[PAGES] = pages
    app[DOOR] = door
    app[LOOK] = Look(site)
    app[ISSUER] = None if site.oidc is None else Issuer(site.oidc)
    app[LOBBY] = Lobby(site.hub, site.all_tenants, app[LOOK].registries)
    app[SOCKETS] = sockets
    for _, route in all_routes():
        handler = mounted(route, site, door, refusals)
        app.router.add_route(route.method, route.path, handler, expect_handler=go_on)
        if route.method == "GET":
            app.router.add_route("HEAD", route.path, handler, expect_handler=go_on)
    app.router.add_resource("/{path:.*}", name=NOWHERE).add_route("*", nowhere(door), expect_handler=go_on)
    app.on_response_prepare.append(set_headers)
    app.cleanup_ctx.append(guarding)
    app.cleanup_ctx.append(lambda app: closing(app, site))
    app.on_shutdown.append(_close_sockets)
    return app


async def _close_sockets(app: web.Application) -> None:
    for gone in app[SOCKETS].streams:
        gone.set()
    await asyncio.gather(*(socket.close(code=1001, message=b"restarting") for socket in set(app[SOCKETS].open)))


@asynccontextmanager
async def listening(site: Site, host: str, port: int) -> AsyncIterator[int]:
    """Serves; gives the port, which is a free one where 0 was asked for."""
    runner = web.AppRunner(build(site), access_log=None, shutdown_timeout=END_WITHIN_S, handler_cancellation=True)
    await runner.setup()
    try:
        listener = await _listener(site, runner, host, port)
        server = cast(web.Server, runner.server)
        forget = site.metrics.watch("triald_http_connections", lambda: {(): float(len(server.connections))})
        try:
            bound = int(listener.sockets[0].getsockname()[1])
            emit("web.listening", host=host, port=bound)
            yield bound
        finally:
            listener.close()
            forget()
    finally:
        await runner.cleanup()


async def _listener(site: Site, runner: web.AppRunner, host: str, port: int) -> asyncio.Server:
    loop, server = asyncio.get_running_loop(), cast(web.Server, runner.server)  # there, once it has been set up
    within_s = site.request_within_s
    return await loop.create_server(lambda: Speaker(server, loop=loop, within_s=within_s), host, port, backlog=BACKLOG)


async def serve(site: Site, host: str, port: int, life: Life) -> None:
    """The actor: serves until it is cancelled, also while the others drain."""
    async with listening(site, host, port), asyncio.TaskGroup() as tasks:
        tasks.create_task(tell(site))
        while True:
            life.beat()
            await asyncio.sleep(BEAT_EVERY_S)
