"""The EU Clinical Trials Register on loopback: pages of 20 as HTML, and the full text of the same 20 trials."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from aiohttp import web

from demo.answers import Format
from demo.asked import Asked, for_pages, for_records
from demo.euctr_pages import feed, full_text, search_page, trial_page
from demo.euctr_query import FEED_DAYS, Query, page_of, parse, select
from demo.euctr_record import Listed, listed
from demo.listing import Listing, of_world
from demo.registers import EUCTR
from demo.server import Server
from demo.serving import served
from demo.switches import EuctrSwitches, Fault
from demo.world import World

SEARCH = "/ctr-search/search"
FULL = "/ctr-search/rest/download/full"
_HTML = Format("text/html;charset=UTF-8", b"<!DOCTYPE html><html><body><p>nothing here</p></body></html>")
_TEXT = Format("text/plain;charset=UTF-8", b"there is nothing here\n")
_RSS = Format("application/rss+xml", b"<rss><items/></rss>")
Euctr = Server[Listing[Listed], EuctrSwitches]
AskedEuctr = Asked[Listing[Listed], EuctrSwitches]
Made = tuple[bytes, Format]


@dataclass(frozen=True, slots=True)
class Found:
    """What a query finds, and which of it stands on the page: places in the register, from 1."""

    records: Sequence[Listed]
    query: Query
    places: Sequence[int]
    shown: Sequence[int]


async def _list(make: Callable[[AskedEuctr, Found], Made], asked: AskedEuctr) -> web.StreamResponse:
    params, source = asked.request.query, asked.source
    query = parse(params, params.getall("country", []))
    places = await asyncio.to_thread(lambda: select(source.records, query))
    shown = () if asked.fault is Fault.EMPTY_PAGE else page_of(places, query, shift=asked.switches.page_shift)
    asked.note((query.page - 1) * 20, len(shown))
    body, form = await asyncio.to_thread(make, asked, Found(source.records, query, places, shown))
    if asked.request.path == FULL:
        asked.suffer([place - 1 for place in shown])
    return await asked.answer(body, form=form)


def _search(asked: AskedEuctr, found: Found) -> Made:
    total, text = asked.drifted(len(found.places)), asked.request.query.get("query", "")
    grouped = asked.switches.grouped_counts
    return search_page(found.records, found.shown, found.query, text, total, grouped=grouped).encode(), _HTML


def _full(asked: AskedEuctr, found: Found) -> Made:
    return full_text(found.records, found.shown, asked.switches), _TEXT


def _summary(_: AskedEuctr, found: Found) -> Made:
    texts = [one.text().partition("\nA. ")[0] for at in found.shown for one in found.records[at - 1].protocols]
    return "\n\n".join(texts).encode(), _TEXT


def _feed(_: AskedEuctr, found: Found) -> Made:
    records = found.records
    today = max((one.changed for one in records), default=date(2026, 1, 5))
    lately = today - timedelta(days=FEED_DAYS)
    return feed(records, [at for at in found.places if records[at - 1].changed >= lately], today).encode(), _RSS


async def _one(make: Callable[[str], Made], asked: AskedEuctr) -> web.StreamResponse:
    """One country's protocol; `3rd` in the address is 3RD in lists."""
    number, code = asked.request.match_info["number"], asked.request.match_info["code"].upper()
    records = await asyncio.to_thread(lambda: asked.source.records)
    protocols = [p for one in records if one.number == number for p in one.protocols if p.code == code]
    if not protocols:
        return web.Response(status=404, text="Not found")
    body, form = make(protocols[0].text())
    return await asked.answer(body, form=form)


def from_world(world: World) -> Listing[Listed]:
    return of_world(world, EUCTR.name, listed)


def serve(
    source: Listing[Listed], *, port: int = 0, switches: EuctrSwitches | None = None
) -> AbstractAsyncContextManager[Euctr]:
    """The server on 127.0.0.1 until the context ends; port 0 takes a free one."""
    server: Euctr = Server(source, switches or EuctrSwitches(), FULL)
    lists = {
        SEARCH: _search,
        FULL: _full,
        "/ctr-search/rest/download/summary": _summary,
        "/ctr-search/rest/feed/bydates": _feed,
    }
    one = "{number}/{code}"
    routes = [
        *(web.get(path, for_pages(server, partial(_list, make))) for path, make in lists.items()),
        web.get(f"/ctr-search/rest/download/trial/{one}", for_records(server, partial(_one, _as_text))),
        web.get(f"/ctr-search/trial/{one}", for_records(server, partial(_one, _as_page))),
    ]
    return served(server, routes, port=port)


def _as_text(protocol: str) -> Made:
    return protocol.encode(), _TEXT


def _as_page(protocol: str) -> Made:
    return trial_page(protocol).encode(), _HTML
