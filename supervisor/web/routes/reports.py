"""Reports of each day, and what rules say of trials."""

from datetime import date
from typing import get_args

import msgspec

from actors.errors import NotFound
from actors.trials import store as trials
from actors.trials.assessing import store as assessing
from actors.trials.assessing.store import Assessment, Flagged
from actors.trials.flags import Name
from actors.trials.reporting import store
from actors.trials.reporting.report import Report
from supervisor.roles import Role
from supervisor.web.paging import Limit, OfRegistry, page_of
from supervisor.web.route import Call, Nothing, Resource, Route


class ReportsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`before` is the `next` of the page before."""

    before: date | None = None
    limit: Limit = 50


class ReportsPage(msgspec.Struct, frozen=True):
    """The newest first, each with its figures; the trials that it names are in the report itself."""

    reports: tuple[Report, ...]
    next: date | None


class FlaggedPage(msgspec.Struct, frozen=True):
    """Trials that bear the flag, the newest first."""

    trials: tuple[Flagged, ...]
    next: int | None


async def reports(call: Call[ReportsQuery, Nothing]) -> ReportsPage:
    """The daily reports."""
    rows = await store.reports(call.db, before=call.query.before, limit=call.query.limit + 1)
    shown = rows[: call.query.limit]
    return ReportsPage(tuple(shown), shown[-1].day if len(rows) > len(shown) else None)


async def report(call: Call[Nothing, Nothing]) -> Report:
    """The report of a day, or `latest`."""
    return await store.report(call.db, day_of(call.word("day")))


def day_of(word: str) -> date | None:
    """None for the latest. Raises NotFound. No I/O."""
    try:
        return None if word == "latest" else date.fromisoformat(word)
    except ValueError as error:
        raise NotFound(f"day: there is no day {word[:40]!r}: expected such as 2026-01-31, or latest") from error


async def assessment(call: Call[Nothing, Nothing]) -> Assessment:
    """Urgency and completeness of a trial, and its flags, each with the reason."""
    trial = await trials.get(call.db, call.word("id"))
    call.shows_records_of(trial.registry)
    found = await assessing.assessment(call.db, trial.id)
    if found is None:
        raise NotFound(f"trial {trial.registry_id} has not been assessed yet: it will be within a minute")
    return found


async def flagged(call: Call[OfRegistry, Nothing]) -> FlaggedPage:
    """The trials that bear a flag."""
    asked, name = call.query, call.word("flag")
    if name not in get_args(Name):
        raise NotFound(f"flag: there is no flag {name[:40]!r}; there are {', '.join(get_args(Name))}")
    call.shows_only(asked.registry)
    rows = await assessing.flagged(call.db, name, asked.registry, before=asked.before, limit=asked.limit + 1)
    shown, following = page_of(rows, asked.limit)
    return FlaggedPage(tuple(shown), following)


RESOURCE = Resource(
    "reports",
    (
        Route("GET", "/api/v1/reports/daily", reports, Role.VIEWER),
        Route("GET", "/api/v1/reports/daily/{day}", report, Role.VIEWER),
        Route("GET", "/api/v1/trials/{id}/assessment", assessment, Role.VIEWER),
        Route("GET", "/api/v1/flags/{flag}", flagged, Role.VIEWER),
    ),
)
