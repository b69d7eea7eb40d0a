"""A receiver of webhooks, with switches: it can refuse, be slow, send elsewhere, and forget to answer.

It checks signatures as any receiver of Standard Webhooks would, from the specification and not with our own code.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

TOLERANCE_S = 300  # between the time of a signature and the receiver's


@dataclass(frozen=True, slots=True)
class Event:
    """One request as it came."""

    id: str
    timestamp: int
    signature: str
    body: bytes
    headers: dict[str, str]

    @property
    def told(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Sink:
    """`status`: what it answers; `drops`: it takes the request and hangs up; `delay_s`: it thinks for so long first.

    `fails` requests are answered 500 before the others are answered well; `trickles`: its answer has no end.
    """

    url: str = ""
    port: int = 0
    status: int = 200
    drops: bool = False
    delay_s: float = 0.0
    fails: int = 0
    trickles: bool = False
    location: str = ""
    events: list[Event] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def ids(self) -> list[str]:
        """Of the events that it has answered well, in order of arrival."""
        return [event.id for event in self.events]

    async def until(self, holds: Callable[[Sink], bool]) -> None:
        while not holds(self):
            self._news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), 0.05)

    async def take(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        event = Event(
            headers.get("webhook-id", ""), int(headers.get("webhook-timestamp", "0")),
            headers.get("webhook-signature", ""), await request.read(), headers,
        )  # fmt: skip
        self.events.append(event)
        self._news.set()
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        if self.drops and request.transport is not None:
            request.transport.abort()
        if self.trickles:
            return await _trickle(request)
        if self.fails:
            self.fails -= 1
            return web.Response(status=500, text="not just now")
        more = {"Location": self.location} if self.location else {}
        return web.Response(status=self.status, headers=more, text="x" * 10_000)


async def _trickle(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    with suppress(ConnectionError):
        while True:
            await response.write(b"x")
            await asyncio.sleep(0.05)
    return response


def is_signed(event: Event, secret: str, *, now: float) -> bool:
    """Whether the holder of the secret sent this, lately."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{event.id}.{event.timestamp}.".encode() + event.body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    fresh = abs(now - event.timestamp) <= TOLERANCE_S
    return fresh and any(hmac.compare_digest(f"v1,{expected}", one) for one in event.signature.split(" "))


@asynccontextmanager
async def sink(port: int = 0) -> AsyncIterator[Sink]:
    """Listens on 127.0.0.1; port 0 takes a free one."""
    one = Sink()
    app = web.Application()
    app.router.add_post("/{path:.*}", one.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    one.port = runner.addresses[0][1]
    one.url = f"http://127.0.0.1:{one.port}/hook"
    try:
        yield one
    finally:
        await runner.cleanup()
