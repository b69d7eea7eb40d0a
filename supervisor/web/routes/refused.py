"""Records that could not be read, kept aside with their reason."""

import msgspec
from aiohttp import web

from actors.trials import store
from actors.trials.shown import RefusedRecord
from supervisor.roles import Role
from supervisor.web.paging import OfRegistry, page_of
from supervisor.web.route import Call, Nothing, Resource, Route


class RefusedPage(msgspec.Struct, frozen=True):
    """The newest first; `next` is the `before` of the next page, null at the end."""

    refused: tuple[RefusedRecord, ...]
    next: int | None


async def refused(call: Call[OfRegistry, Nothing]) -> RefusedPage:
    """Records that wait aside."""
    asked = call.query
    call.shows_only(asked.registry)
    rows = await store.refusals(call.db, asked.registry, before=asked.before, limit=asked.limit + 1)
    page, following = page_of(rows, asked.limit)
    return RefusedPage(tuple(page), following)


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
        Route("GET", "/api/v1/refused/{id}/raw", body, Role.VIEWER, media="application/octet-stream"),
    ),
)
