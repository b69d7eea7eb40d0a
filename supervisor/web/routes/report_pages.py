"""Pages of the daily reports, and of the trials that bear a flag."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from actors.errors import NotFound
from actors.trials.assessing import store as assessing
from actors.trials.reporting import store
from actors.trials.reporting.report import Report
from supervisor.roles import Role
from supervisor.web import watch_page as shown
from supervisor.web.pages_of import page
from supervisor.web.paging import OfRegistry, page_of
from supervisor.web.route import Call, Nothing, Resource, Route

DAYS_SHOWN = 42


class ReportsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`before` is the `next` of the page before."""

    before: date | None = None


async def listed(call: Call[ReportsQuery, Nothing]) -> web.Response:
    """The daily reports with their figures, and a chart of them."""
    rows = await store.reports(call.db, before=call.query.before, limit=DAYS_SHOWN + 1)
    reports = rows[:DAYS_SHOWN]
    days = [(one.day.isoformat(), totals(one)["new"], totals(one)["changed"]) for one in reversed(reports)]
    return page(
        call,
        "reports.html",
        here="reports",
        reports=reports,
        totals=totals,
        bars=shown.bars(days),
        next=urlencode({"before": reports[-1].day}) if len(rows) > DAYS_SHOWN else None,
        first="" if call.query.before else None,
    )


def totals(report: Report) -> Mapping[str, int]:
    """Each figure over all registries. No I/O."""
    sums: Counter[str] = Counter()
    for one in report.told.registries:
        sums.update({name: value for name, value in asdict(one).items() if isinstance(value, int)})
    return sums


async def show(call: Call[Nothing, Nothing]) -> web.Response:
    """The report of one day."""
    report = await store.report(call.db, _day(call.word("day")))
    return page(call, "report.html", here="reports", report=report, sum=totals(report), names=shown.FLAG_NAMES)


def _day(word: str) -> date | None:
    """Raises NotFound."""
    try:
        return None if word == "latest" else date.fromisoformat(word)
    except ValueError as error:
        raise NotFound(f"day: there is no day {word[:40]!r}: expected such as 2026-01-31, or latest") from error


async def flagged(call: Call[OfRegistry, Nothing]) -> web.Response:
    """The trials that bear a flag."""
    asked, flag = call.query, call.word("flag")
    if flag not in shown.FLAG_NAMES:
        raise NotFound(f"flag: there is no flag {flag[:40]!r}")
    call.shows_only(asked.registry)
    rows = await assessing.flagged(call.db, flag, asked.registry, before=asked.before, limit=asked.limit + 1)
    trials, following = page_of(rows, asked.limit)
    kept = _kept(asked)
    return page(
        call,
        "flagged.html",
        here="reports",
        flag=flag,
        names=shown.FLAG_NAMES,
        trials=trials,
        next=urlencode([*kept, ("before", following)]) if following else None,
        first=urlencode(kept) if asked.before else None,
    )


def _kept(asked: OfRegistry) -> Sequence[tuple[str, str]]:
    return [("registry", asked.registry)] if asked.registry else []


RESOURCE = Resource(
    "report_pages",
    (
        Route("GET", "/reports/daily", listed, Role.VIEWER),
        Route("GET", "/reports/daily/{day}", show, Role.VIEWER),
        Route("GET", "/flagged/{flag}", flagged, Role.VIEWER),
    ),
)
