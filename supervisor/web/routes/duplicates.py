"""Duplicates: pairs that wait for a reviewer, why, what people decided, and trials as all their records tell them."""

import msgspec

from actors.queue import store as queue
from actors.trials import store as trials
from actors.trials.duplicates import store
from actors.trials.duplicates.explaining import Explained, explain
from actors.trials.duplicates.merging import MergedTrial, merged_view
from supervisor.roles import Role
from supervisor.web import duplicate_answers as answers
from supervisor.web.duplicate_answers import (
    Decided,
    DecisionsPage,
    EventsPage,
    EventsQuery,
    Note,
    PairsPage,
    QueueQuery,
    ReviewsPage,
    Summary,
)
from supervisor.web.paging import PageQuery, page_of
from supervisor.web.route import Call, Nothing, Resource, Route


class JobAsked(msgspec.Struct, frozen=True):
    job: int


async def waiting(call: Call[QueueQuery, Nothing]) -> PairsPage:
    """Pairs that wait for a reviewer: those held first, then those proposed, the most alike first."""
    return await answers.waiting(call)


async def reviews(call: Call[QueueQuery, Nothing]) -> ReviewsPage:
    """What waits for a reviewer, each question once: pairs that hang together are one."""
    return await answers.reviews(call)


async def summary(call: Call[Nothing, Nothing]) -> Summary:
    """How many pairs there are of each type, what became of them, and how far comparing is."""
    return await answers.summary(call.db)


async def pair(call: Call[Nothing, Nothing]) -> Explained:
    """Why two records are held to be one trial, or are not: scored now, linked or not."""
    found = await explain(call.db, *await answers.two(call))
    call.shows_records_of(*answers.registries(found))
    return found


async def confirm(call: Call[Nothing, Note]) -> Decided:
    """Two records are one trial; whatever was found or decided before."""
    return await answers.confirm(call)


async def split(call: Call[Nothing, Note]) -> Decided:
    """Two records are two trials; whatever was found or decided before."""
    return await answers.split(call)


async def undo(call: Call[Nothing, Nothing]) -> Decided:
    """What was decided of the two holds no more."""
    return await answers.undo(call)


async def decisions(call: Call[PageQuery, Nothing]) -> DecisionsPage:
    """What people decided, the newest first, with what was undone."""
    asked = call.query
    rows, following = page_of(await store.decisions(call.db, before=asked.before, limit=asked.limit + 1), asked.limit)
    return DecisionsPage(answers.decisions(rows), following)


async def events(call: Call[EventsQuery, Nothing]) -> EventsPage:
    """Every merge and unmerge, the newest first."""
    asked = call.query
    of = None if asked.trial is None else [asked.trial]
    rows = await store.events(call.db, of, before=asked.before, limit=asked.limit + 1)
    shown, following = page_of(rows, asked.limit)
    return EventsPage(answers.events(shown), following)


async def compare(call: Call[Nothing, Nothing]) -> JobAsked:
    """All records are compared with one another; who asks for what was asked for joins that job."""
    kind = call.site.kinds["dedupe"]
    [job] = await queue.enqueue(call.db, [kind.new(kind.payload(whole=True))])
    return JobAsked(job)


async def merged(call: Call[Nothing, Nothing]) -> MergedTrial:
    """A trial as all of its records tell it: which records each datum is from, and what others say otherwise."""
    trial = await trials.get(call.db, call.word("id"))
    found = await merged_view(call.db, trial.id)
    call.shows_records_of(*(one.registry for one in found.records))
    return found


RESOURCE = Resource(
    "duplicates",
    (
        Route("GET", "/api/v1/duplicates", waiting, Role.VIEWER),
        Route("GET", "/api/v1/duplicates/reviews", reviews, Role.VIEWER),
        Route("GET", "/api/v1/duplicates/summary", summary, Role.VIEWER),
        Route("GET", "/api/v1/duplicates/decisions", decisions, Role.VIEWER),
        Route("GET", "/api/v1/duplicates/events", events, Role.VIEWER),
        Route("POST", "/api/v1/duplicates/compare", compare, Role.OPERATOR, status=202),
        Route("GET", "/api/v1/duplicates/{a}/{b}", pair, Role.VIEWER),
        Route("POST", "/api/v1/duplicates/{a}/{b}/confirm", confirm, Role.STEWARD, at_home=True),
        Route("POST", "/api/v1/duplicates/{a}/{b}/split", split, Role.STEWARD, at_home=True),
        Route("POST", "/api/v1/duplicates/{a}/{b}/undo", undo, Role.STEWARD, at_home=True),
        Route("GET", "/api/v1/trials/{id}/merged", merged, Role.VIEWER),
    ),
)
