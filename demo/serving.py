"""Serves a demo registry on loopback: notes its requests, keeps them waiting, lets it be controlled and looked at.

Knows no registry: `ctgov_server` and its like give it the paths and the answers of one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aiohttp import web

from demo import control
from demo.front import pass_on
from demo.requests import BadRequest, Seen
from demo.server import NOTED, SERVER, D, S, Server


@web.middleware
async def _guard(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Notes the request, waits as long as it should take, and turns a bad one into 400 in plain text."""
    if request.path.startswith(control.PATH):
        return await handler(request)
    server = request.app[SERVER]
    for start, url in server.beside.items():
        if request.path.startswith(start):
            return await pass_on(request, url)
    headers = {name.lower(): value for name, value in request.headers.items()}
    body = (await request.read()).decode("utf-8", "replace") if request.method == "POST" else ""
    seen = Seen(datetime.now(UTC), request.method, request.path, dict(request.query), headers, body=body)
    NOTED.set(seen)
    server.requests.append(seen)
    await server.tell()
    if server.switches.latency_ms:
        await asyncio.sleep(server.switches.latency_ms / 1000)
    try:
        response = await handler(request)
    except BadRequest as error:
        response = web.Response(status=400, text=str(error))
    except web.HTTPException as error:
        seen.status = error.status
        raise
    else:
        seen.status = response.status
    finally:
        await server.tell()
    seen.status = response.status
    return response


@asynccontextmanager
async def served(server: Server[D, S], routes: Iterable[web.RouteDef], *, port: int = 0) -> AsyncIterator[Server[D, S]]:
    """The server on 127.0.0.1 until the context ends; port 0 takes a free one."""
    app = web.Application(middlewares=[_guard])
    app[SERVER] = server
    app.add_routes([*routes, *control.routes()])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site: web.TCPSite | None = None

    async def open_port() -> None:
        nonlocal site, port
        if site is None:
            site = web.TCPSite(runner, "127.0.0.1", port)
            await site.start()
            port = runner.addresses[0][1]

    async def close_port() -> None:
        nonlocal site
        if site is not None:
            await site.stop()
            site = None
        for connection in runner.server.connections if runner.server else ():
            if connection.transport is not None:
                connection.transport.abort()

    server.open_port, server.close_port = open_port, close_port
    try:
        await open_port()
        server.url = f"http://127.0.0.1:{port}"
        yield server
    finally:
        server.stop()
        await runner.cleanup()
