"""Scrapes: how far they are, how they went, and started by hand."""

from datetime import UTC, date, datetime
from typing import Literal

import msgspec

from actors.queue import store as queue
from actors.runtime import telemetry
from actors.trials import store
from supervisor.roles import Role
from supervisor.web import registry_answers as answers
from supervisor.web.paging import Before, Limit, Word, next_of
from supervisor.web.problems import Refused
from supervisor.web.registry_answers import ScrapeTold
from supervisor.web.route import Call, Nothing, Resource, Route


class ScrapesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    registry: Word | None = None
    before: Before | None = None
    limit: Limit = 50


class ScrapesPage(msgspec.Struct, frozen=True):
    """The newest first; `next` is the `before` of the next page, null at the end."""

    scrapes: tuple[ScrapeTold, ...]
    next: int | None


class NewScrape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`since` is for an incremental scrape; without it, that begins where the last one that ended well began."""

    registry: Word
    mode: Literal["full", "incremental"] = "incremental"
    since: date | None = None


class Enqueued(msgspec.Struct, frozen=True):
    """The job that scrapes; the one that is at it already, where there is one."""

    job: int


async def scrapes(call: Call[ScrapesQuery, Nothing]) -> ScrapesPage:
    """Scrapes with their progress."""
    asked = call.query
    rows = await store.scrapes(call.db, asked.registry, before=asked.before, limit=asked.limit)
    now = datetime.now(UTC)
    return ScrapesPage(tuple([answers.scrape(row, now) for row in rows]), next_of(rows, asked.limit))


async def show(call: Call[Nothing, Nothing]) -> ScrapeTold:
    """One scrape."""
    return answers.scrape(await store.scrape(call.db, call.id()), datetime.now(UTC))


async def begin(call: Call[Nothing, NewScrape]) -> Enqueued:
    """Enqueues a scrape of a registry."""
    asked = call.body
    if asked.registry not in call.site.registries:
        known = ", ".join(sorted(call.site.registries))
        raise Refused.field("registry", f"there is no registry {asked.registry!r}; there are: {known}")
    if asked.since is not None and asked.mode == "full":
        raise Refused.field("since", "a full scrape asks for everything; expected none")
    kind = call.site.kinds["scrape"]
    payload = kind.payload(registry=asked.registry, mode=asked.mode, since=asked.since)
    key = f"{asked.registry} {asked.mode} {asked.since or ''}".strip()
    [job] = await queue.enqueue(call.db, [kind.new(payload, unique_key=key, trace_id=telemetry.trace_id.get())])
    return Enqueued(job)


RESOURCE = Resource(
    "scrapes",
    (
        Route("GET", "/api/v1/scrapes", scrapes, Role.VIEWER),
        Route("GET", "/api/v1/scrapes/{id}", show, Role.VIEWER),
        Route("POST", "/api/v1/scrapes", begin, Role.OPERATOR, status=202),
    ),
)
