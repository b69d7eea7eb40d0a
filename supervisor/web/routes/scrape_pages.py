"""Pages of scrapes: all of them, one of them, and the form that starts one."""

from datetime import UTC, datetime
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from actors.runtime import telemetry
from actors.trials import store
from actors.trials.scrapes import Mode
from supervisor.roles import Role
from supervisor.scraping import ask_for_scrapes
from supervisor.web import registry_answers as answers
from supervisor.web.pages_of import page, see
from supervisor.web.paging import OfRegistry, Word, page_of
from supervisor.web.problems import Refused
from supervisor.web.route import Call, Nothing, Resource, Route


class Begin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the form asks for."""

    registry: Word
    mode: Mode = "incremental"


async def listed(call: Call[OfRegistry, Nothing]) -> web.Response:
    """Scrapes with their progress."""
    asked, now = call.query, datetime.now(UTC)
    call.shows_only(asked.registry)
    rows = await store.scrapes(call.db, asked.registry, before=asked.before, limit=asked.limit + 1)
    shown, following = page_of(rows, asked.limit)
    kept = [(name, value) for name, value in call.request.query.items() if value and name != "before"]
    return page(
        call,
        "scrapes.html",
        here="scrapes",
        scrapes=[answers.scrape(row, now) for row in shown],
        registries=sorted(call.site.registries),
        next=urlencode([*kept, ("before", following)]) if following else None,
        first=urlencode(kept) if asked.before else None,
    )


async def show(call: Call[Nothing, Nothing]) -> web.Response:
    """One scrape, and the job that it is."""
    scrape = answers.scrape(await store.scrape(call.db, call.id()), datetime.now(UTC))
    call.shows_records_of(scrape.registry)
    return page(call, "scrape.html", here="scrapes", scrape=scrape)


async def begin(call: Call[Nothing, Begin]) -> web.Response:
    """The form that starts a scrape; it leads to the job, which says why it does not run yet."""
    registry = call.body.registry
    if registry not in call.site.registries:
        raise Refused.field("registry", f"there is no registry {registry!r}")
    [asked] = await ask_for_scrapes(
        call.db, [registry], mode=call.body.mode, kinds=call.site.kinds, trace=telemetry.trace_id.get(),
        tenant=call.who.tenant,
    )  # fmt: skip
    return see(f"/jobs/{asked.job}")


RESOURCE = Resource(
    "scrape_pages",
    (
        Route("GET", "/scrapes", listed, Role.VIEWER),
        Route("POST", "/scrapes", begin, Role.OPERATOR, status=303, form=True),
        Route("GET", "/scrapes/{id}", show, Role.VIEWER),
    ),
)
