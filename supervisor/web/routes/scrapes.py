"""Scrapes: how far they are, how they went, and started by hand."""

from datetime import UTC, date, datetime

import msgspec

from actors.runtime import telemetry
from actors.trials import store
from actors.trials.scrapes import OF_EVERYTHING, Mode
from supervisor.roles import Role
from supervisor.scraping import ask_for_scrapes
from supervisor.web import registry_answers as answers
from supervisor.web.paging import OfRegistry, Word, page_of
from supervisor.web.problems import Refused
from supervisor.web.registry_answers import ScrapeTold
from supervisor.web.route import Call, Nothing, Resource, Route


class ScrapesPage(msgspec.Struct, frozen=True):
    """The newest first; `next` is the `before` of the next page, null at the end."""

    scrapes: tuple[ScrapeTold, ...]
    next: int | None


class NewScrape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`since` is for an incremental scrape; without it, that begins where the mirror is complete.

    `reconcile` compares numbers and dates, and asks for what differs. `accept_removed` is for this and for `full`: what
    is gone at the source is marked, however much it is.
    """

    registry: Word
    mode: Mode = "incremental"
    since: date | None = None
    accept_removed: bool = False


class Enqueued(msgspec.Struct, frozen=True):
    """The job that scrapes; `joined`: somebody had asked for the same before, and it has not ended."""

    job: int
    joined: bool


async def scrapes(call: Call[OfRegistry, Nothing]) -> ScrapesPage:
    """Scrapes with their progress."""
    asked = call.query
    call.shows_only(asked.registry)
    rows = await store.scrapes(call.db, asked.registry, before=asked.before, limit=asked.limit + 1)
    page, following = page_of(rows, asked.limit)
    now = datetime.now(UTC)
    return ScrapesPage(tuple([answers.scrape(row, now) for row in page]), following)


async def show(call: Call[Nothing, Nothing]) -> ScrapeTold:
    """One scrape."""
    scrape = await store.scrape(call.db, call.id())
    call.shows_records_of(scrape.registry)
    return answers.scrape(scrape, datetime.now(UTC))


async def begin(call: Call[Nothing, NewScrape]) -> Enqueued:
    """Enqueues a scrape of a registry."""
    asked = call.body
    if asked.registry not in call.site.registries:
        known = ", ".join(sorted(call.site.registries))
        raise Refused.field("registry", f"there is no registry {asked.registry!r}; there are: {known}")
    if asked.since is not None and asked.mode in OF_EVERYTHING:
        raise Refused.field("since", f"a {asked.mode} scrape asks for everything; expected none")
    if asked.accept_removed and asked.mode not in OF_EVERYTHING:
        raise Refused.field("accept_removed", "only full and reconcile notice what is gone; expected false")
    [one] = await ask_for_scrapes(
        call.db,
        [asked.registry],
        mode=asked.mode,
        since=asked.since,
        accept_removed=asked.accept_removed,
        kinds=call.site.kinds,
        trace=telemetry.trace_id.get(),
        tenant=call.who.tenant,
    )
    return Enqueued(one.job, one.joined)


RESOURCE = Resource(
    "scrapes",
    (
        Route("GET", "/api/v1/scrapes", scrapes, Role.VIEWER),
        Route("GET", "/api/v1/scrapes/{id}", show, Role.VIEWER),
        Route("POST", "/api/v1/scrapes", begin, Role.OPERATOR, status=202),
    ),
)
