"""CTIS's public API on loopback: a POST searches, and stops at 10,000 without a word; a GET retrieves one trial."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

import orjson
from aiohttp import web

from demo.answers import Format, tag
from demo.asked import Asked, for_pages, for_records
from demo.ctis_query import Search, page_of, parse, select
from demo.ctis_record import Listed, listed
from demo.listing import Listing, of_world
from demo.registers import CTIS
from demo.server import Server
from demo.serving import served
from demo.switches import CtisSwitches, Fault, Shape, spoiled_as
from demo.world import World

SEARCH = "/ctis-public-api/search"
_RETRIEVE = "/ctis-public-api/retrieve/{number}"
_FORM = Format("application/json", b'{"pagination":[],"data":{"ctNumber":7}}')

Ctis = Server[Listing[Listed], CtisSwitches]
AskedCtis = Asked[Listing[Listed], CtisSwitches]
_SHAPE = Shape(b'"this record is a text"', b'"fullTitle":"', rb"\u0000")


@dataclass(slots=True)
class Api:
    _places: dict[str, dict[str, int]] = field(default_factory=dict)
    """Numbers and their places, by version of the register."""

    async def search(self, asked: AskedCtis) -> web.StreamResponse:
        search, switches = parse(await asked.request.read()), asked.switches
        whole = Search(1, 1, search.sort, search.descending, search.statuses, search.texts)
        found = await asyncio.to_thread(select, asked.source, whole, switches.uneven_days)
        made = page_of(found, search, switches, asked.drifted(len(found)))
        asked.note((search.page - 1) * search.size, len(made["data"]))
        if asked.fault is Fault.EMPTY_PAGE:
            made["data"] = []
        return await asked.answer(orjson.dumps(made), form=_FORM)

    async def retrieve(self, asked: AskedCtis) -> web.StreamResponse:
        source = asked.source
        place = (await asyncio.to_thread(self._numbered, source)).get(asked.request.match_info["number"])
        if place is None:
            return web.json_response({"error": "Not found"}, status=404)
        asked.suffer([place - 1])
        body = spoiled_as(_SHAPE, source.records[place - 1].body(), place, asked.switches)
        etag = tag(source.version, place, body)
        return asked.not_modified(etag) if asked.has(etag) else await asked.answer(body, etag, _FORM)

    def _numbered(self, source: Listing[Listed]) -> dict[str, int]:
        if source.version not in self._places:
            self._places[source.version] = {one.number: at for at, one in enumerate(source.records, start=1)}
        return self._places[source.version]

    async def forbidden(self, _: web.Request) -> web.Response:
        return web.json_response({"message": "Forbidden"}, status=403)


def from_world(world: World) -> Listing[Listed]:
    return of_world(world, CTIS.name, listed)


def serve(
    source: Listing[Listed], *, port: int = 0, switches: CtisSwitches | None = None
) -> AbstractAsyncContextManager[Ctis]:
    """The server on 127.0.0.1 until the context ends; port 0 takes a free one."""
    server: Ctis = Server(source, switches or CtisSwitches(), SEARCH)
    api = Api()
    routes = [
        web.post(SEARCH, for_pages(server, api.search)),
        web.get(SEARCH, api.forbidden),
        web.get(_RETRIEVE, for_records(server, api.retrieve)),
    ]
    return served(server, routes, port=port)
