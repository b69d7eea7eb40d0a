"""ISRCTN's XML API on loopback: a query with a limit and neither pages nor order, and one trial by its number."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from demo import control
from demo.answers import Format, answer, refused, tag, with_doctype
from demo.isrctn_query import parse, select
from demo.isrctn_record import Listed, listed
from demo.listing import Listing, of_world
from demo.registers import ISRCTN
from demo.server import NOTED, Server, served
from demo.switches import Fault, IsrctnSwitches, befalls, is_hit, take
from demo.world import World

QUERY = "/api/query/format/{format:default|internal|who}"
LIST = "/api/query/format/default"
_TRIAL = "/api/trial/{number}/format/{format:default|internal|who}"
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACE = b' xmlns="http://www.67bricks.com/isrctn"'
_FORM = Format("application/xml", _DECLARATION + b"<trials" + _NAMESPACE + b"><count>7</count></trials>")
Isrctn = Server[Listing[Listed], IsrctnSwitches]


@dataclass(slots=True)
class Api:
    server: Isrctn
    chance: random.Random
    _counted: int = 0

    async def query(self, request: web.Request) -> web.StreamResponse:
        server = self.server
        fault, server.switches = take(server.switches, listing=True)
        source, switches = server.today, server.switches
        turned_away = refused(fault, switches)
        if turned_away is not None:
            return turned_away
        query = parse(request.query.get("q", ""), request.query.get("limit"))
        places = await asyncio.to_thread(lambda: select(source.records, query))
        if switches.shuffled:
            self.chance.shuffle(places)
        given = places[max(0, switches.page_shift) :][: query.limit] if fault is not Fault.EMPTY_PAGE else []
        total = len(places) + switches.total_drift * self._counted
        self._counted += 1
        noted = NOTED.get()
        noted.first, noted.records = 0, len(given)
        body = await asyncio.to_thread(_encoded, source.records, given, total, switches)
        body = with_doctype(body, switches.doctype, b"<title>")
        fault = fault or befalls([place - 1 for place in given], switches)
        return await answer(request, body, None, fault=fault, switches=switches, form=_FORM)

    async def one(self, request: web.Request) -> web.StreamResponse:
        server = self.server
        fault, server.switches = take(server.switches, listing=False)
        source, switches = server.today, server.switches
        turned_away = refused(fault, switches)
        if turned_away is not None:
            return turned_away
        digits = re.sub(r"\D", "", request.match_info["number"])
        records = await asyncio.to_thread(lambda: source.records)
        place = next((at for at, one in enumerate(records, start=1) if one.number == f"ISRCTN{digits}"), None)
        if place is None:
            return web.Response(status=404, text="Not found")
        body = _DECLARATION + _with_namespace(_spoiled(records[place - 1].body(), place, switches))
        etag = tag(source.version, place, body)
        if fault is None and request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        fault = fault or befalls([place - 1], switches)
        return await answer(request, body, etag, fault=fault, switches=switches, form=_FORM)


def _encoded(records: Sequence[Listed], places: Sequence[int], total: int, switches: IsrctnSwitches) -> bytes:
    head = _DECLARATION + b"<allTrials" + _NAMESPACE + b' totalCount="%d"' % total
    if not places:
        return head + b"/>"
    inner = b"\n".join([_spoiled(records[place - 1].body(), place, switches) for place in places])
    return head + b">\n" + inner + b"\n</allTrials>"


def _with_namespace(full_trial: bytes) -> bytes:
    return full_trial.replace(b"<fullTrial", b"<fullTrial" + _NAMESPACE, 1)


def _spoiled(body: bytes, place: int, switches: IsrctnSwitches) -> bytes:
    if is_hit(place, switches.shapeless_every):
        return b"<fullTrial><note>there is nothing here</note></fullTrial>"
    if is_hit(place, switches.nul_every):
        body = body.replace(b"<title>", b"<title>&#0;", 1)
    if is_hit(place, switches.bad_utf8_every):
        body = body.replace(b"<title>", b"<title>\xff", 1)
    return body


def from_world(world: World) -> Listing[Listed]:
    return of_world(world, ISRCTN.name, listed)


@asynccontextmanager
async def serve(
    source: Listing[Listed], *, port: int = 0, switches: IsrctnSwitches | None = None, seed: int = 1
) -> AsyncIterator[Isrctn]:
    """The server on 127.0.0.1 until the context ends; port 0 takes a free one. `seed`: of the order of answers."""
    server: Isrctn = Server(source, switches or IsrctnSwitches(), LIST)
    api = Api(server, random.Random(seed))
    routes = [web.get(QUERY, api.query), web.get(_TRIAL, api.one)]
    async with served(server, [*routes, *control.routes()], port=port):
        yield server
