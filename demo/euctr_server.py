"""The EU Clinical Trials Register on loopback: pages of 20 as HTML, and the full text of the same 20 trials."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta

from aiohttp import web

from demo import control
from demo.answers import Format, answer, refused
from demo.euctr_pages import feed, full_text, search_page, trial_page
from demo.euctr_query import FEED_DAYS, Query, page_of, parse, select
from demo.euctr_record import Listed, listed
from demo.listing import Listing, of_world
from demo.registers import EUCTR
from demo.server import NOTED, Server, served
from demo.switches import EuctrSwitches, Fault, befalls, take
from demo.world import World

SEARCH = "/ctr-search/search"
FULL = "/ctr-search/rest/download/full"
_HTML = Format("text/html;charset=UTF-8", b"<!DOCTYPE html><html><body><p>nothing here</p></body></html>")
_TEXT = Format("text/plain;charset=UTF-8", b"there is nothing here\n")
_RSS = Format("application/rss+xml", b"<rss><items/></rss>")
Euctr = Server[Listing[Listed], EuctrSwitches]
Made = tuple[bytes, Format]


@dataclass(slots=True)
class Api:
    server: Euctr
    _counted: int = 0

    async def search(self, request: web.Request) -> web.StreamResponse:
        self._counted += 1

        def make(records: Sequence[Listed], query: Query, found: Sequence[int], places: Sequence[int]) -> Made:
            switches = self.server.switches
            total = len(found) + switches.total_drift * (self._counted - 1)
            text = request.query.get("query", "")
            page = search_page(records, places, query, text, total, grouped=switches.grouped_counts)
            return page.encode(), _HTML

        return await self._list(request, make)

    async def full(self, request: web.Request) -> web.StreamResponse:
        def make(records: Sequence[Listed], query: Query, found: Sequence[int], places: Sequence[int]) -> Made:
            return full_text(records, places, self.server.switches), _TEXT

        return await self._list(request, make)

    async def summary(self, request: web.Request) -> web.StreamResponse:
        def make(records: Sequence[Listed], query: Query, found: Sequence[int], places: Sequence[int]) -> Made:
            texts = [one.text().partition("\nA. ")[0] for place in places for one in records[place - 1].protocols]
            return "\n\n".join(texts).encode(), _TEXT

        return await self._list(request, make)

    async def feed(self, request: web.Request) -> web.StreamResponse:
        def make(records: Sequence[Listed], query: Query, found: Sequence[int], places: Sequence[int]) -> Made:
            today = max((one.changed for one in records), default=date(2026, 1, 5))
            lately = today - timedelta(days=FEED_DAYS)
            return feed(records, [at for at in found if records[at - 1].changed >= lately], today).encode(), _RSS

        return await self._list(request, make)

    async def _list(
        self,
        request: web.Request,
        make: Callable[[Sequence[Listed], Query, Sequence[int], Sequence[int]], Made],
    ) -> web.StreamResponse:
        server = self.server
        fault, server.switches = take(server.switches, listing=True)
        source, switches = server.today, server.switches
        turned_away = refused(fault, switches)
        if turned_away is not None:
            return turned_away
        query = parse(request.query, request.query.getall("country", []))
        found = await asyncio.to_thread(lambda: select(source.records, query))
        places = () if fault is Fault.EMPTY_PAGE else page_of(found, query, shift=switches.page_shift)
        noted = NOTED.get()
        noted.first, noted.records = (query.page - 1) * 20, len(places)
        body, form = await asyncio.to_thread(make, source.records, query, found, places)
        if request.path == FULL:
            fault = fault or befalls([place - 1 for place in places], switches)
        return await answer(request, body, None, fault=fault, switches=switches, form=form)

    async def protocol(self, request: web.Request) -> web.StreamResponse:
        """One country's as text; `3rd` in the address is 3RD in lists."""
        return await self._one(request, lambda text: (text.encode(), _TEXT))

    async def trial(self, request: web.Request) -> web.StreamResponse:
        return await self._one(request, lambda text: (trial_page(text).encode(), _HTML))

    async def _one(self, request: web.Request, make: Callable[[str], Made]) -> web.StreamResponse:
        server = self.server
        fault, server.switches = take(server.switches, listing=False)
        turned_away = refused(fault, server.switches)
        if turned_away is not None:
            return turned_away
        number, code = request.match_info["number"], request.match_info["code"].upper()
        records = await asyncio.to_thread(lambda: server.today.records)
        protocols = [p for one in records if one.number == number for p in one.protocols if p.code == code]
        if not protocols:
            return web.Response(status=404, text="Not found")
        body, form = make(protocols[0].text())
        return await answer(request, body, None, fault=fault, switches=server.switches, form=form)


def from_world(world: World) -> Listing[Listed]:
    return of_world(world, EUCTR.name, listed)


@asynccontextmanager
async def serve(
    source: Listing[Listed], *, port: int = 0, switches: EuctrSwitches | None = None
) -> AsyncIterator[Euctr]:
    """The server on 127.0.0.1 until the context ends; port 0 takes a free one."""
    server: Euctr = Server(source, switches or EuctrSwitches(), FULL)
    api = Api(server)
    routes = [
        web.get(SEARCH, api.search),
        web.get(FULL, api.full),
        web.get("/ctr-search/rest/download/summary", api.summary),
        web.get("/ctr-search/rest/feed/bydates", api.feed),
        web.get("/ctr-search/rest/download/trial/{number}/{code}", api.protocol),
        web.get("/ctr-search/trial/{number}/{code}", api.trial),
    ]
    async with served(server, [*routes, *control.routes()], port=port):
        yield server
