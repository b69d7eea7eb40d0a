"""ISRCTN's XML API on loopback: a query with a limit and neither pages nor order, and one trial by its number."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from aiohttp import web

from demo.answers import Format, tag, with_doctype
from demo.asked import Asked, for_pages, for_records
from demo.isrctn_query import parse, select
from demo.isrctn_record import Listed, listed
from demo.listing import Listing, of_world
from demo.registers import ISRCTN
from demo.server import Server
from demo.serving import served
from demo.switches import Fault, IsrctnSwitches, Shape, spoiled_as
from demo.world import World

QUERY = "/api/query/format/{format:default|internal|who}"
LIST = "/api/query/format/default"
_TRIAL = "/api/trial/{number}/format/{format:default|internal|who}"
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACE = b' xmlns="http://www.67bricks.com/isrctn"'
_FORM = Format("application/xml", _DECLARATION + b"<trials" + _NAMESPACE + b"><count>7</count></trials>")
Isrctn = Server[Listing[Listed], IsrctnSwitches]
AskedIsrctn = Asked[Listing[Listed], IsrctnSwitches]
_SHAPE = Shape(b"<fullTrial><note>there is nothing here</note></fullTrial>", b"<title>", b"&#0;")


@dataclass(slots=True)
class Api:
    chance: random.Random

    async def query(self, asked: AskedIsrctn) -> web.StreamResponse:
        params, switches = asked.request.query, asked.switches
        query = parse(params.get("q", ""), params.get("limit"))
        records = await _records(asked)
        places = await asyncio.to_thread(select, records, query)
        if switches.shuffled:
            self.chance.shuffle(places)
        given = places[max(0, switches.page_shift) :][: query.limit] if asked.fault is not Fault.EMPTY_PAGE else []
        asked.note(0, len(given))
        body = await asyncio.to_thread(_encoded, records, given, asked.drifted(len(places)), switches)
        asked.suffer([place - 1 for place in given])
        return await asked.answer(with_doctype(body, switches.doctype, b"<title>"), form=_FORM)

    async def one(self, asked: AskedIsrctn) -> web.StreamResponse:
        digits = re.sub(r"\D", "", asked.request.match_info["number"])
        records = await _records(asked)
        place = next((at for at, one in enumerate(records, start=1) if one.number == f"ISRCTN{digits}"), None)
        if place is None:
            return web.Response(status=404, text="Not found")
        body = _DECLARATION + _with_namespace(spoiled_as(_SHAPE, records[place - 1].body(), place, asked.switches))
        etag = tag(asked.source.version, place, body)
        if asked.has(etag):
            return asked.not_modified(etag)
        asked.suffer([place - 1])
        return await asked.answer(body, etag, _FORM)


async def _records(asked: AskedIsrctn) -> Sequence[Listed]:
    """In a thread, since a big world needs seconds to list them."""
    return await asyncio.to_thread(lambda: asked.source.records)


def _encoded(records: Sequence[Listed], places: Sequence[int], total: int, switches: IsrctnSwitches) -> bytes:
    head = _DECLARATION + b"<allTrials" + _NAMESPACE + b' totalCount="%d"' % total
    if not places:
        return head + b"/>"
    inner = b"\n".join([spoiled_as(_SHAPE, records[place - 1].body(), place, switches) for place in places])
    return head + b">\n" + inner + b"\n</allTrials>"


def _with_namespace(full_trial: bytes) -> bytes:
    return full_trial.replace(b"<fullTrial", b"<fullTrial" + _NAMESPACE, 1)


def from_world(world: World) -> Listing[Listed]:
    return of_world(world, ISRCTN.name, listed)


def serve(
    source: Listing[Listed], *, port: int = 0, switches: IsrctnSwitches | None = None, seed: int = 1
) -> AbstractAsyncContextManager[Isrctn]:
    """The server on 127.0.0.1 until the context ends; port 0 takes a free one. `seed`: of the order of answers."""
    server: Isrctn = Server(source, switches or IsrctnSwitches(), LIST)
    api = Api(random.Random(seed))
    routes = [web.get(QUERY, for_pages(server, api.query)), web.get(_TRIAL, for_records(server, api.one))]
    return served(server, routes, port=port)
