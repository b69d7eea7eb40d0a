"""CTIS's public API on loopback: a POST searches, and stops at 10,000 without a word; a GET retrieves one trial."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

import orjson
from aiohttp import web

from demo import control
from demo.answers import Format, answer, refused, tag
from demo.ctis_record import Listed, listed
from demo.dice import mix
from demo.holdings import hash_of
from demo.listing import Listing, of_world
from demo.registers import CTIS
from demo.requests import BadRequest
from demo.server import NOTED, Server, served
from demo.switches import CtisSwitches, Fault, is_hit, take
from demo.world import World

SEARCH = "/ctis-public-api/search"
_RETRIEVE = "/ctis-public-api/retrieve/{number}"
MOST = 100  # records a page
_FORM = Format("application/json", b'{"pagination":[],"data":{"ctNumber":7}}')
_SORTS = frozenset({"decisionDate", "lastUpdated", "lastPublicationUpdate"})
_TEXTS = ("medicalCondition", "sponsor", "number", "containAll", "containAny", "containNot")

Ctis = Server[Listing[Listed], CtisSwitches]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Search:
    page: int
    size: int
    sort: str
    descending: bool
    statuses: frozenset[int]
    texts: tuple[tuple[str, str], ...]


def parse(body: bytes) -> Search:
    """Raises BadRequest."""
    try:
        asked = orjson.loads(body)
        pagination, sort = asked["pagination"], asked.get("sort") or {}
        criteria = asked.get("searchCriteria") or {}
        unknown = set(criteria) - {*_TEXTS, "status"}
        search = Search(
            page=int(pagination["page"]),
            size=min(int(pagination["size"]), MOST),
            sort=sort.get("property", "decisionDate"),
            descending=sort.get("direction", "DESC") == "DESC",
            statuses=frozenset(map(int, criteria.get("status") or ())),
            texts=tuple((name, str(criteria[name])) for name in _TEXTS if criteria.get(name)),
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadRequest("Malformed search") from error
    if unknown or search.page < 1 or search.size < 1 or search.sort not in _SORTS:
        raise BadRequest(f"Malformed search: {', '.join(sorted(unknown)) or 'page, size or sort'}")
    return search


@lru_cache(maxsize=16)
def select(source: Listing[Listed], search: Search, uneven_days: int) -> Sequence[tuple[int, Listed]]:
    """All that it finds with their places in the register, in order; of the page it looks at nothing."""
    found = [
        (place, one)
        for place, one in enumerate(source.records, start=1)
        if (not search.statuses or one.status in search.statuses) and _says(one, search.texts)
    ]
    return sorted(found, key=lambda pair: _order(pair[1], search.sort, uneven_days), reverse=search.descending)


def _order(one: Listed, by: str, uneven_days: int) -> tuple[int, str]:
    """By another date than the one that is shown, but near it: the register's own order is not strict."""
    shown: date = {"decisionDate": one.decided, "lastUpdated": one.updated}.get(by, one.published)
    off = mix(1, hash_of(one.number), uneven_days) % (2 * uneven_days + 1) - uneven_days if uneven_days else 0
    return shown.toordinal() + off, one.number


def _says(one: Listed, texts: Sequence[tuple[str, str]]) -> bool:
    if not texts:
        return True
    whole = orjson.dumps(one.overview()).decode().lower()
    for name, text in texts:
        words = text.lower().replace(",", " ").split()
        match name:
            case "number":
                met = one.number == text
            case "containAny":
                met = any(word in whole for word in words)
            case "containNot":
                met = not any(word in whole for word in words)
            case _:
                met = all(word in whole for word in words)
        if not met:
            return False
    return True


