"""The control endpoint of a demo registry: switches and requests as JSON, under /__demo/."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

import orjson
from aiohttp import web

from demo.answers import as_json
from demo.server import SERVER
from demo.switches import BadSwitch

PATH = "/__demo/"


async def _read_switches(request: web.Request) -> web.Response:
    return as_json(asdict(request.app[SERVER].switches))


async def _set_switches(request: web.Request) -> web.Response:
    """A JSON object of those that change; answers with all of them."""
    server = request.app[SERVER]
    try:
        changes = orjson.loads(await request.read())
        if not isinstance(changes, dict):
            raise BadSwitch("an object of switches is expected")
        server.switch(**changes)
    except (BadSwitch, orjson.JSONDecodeError) as error:
        return web.Response(status=400, text=str(error))
    return as_json(asdict(server.switches))


async def _read_requests(request: web.Request) -> web.Response:
    """Every request in order of arrival, and how many arrived in each minute."""
    seen = request.app[SERVER].requests
    per_minute: dict[str, int] = {}
    for one in seen:
        minute = one.at.strftime("%Y-%m-%dT%H:%MZ")
        per_minute[minute] = per_minute.get(minute, 0) + 1
    return as_json({"perMinute": per_minute, "requests": [asdict(one) for one in seen]})


async def _forget_requests(request: web.Request) -> web.Response:
    request.app[SERVER].requests.clear()
    return web.Response(status=204)


async def _refuse(request: web.Request) -> web.Response:
    """Answers 202, then closes the port and every connection for `for_s` seconds."""
    for_s = float(orjson.loads(await request.read())["for_s"])
    server = request.app[SERVER]

    async def closed() -> None:
        await asyncio.sleep(0.05)  # lets the answer that announces it leave
        await server.refuse()
        await asyncio.sleep(for_s)
        await server.accept()

    server.start(closed())
    return web.Response(status=202)


def routes() -> list[web.RouteDef]:
    return [
        web.get(f"{PATH}switches", _read_switches),
        web.patch(f"{PATH}switches", _set_switches),
        web.get(f"{PATH}requests", _read_requests),
        web.delete(f"{PATH}requests", _forget_requests),
        web.post(f"{PATH}refuse", _refuse),
    ]
