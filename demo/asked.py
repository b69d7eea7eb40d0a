"""A request that a demo registry has let in: what its answer is made of, and what goes wrong with that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias

from aiohttp import web

from demo.answers import JSON, Format, answer, refused
from demo.server import NOTED, D, S, Server
from demo.switches import Fault, befalls, take

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Asked(Generic[D, S]):
    request: web.Request
    server: Server[D, S]
    source: D
    """On the day that the switches say."""
    switches: S
    """As they stood when the request came."""
    fault: Fault | None

    def note(self, first: int, records: int) -> None:
        """For who looks at the requests later: how many records come before this page, and how many it has."""
        noted = NOTED.get()
        noted.first, noted.records = first, records

    def drifted(self, total: int) -> int:
        """The total that this page says."""
        said = total + self.switches.total_drift * self.server.counted
        self.server.counted += 1
        return said

    def suffer(self, positions: Sequence[int]) -> None:
        """What an answer with these records always suffers, unless it suffers something already."""
        self.fault = self.fault or befalls(positions, self.switches)

    def has(self, etag: str) -> bool:
        """Who asks has this already, and is to be answered well."""
        return self.fault is None and self.request.headers.get("If-None-Match") == etag

    def not_modified(self, etag: str) -> web.Response:
        return web.Response(status=304, headers={"ETag": etag})

    async def answer(self, body: bytes, etag: str | None = None, form: Format = JSON) -> web.StreamResponse:
        return await answer(self.request, body, etag, fault=self.fault, switches=self.switches, form=form)


def for_pages(server: Server[D, S], give: Callable[[Asked[D, S]], Awaitable[web.StreamResponse]]) -> Handler:
    """Answers requests for pages, which all that can be switched befalls."""
    return _let_in(server, give, listing=True)


def for_records(server: Server[D, S], give: Callable[[Asked[D, S]], Awaitable[web.StreamResponse]]) -> Handler:
    """Answers requests for single records."""
    return _let_in(server, give, listing=False)


def _let_in(
    server: Server[D, S], give: Callable[[Asked[D, S]], Awaitable[web.StreamResponse]], *, listing: bool
) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        fault, server.switches = take(server.switches, listing=listing)
        turned_away = refused(fault, server.switches)
        if turned_away is not None:
            return turned_away
        return await give(Asked(request, server, server.today, server.switches, fault))

    return handle
