"""A pager that takes events in the form of PagerDuty's Events API v2, with switches: it refuses, is slow, hangs up.

It keeps incidents as the real one does: by their dedup_key, triggered, acknowledged, resolved. Written from the
interface's description and not with our own code.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

ACTIONS = {"trigger": "triggered", "acknowledge": "acknowledged", "resolve": "resolved"}
SEVERITIES = ("critical", "error", "warning", "info")


@dataclass(slots=True)
class Pager:
    """`status`: what it answers, 202 where all is well; `drops`: it takes an event and hangs up without a word."""

    url: str = ""
    port: int = 0
    key: str = "r" * 32
    status: int = 202
    drops: bool = False
    delay_s: float = 0.0
    events: list[dict[str, Any]] = field(default_factory=list)
    incidents: dict[str, str] = field(default_factory=dict)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, holds: Callable[[Pager], bool]) -> None:
        while not holds(self):
            self._news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), 0.05)

    @property
    def actions(self) -> list[str]:
        return [one["event_action"] for one in self.events]

    @property
    def pages(self) -> list[str]:
        """Who was woken: the keys that were triggered, each once however often that was said."""
        return list(dict.fromkeys(one["dedup_key"] for one in self.events if one["event_action"] == "trigger"))

    async def take(self, request: web.Request) -> web.StreamResponse:
        told = json.loads(await request.read())
        self.events.append(told)
        self._news.set()
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        problems = wrong(told, self.key)
        if self.status == 202 and problems:
            return web.json_response({"status": "invalid event", "errors": problems}, status=400)
        if self.status == 202:
            self.incidents[told["dedup_key"]] = ACTIONS[told["event_action"]]
        if self.drops and request.transport is not None:
            request.transport.abort()
        said = {"status": "success" if self.status == 202 else "error", "dedup_key": told.get("dedup_key")}
        return web.json_response(said, status=self.status)


def wrong(told: dict[str, Any], key: str) -> list[str]:
    """What the interface would refuse of an event."""
    found = []
    if told.get("routing_key") != key:
        found.append("routing_key")
    if told.get("event_action") not in ACTIONS:
        found.append("event_action")
    if not 0 < len(told.get("dedup_key", "")) <= 255:
        found.append("dedup_key")
    if told.get("event_action") == "trigger":
        payload = told.get("payload", {})
        found += [name for name in ("summary", "source", "severity") if not payload.get(name)]
        if payload.get("severity") not in SEVERITIES or len(payload.get("summary", "")) > 1024:
            found.append("payload")
    return found


@asynccontextmanager
async def pager(port: int = 0) -> AsyncIterator[Pager]:
    """Listens on 127.0.0.1; port 0 takes a free one."""
    one = Pager()
    app = web.Application()
    app.router.add_post("/v2/enqueue", one.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    one.port = runner.addresses[0][1]
    one.url = f"http://127.0.0.1:{one.port}/v2/enqueue"
    try:
        yield one
    finally:
        await runner.cleanup()
