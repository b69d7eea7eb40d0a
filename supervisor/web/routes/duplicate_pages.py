"""Pages of duplicates: what waits for a reviewer, and two records side by side. They work without a script."""

from typing import get_args
from urllib.parse import urlencode

from aiohttp import web

from actors.trials import store as trials
from actors.trials.dedupe import Type
from actors.trials.duplicates import store
from actors.trials.duplicates.explaining import explain
from actors.trials.duplicates.reviewing import reviews as reviewing
from supervisor.roles import Role
from supervisor.web import duplicate_answers as answers
from supervisor.web import duplicate_page
from supervisor.web.duplicate_answers import Note, QueueQuery, Waits
from supervisor.web.pages_of import page, see
from supervisor.web.route import Call, Nothing, Resource, Route

LATEST = 10  # decisions under the queue
EVENTS = 20


async def listed(call: Call[QueueQuery, Nothing]) -> web.Response:
    """What waits for a reviewer, each question once, and what was decided lately."""
    found = await answers.reviews(call)
    kept = [(name, value) for name, value in call.request.query.items() if value and name != "cursor"]
    return page(
        call,
        "duplicates.html",
        here="duplicates",
        reviews=found.reviews,
        summary=await answers.summary(call.db),
        latest=answers.decisions(await store.decisions(call.db, limit=LATEST)),
        asked=call.query,
        types=get_args(Type),
        states=get_args(Waits),
        shown=duplicate_page,
        next=urlencode([*kept, ("cursor", found.next)]) if found.next else None,
        first=urlencode(kept) if call.query.cursor else None,
    )


async def show(call: Call[Nothing, Nothing]) -> web.Response:
    """Two records side by side, what speaks for and against their being one trial, and what was decided."""
    a, b = await answers.two(call)
    found = await explain(call.db, a, b)
    call.shows_records_of(*answers.registries(found))
    one, other = await trials.get(call.db, a), await trials.get(call.db, b)
    bars = duplicate_page.bars(found)
    asks = await reviewing.review_of(call.db, a, b)
    ahead = await reviewing.after(call.db, asks, (found.a.id, found.b.id))
    return page(
        call,
        "duplicate.html",
        here="duplicates",
        found=found,
        one=one,
        other=other,
        beside=duplicate_page.beside(one.record, other.record),
        bars=bars,
        height=duplicate_page.height(bars),
        holding=next((said for said in found.decisions if said.undone_at is None), None),
        events=answers.events(await store.events(call.db, [a, b], limit=EVENTS)),
        ahead=ahead,
        asks=answers.review(asks) if asks else None,
        shown=duplicate_page,
    )


async def confirm(call: Call[Nothing, Note]) -> web.Response:
    """The button that says that two records are one trial."""
    await answers.confirm(call)
    return await _back(call)


async def split(call: Call[Nothing, Note]) -> web.Response:
    """The button that says that two records are two trials."""
    await answers.split(call)
    return await _back(call)


async def undo(call: Call[Nothing, Nothing]) -> web.Response:
    """The button that takes a decision back."""
    await answers.undo(call)
    return await _back(call)


async def _back(call: Call[Nothing, Note] | Call[Nothing, Nothing]) -> web.Response:
    a, b = await answers.two(call)
    return see(f"/duplicates/{a}/{b}")


RESOURCE = Resource(
    "duplicate_pages",
    (
        Route("GET", "/duplicates", listed, Role.VIEWER),
        Route("GET", "/duplicates/{a}/{b}", show, Role.VIEWER),
        Route("POST", "/duplicates/{a}/{b}/confirm", confirm, Role.STEWARD, at_home=True, status=303, form=True),
        Route("POST", "/duplicates/{a}/{b}/split", split, Role.STEWARD, at_home=True, status=303, form=True),
        Route("POST", "/duplicates/{a}/{b}/undo", undo, Role.STEWARD, at_home=True, status=303, form=True),
    ),
)