def page_of(found: Sequence[tuple[int, Listed]], search: Search, switches: CtisSwitches, drift: int) -> Json:
    """`pagination` tells of all that was found; `data` ends with the cap."""
    shift = switches.page_shift if search.page > 1 else 0
    first = max(0, (search.page - 1) * search.size + shift)
    rows = found[first : min(first + search.size, max(switches.cap, 0))]
    total = len(found) + drift
    pages = -(-total // search.size)
    return {
        "pagination": {
            "totalRecords": total,
            "currentPage": search.page,
            "totalPages": pages,
            "nextPage": search.page < pages,
            "prevPage": search.page > 1,
        },
        "data": [one.overview() if not is_hit(place, switches.shapeless_every) else "a text" for place, one in rows],
    }


def spoiled(body: bytes, place: int, switches: CtisSwitches) -> bytes:
    if is_hit(place, switches.shapeless_every):
        return b'"this record is a text"'
    head = b'"fullTitle":"'
    if is_hit(place, switches.nul_every):
        body = body.replace(head, head + rb"\u0000", 1)
    if is_hit(place, switches.bad_utf8_every):
        body = body.replace(head, head + b"\xff", 1)
    return body


@dataclass(slots=True)
class Api:
    server: Ctis
    _counted: int = 0
    _places: dict[str, dict[str, int]] = field(default_factory=dict)
    """Numbers and their places, by version of the register."""

    async def search(self, request: web.Request) -> web.StreamResponse:
        server = self.server
        fault, server.switches = take(server.switches, listing=True)
        source, switches = server.today, server.switches
        turned_away = refused(fault, switches)
        if turned_away is not None:
            return turned_away
        search = parse(await request.read())
        whole = Search(1, 1, search.sort, search.descending, search.statuses, search.texts)
        found = await asyncio.to_thread(select, source, whole, switches.uneven_days)
        made = page_of(found, search, switches, switches.total_drift * self._counted)
        self._counted += 1
        noted = NOTED.get()
        noted.first, noted.records = (search.page - 1) * search.size, len(made["data"])
        if fault is Fault.EMPTY_PAGE:
            made["data"] = []
        return await answer(request, orjson.dumps(made), None, fault=fault, switches=switches, form=_FORM)

    async def retrieve(self, request: web.Request) -> web.StreamResponse:
        server = self.server
        fault, server.switches = take(server.switches, listing=False)
        source, switches = server.today, server.switches
        turned_away = refused(fault, switches)
        if turned_away is not None:
            return turned_away
        place = (await asyncio.to_thread(self._numbered, source)).get(request.match_info["number"])
        if place is None:
            return web.json_response({"error": "Not found"}, status=404)
        if place == switches.cut_record or place == switches.gigantic_record:
            fault = fault or (Fault.CUT_JSON if place == switches.cut_record else Fault.GIGANTIC)
        body = spoiled(source.records[place - 1].body(), place, switches)
        etag = tag(source.version, place, body)
        if fault is None and request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        return await answer(request, body, etag, fault=fault, switches=switches, form=_FORM)

    def _numbered(self, source: Listing[Listed]) -> dict[str, int]:
        if source.version not in self._places:
            self._places[source.version] = {one.number: at for at, one in enumerate(source.records, start=1)}
        return self._places[source.version]

    async def forbidden(self, _: web.Request) -> web.Response:
        return web.json_response({"message": "Forbidden"}, status=403)


def from_world(world: World) -> Listing[Listed]:
    return of_world(world, CTIS.name, listed)


@asynccontextmanager
async def serve(source: Listing[Listed], *, port: int = 0, switches: CtisSwitches | None = None) -> AsyncIterator[Ctis]:
    """The server on 127.0.0.1 until the context ends; port 0 takes a free one."""
    server: Ctis = Server(source, switches or CtisSwitches(), SEARCH)
    api = Api(server)
    routes = [
        web.post(SEARCH, api.search),
        web.get(SEARCH, api.forbidden),
        web.get(_RETRIEVE, api.retrieve),
    ]
    async with served(server, [*routes, *control.routes()], port=port):
        yield server
