"""Records that could not be read, kept aside with their reason."""

from datetime import datetime

import msgspec
from aiohttp import web

from actors.trials import store
from supervisor.roles import Role
from supervisor.web.paging import Before, Limit, Word, next_of
from supervisor.web.route import Call, Nothing, Resource, Route


class RefusedQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    registry: Word | None = None
    before: Before | None = None
    limit: Limit = 50


class RefusedTold(msgspec.Struct, frozen=True):
    id: int
    registry: str
    registry_id: str | None
    reason: str
    url: str
    size_bytes: int
    times: int
    first_at: datetime
    last_at: datetime
    scrape_id: int | None


class RefusedPage(msgspec.Struct, frozen=True):
    """The newest first; `next` is the `before` of the next page, null at the end."""

    refused: tuple[RefusedTold, ...]
    next: int | None


async def refused(call: Call[RefusedQuery, Nothing]) -> RefusedPage:
    """Records that wait aside."""
    asked = call.query
    rows = await store.refusals(call.db, asked.registry, before=asked.before, limit=asked.limit)
    told = tuple(RefusedTold(**{name: getattr(row, name) for name in RefusedTold.__struct_fields__}) for row in rows)
    return RefusedPage(told, next_of(rows, asked.limit))


async def body(call: Call[Nothing, Nothing]) -> web.Response:
    """A refused record exactly as it came, as a file."""
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": f'attachment; filename="refused-{call.id()}.bin"',
    }
    return web.Response(body=await store.refusal_body(call.db, call.id()), headers=headers)


RESOURCE = Resource(
    "refused",
    (
        Route("GET", "/api/v1/refused", refused, Role.VIEWER),
        Route("GET", "/api/v1/refused/{id}/raw", body, Role.VIEWER),
    ),
)
