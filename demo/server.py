"""A demo registry while it is served: its source, its switches, and every request that it has seen.

Knows no registry: `ctgov_server` and its like give it the paths and the answers of one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, Protocol, TypeVar

from aiohttp import web

from demo.front import pass_on
from demo.requests import BadRequest, Seen
from demo.switches import Common, changed

CONTROL = "/__demo/"


class Dated(Protocol):
    """What a registry serves, on one of its days."""

    def on(self, day: int | None) -> Any:
        """The same on another day; None is the day that it starts with."""


D = TypeVar("D", bound=Dated)
S = TypeVar("S", bound=Common)


@dataclass(slots=True)
class Server(Generic[D, S]):
    source: D
    switches: S
    list_path: str
    """Where this registry answers with pages."""
    url: str = ""
    beside: dict[str, str] = field(default_factory=dict)
    """Beginnings of paths that are another registry's, and its address."""
    requests: list[Seen] = field(default_factory=list)
    open_port: Callable[[], Awaitable[None]] | None = None
    close_port: Callable[[], Awaitable[None]] | None = None
    _days: dict[int | None, D] = field(default_factory=dict)
    _beside: set[asyncio.Task[None]] = field(default_factory=set)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    def switch(self, **changes: Any) -> None:
        """Raises BadSwitch."""
        self.switches = changed(self.switches, changes)

    @property
    def today(self) -> D:
        """The source on the day that the switches say."""
        day = self.switches.day
        if day not in self._days:
            self._days[day] = self.source.on(day)
        return self._days[day]

    @property
    def pages(self) -> list[Seen]:
        """Requests for pages, in order of arrival."""
        return [seen for seen in self.requests if seen.path == self.list_path]

    async def until(self, met: Callable[[Server[D, S]], bool]) -> None:
        """Wait until what was seen so far fulfils a condition; looked at whenever a request arrives or is answered."""
        async with self._news:
            await self._news.wait_for(lambda: met(self))

    async def tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the requests; it is cancelled when the server ends."""
        task = asyncio.create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    def stop(self) -> None:
        for task in self._beside:
            task.cancel()

    async def refuse(self) -> None:
        """Close the port and every connection, until `accept`."""
        if self.close_port is not None:
            await self.close_port()

    async def accept(self) -> None:
        """Open the port again, the same one."""
        if self.open_port is not None:
            await self.open_port()


AnyServer = Server[Any, Any]
SERVER = web.AppKey("server", Server[Any, Any])
NOTED: ContextVar[Seen] = ContextVar("noted")
"""The request that is being answered; a handler of pages adds what it knows."""


@web.middleware
async def _guard(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Notes the request, waits as long as it should take, and turns a bad one into 400 in plain text."""
    if request.path.startswith(CONTROL):
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
    app.add_routes(routes)
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
