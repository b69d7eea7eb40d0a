"""Pages to search trials, and of one trial. They work without a script."""

from typing import get_args
from urllib.parse import quote, urlencode

import msgspec
from aiohttp import web

from actors.errors import Refusal
from actors.trials import search as asking
from actors.trials import store
from actors.trials.record import Phase, Status, StudyType
from supervisor.roles import Role
from supervisor.web import trial_page
from supervisor.web.pages_of import page
from supervisor.web.route import Call, Nothing, Resource, Route
from supervisor.web.trial_answers import SearchQuery

VERSIONS_OPEN = 3  # of the history, shown unfolded
SITES_SHOWN = 100


class TrialQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the reader came from: the search, to go back to."""

    back: str = ""


async def search(call: Call[SearchQuery, Nothing]) -> web.Response:
    """The search, with its filters and what was found."""
    asked, problem, status = call.query, None, 200
    found = asking.Results((), (), asking.Count(0), None)
    try:
        found = await store.search(call.db, asked.search())
    except Refusal as error:
        problem, status = str(error), 400
    pairs = [(name, value) for name, value in call.request.query.items() if value]
    kept = [pair for pair in pairs if pair[0] != "cursor"]
    return page(
        call,
        "trials.html",
        status=status,
        here="trials",
        asked=asked,
        found=found,
        problem=problem,
        next=urlencode([*kept, ("cursor", found.next)]) if found.next else None,
        first=urlencode(kept) if asked.cursor else None,
        back=quote(call.request.path_qs, safe=""),
        statuses=get_args(Status),
        phases=get_args(Phase),
        types=get_args(StudyType),
        registries=call.site.registries,
        filters=sum(name not in ("q", "order", "cursor", "limit") for name, _ in pairs),
    )


async def show(call: Call[TrialQuery, Nothing]) -> web.Response:
    """One trial with all that is known of it, where that came from, and how it changed."""
    trial = await store.get(call.db, call.word("id"))
    record = await store.raw(call.db, trial.id)
    versions = await store.versions(call.db, trial.id)
    sites = trial.record.get("sites") or []
    return page(
        call,
        "trial.html",
        here="trials",
        trial=trial,
        record=trial_page.complete(trial.record),
        raw=record,
        versions=versions,
        shown=trial_page,
        open_versions=VERSIONS_OPEN,
        sites_shown=SITES_SHOWN,
        site_count=len(sites) if isinstance(sites, list) else 0,
        back=call.query.back if call.query.back.startswith("/trials?") else "/trials",
    )


RESOURCE = Resource(
    "trial_pages",
    (
        Route("GET", "/trials", search, Role.VIEWER),
        Route("GET", "/trials/{id}", show, Role.VIEWER),
    ),
)
