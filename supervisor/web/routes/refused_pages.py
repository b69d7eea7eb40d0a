"""Pages of refused records: why each was, and what it is."""

from urllib.parse import urlencode

from aiohttp import web

from actors.trials import store
from supervisor.roles import Role
from supervisor.web.pages_of import page
from supervisor.web.paging import OfRegistry, page_of
from supervisor.web.route import Call, Nothing, Resource, Route

LONGEST_TEXT_BYTES = 200_000  # of a record that is shown


async def listed(call: Call[OfRegistry, Nothing]) -> web.Response:
    """Records that wait aside, with the reason."""
    asked = call.query
    call.shows_only(asked.registry)
    rows = await store.refusals(call.db, asked.registry, before=asked.before, limit=asked.limit + 1)
    shown, following = page_of(rows, asked.limit)
    kept = [(name, value) for name, value in call.request.query.items() if value and name != "before"]
    return page(
        call,
        "refused.html",
        here="scrapes",
        refused=shown,
        next=urlencode([*kept, ("before", following)]) if following else None,
        first=urlencode(kept) if asked.before else None,
    )


async def show(call: Call[Nothing, Nothing]) -> web.Response:
    """The record as it came, as text."""
    body = await store.refusal_body(call.db, call.id())
    return page(
        call,
        "refused_record.html",
        here="scrapes",
        id=call.id(),
        size=len(body),
        text=body[:LONGEST_TEXT_BYTES].decode(errors="replace"),
        is_cut=len(body) > LONGEST_TEXT_BYTES,
    )


RESOURCE = Resource(
    "refused_pages",
    (
        Route("GET", "/refused", listed, Role.VIEWER),
        Route("GET", "/refused/{id}", show, Role.VIEWER),
    ),
)
