"""ClinicalTrials.gov's API v2 on loopback, over a generated world or real records, with switches for what goes wrong.

    async with serve(world_of(1000), switches=Switches(errors=2)) as server:
        server.url, server.requests, server.pages, server.switch(too_many=1), await server.until(…)

The same can be done over HTTP: PATCH /__demo/switches, GET and DELETE /__demo/requests, POST /__demo/refuse.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from aiohttp import web

from demo.answers import as_json, tag
from demo.asked import Asked, for_pages, for_records
from demo.ctgov_fields import check
from demo.ctgov_page import encode, page
from demo.ctgov_query import Query, fingerprint, parse, select
from demo.identifiers import canonical
from demo.requests import BadRequest
from demo.server import Server
from demo.serving import served
from demo.source import Held, Moved, Source
from demo.switches import Switches, spoiled, spoiling

_LISTS_KEPT = 8
_LIST = "/api/v2/studies"


Ctgov = Server[Source, Switches]


@dataclass(slots=True)
class Api:
    server: Ctgov
    _lists: OrderedDict[object, Sequence[int]] = field(default_factory=OrderedDict)
    _selecting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def page(self, asked: Asked[Source, Switches]) -> web.StreamResponse:
        source, switches = asked.source, asked.switches
        params = dict(asked.request.query)
        query = parse(params)
        check(query.fields)
        selected = await self._select(source, query)
        made = page(query, fingerprint(params), selected, switches, fault=asked.fault, counted=self.server.counted)
        self.server.counted += made.total is not None
        if not query.fields:
            asked.suffer(made.positions)
        asked.note(made.first, len(made.positions))
        etag = tag(source.version, sorted(params.items()), made.first, made.total, made.token, spoiling(switches))
        if asked.has(etag):
            return asked.not_modified(etag)
        return await asked.answer(await asyncio.to_thread(encode, source, made, query, switches), etag)

    async def one(self, asked: Asked[Source, Switches]) -> web.StreamResponse:
        request, source = asked.request, asked.source
        nct = canonical(request.match_info["nct"])
        if nct is None:
            raise BadRequest("Parameter `nctId` has incorrect format")
        match source.find(nct):
            case Moved(to):
                query = f"?{request.query_string}" if request.query_string else ""
                return web.Response(status=301, headers={"Location": f"{_LIST}/{to}{query}"})
            case Held(position):
                body = spoiled(source.body(position), position + 1, asked.switches)
                return await asked.answer(body, tag(source.version, nct, spoiling(asked.switches)))
            case _:
                return web.Response(status=404, text=f"NCT number {nct} not found")

    async def version(self, _: web.Request) -> web.Response:
        return as_json({"apiVersion": "2.0.5", "dataTimestamp": self.server.today.timestamp})

    async def size(self, _: web.Request) -> web.Response:
        """The average is of at most a thousand records: reading every one would take minutes in a big world."""
        source = self.server.today
        positions = source.positions()
        sample = positions[:: max(1, len(positions) // 1000)]
        sizes = await asyncio.to_thread(lambda: [len(source.body(position)) for position in sample])
        average = sum(sizes) // len(sizes) if sizes else 0
        return as_json({"totalStudies": len(positions), "averageSizeBytes": average})

    async def _select(self, source: Source, query: Query) -> Sequence[int]:
        """In a thread, since a big world needs seconds for its first list by date; the newest lists are kept."""
        key = source.version, query.selection
        async with self._selecting:
            if key not in self._lists:
                self._lists[key] = await asyncio.to_thread(select, source, query)
                if len(self._lists) > _LISTS_KEPT:
                    self._lists.popitem(last=False)
            self._lists.move_to_end(key)
            return self._lists[key]


def serve(source: Source, *, port: int = 0, switches: Switches | None = None) -> AbstractAsyncContextManager[Ctgov]:
    """The server on 127.0.0.1 until the context ends; port 0 takes a free one."""
    server: Ctgov = Server(source, switches or Switches(), _LIST)
    api = Api(server)
    routes = [
        web.get(_LIST, for_pages(server, api.page)),
        web.get(_LIST + "/{nct}", for_records(server, api.one)),
        web.get("/api/v2/version", api.version),
        web.get("/api/v2/stats/size", api.size),
    ]
    return served(server, routes, port=port)
