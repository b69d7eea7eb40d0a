"""Pages to search trials, and of one trial. They work without a script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args
from urllib.parse import quote, urlencode

import msgspec
from aiohttp import web

from actors.mesh.browsing import store as mesh
from actors.trials import search as asking
from actors.trials import store
from actors.trials.assessing import store as assessing
from actors.trials.record import Phase, Status, StudyType
from actors.trials.semantic import answer as semantic
from actors.trials.semantic.embedder import LOCAL
from actors.trials.watching import store as watching
from supervisor import finding
from supervisor.roles import Role
from supervisor.web import search_page, trial_page
from supervisor.web import trial_answers as answers
from supervisor.web.duplicate_answers import merged_block
from supervisor.web.mesh_commands import HOWS
from supervisor.web.pages_of import page
from supervisor.web.problems import Refused
from supervisor.web.route import Call, Nothing, Resource, Route
from supervisor.web.site_map import site_map
from supervisor.web.trial_answers import SearchQuery
from supervisor.web.watch_page import FLAG_NAMES

VERSIONS_OPEN = 3  # of the history, shown unfolded
SITES_SHOWN = 100
SIMILAR_SHOWN = 5
# Fields that show by themselves what is wrong with them.
SHOWN_AT = frozenset(
    {
        "q",
        "country",
        "sponsor",
        "near",
        "within",
        "age",
        "mesh",
        "mode",
        *(f"{part}_{end}" for part in ("start", "completion", "updated") for end in ("from", "to")),
    }
)


class TrialQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the reader came from: the search, to go back to."""

    back: str = ""


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form, as it was typed."""

    values: Mapping[str, Sequence[str]]

    def one(self, name: str) -> str:
        return self.values.get(name, [""])[0]

    def all(self, name: str) -> Sequence[str]:
        return self.values.get(name, [])


async def search(call: Call[SearchQuery, Nothing]) -> web.Response:
    """The search, with its filters and what was found; what cannot be searched for stays in the form."""
    found, problem = asking.NOTHING, call.problem
    if problem is None:
        try:
            wanted = call.query.wanted()
            if call.query.duplicates is None:
                wanted = replace(wanted, search=replace(wanted.search, collapse=True))
            found = await finding.find(call.db, wanted, values=True)
        except asking.BadSearch as error:
            problem = answers.refused(error)
    pairs = [(name, value) for name, value in call.request.query.items() if value]
    kept = [pair for pair in pairs if pair[0] != "cursor"]
    call.shows_only(*call.query.registry)
    return page(
        call,
        "trials.html",
        status=problem.status if problem else 200,
        here="trials",
        typed=Typed({name: [value for one, value in pairs if one == name] for name, _ in pairs}),
        found=found,
        problem=_shown(problem),
        shown_at=SHOWN_AT,
        next=urlencode([*kept, ("cursor", found.next)]) if found.next else None,
        first=urlencode(kept) if "cursor" in call.request.query else None,
        by_date=urlencode([*(pair for pair in kept if pair[0] != "order"), ("order", "newest")]),
        back=quote(call.request.path_qs, safe=""),
        shown=trial_page,
        searched=search_page,
        chips=search_page.chips(pairs, found),
        pairs=kept,
        statuses=get_args(Status),
        phases=get_args(Phase),
        types=get_args(StudyType),
        registries={name: one.title for name, one in call.site.registries.items()},
        unlike=await semantic.standing(call.db),
        embedder_says=LOCAL.says,
        filters=sum(name not in search_page.NO_FILTERS for name, _ in pairs),
    )


def _shown(problem: Refused | None) -> Mapping[str, object] | None:
    return None if problem is None else {"field": "", "problem": "", **problem.details, "message": problem.message}


async def show(call: Call[TrialQuery, Nothing]) -> web.Response:
    """One trial with all that is known of it, where that came from, and how it changed."""
    trial = await store.get(call.db, call.word("id"))
    merged = await merged_block(call.db, trial.id)
    similar = await semantic.similar(call.db, trial.id, SIMILAR_SHOWN)
    shown = [trial.registry, *(one.registry for one, _ in similar.rows)]
    call.shows_records_of(*shown, *(one.registry for one in (merged.records if merged else ())))
    record = await store.raw(call.db, trial.id)
    versions = await store.versions(call.db, trial.id)
    sites = trial.record.get("sites") or []
    watch = await watching.watch_of(call.db, call.who.name, trial.id)
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
        assessment=await assessing.assessment(call.db, trial.id),
        flag_names=FLAG_NAMES,
        watched=watch is not None,
        site_map=site_map(trial.record),
        codes=await mesh.codes(call.db, trial.id),
        mesh_hows=HOWS,
        merged=merged,
        similar=similar,
        embedder_says=LOCAL.says,
        back=call.query.back if call.query.back.startswith("/trials?") else "/trials",
    )


RESOURCE = Resource(
    "trial_pages",
    (
        Route("GET", "/trials", search, Role.VIEWER, keeps_form=True),
        Route("GET", "/trials/{id}", show, Role.VIEWER, of_tenant=True),  # whether it is watched
    ),
)
