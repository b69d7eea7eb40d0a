"""The report of a day: what changed since the last one, what to beware of, who did not answer."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from actors.errors import NotFound
from actors.jobs import assess, daily_report
from actors.queue import store as queue
from actors.registries.ctgov import REGISTRY
from actors.tools import Tools
from actors.trials.mirroring import store as mirroring
from actors.trials.record import Trial, When
from actors.trials.reporting import store
from actors.trials.reporting.report import RegistryDay, period
from tests.postgres import Postgres
from tests.queue.house import house, tools_at
from tests.trials.pages import START, Refused, begin, mirror, nct, on, page, trial, write

SIX = datetime(2026, 3, 2, 6, tzinfo=UTC)
DAY = timedelta(days=1)
DONE: dict[str, Any] = {"status": "completed", "status_raw": "COMPLETED"}


@pytest.fixture
async def tools(any_postgres: Postgres, tmp_path: Path) -> AsyncIterator[Tools]:
    async with asyncpg.create_pool(any_postgres.dsn, min_size=2, max_size=10) as pool, tools_at(pool, tmp_path) as one:
        yield replace(one, registries={"ctgov": REGISTRY})


async def run(tools: Tools, at: datetime, zone: str = "UTC") -> None:
    here = replace(tools, now=lambda: at)
    await queue.enqueue(tools.db, [daily_report.JOB.new(daily_report.Payload(zone))])
    async with house(tools.db, here, daily_report.JOB, slots=1) as one:
        await one.heard.until_settled(1, "done")


async def see(tools: Tools, *given: Trial, at: datetime) -> None:
    async with tools.db.acquire() as db:
        await mirror(db, *given, at=at)
    here = replace(tools, now=lambda: at)
    while await assess._page(here):
        pass


async def test_a_report_counts_what_happened_since_the_one_before(tools: Tools) -> None:
    """G24: new, changed, status changes, results posted, stale, overdue, refused; each counted once, by its day."""
    young = on(date(2026, 3, 1))
    first = [trial(number, last_updated=young) for number in (1, 2, 3)]
    over = {"study_type": "interventional", "has_results": False, "primary_completion": When(date(2024, 1, 1), "day")}
    first.append(trial(4, **DONE, **over))
    first.append(trial(5, completion=When(date(2025, 1, 1), "day"), last_updated=on(date(2025, 12, 1))))
    await see(tools, *first, at=START + DAY / 2)
    await run(tools, SIX)
    later = on(date(2026, 3, 2))
    posted: dict[str, Any] = {"has_results": True, "results_posted": later, "last_updated": later}
    await see(tools, replace(first[0], last_updated=later, **DONE), replace(first[1], **posted), at=SIX + DAY / 2)
    async with tools.db.acquire() as db:
        await write(db, page([], [Refused("broken", b"{", nct(9))], at=SIX + DAY / 2), await begin(db))
    await run(tools, SIX + DAY)
    before, told = await store.report(tools.db, date(2026, 3, 2)), await store.report(tools.db)
    assert [one.day for one in await store.reports(tools.db)] == [date(2026, 3, 3), date(2026, 3, 2)]
    assert before.told.registries[0].new == 5
    assert (told.from_at, told.to_at) == (before.to_at, SIX + DAY)
    [here] = told.told.registries
    assert here == RegistryDay(
        registry="ctgov", changed=2, status_changes=1, results_posted=1, refused=1, recruiting_past_completion=1,
        results_overdue=1, stale=1, last_success_at=None,
    )  # fmt: skip
    assert [(one.before, one.after, one.trials) for one in told.told.moves] == [("recruiting", "completed", 1)]
    assert {(one.kind, one.registry_id) for one in told.told.notable} == {
        ("status", nct(1)), ("results_posted", nct(2)),
    }  # fmt: skip
    assert {(one.name, one.registry_id) for one in before.told.flagged} == {
        ("stale", nct(5)), ("recruiting_past_completion", nct(5)), ("results_overdue", nct(4)),
    }  # fmt: skip


async def test_a_day_has_one_report_however_often_it_is_asked_for(tools: Tools) -> None:
    """G24."""
    await see(tools, trial(1), at=START + DAY / 2)
    await run(tools, SIX)
    await see(tools, trial(2), at=SIX + timedelta(hours=1))
    await run(tools, SIX + timedelta(hours=2))
    [one] = await store.reports(tools.db)
    assert (one.made_at, one.told.registries[0].new) == (SIX, 1)
    await run(tools, SIX + DAY)
    assert (await store.report(tools.db)).told.registries[0].new == 1


async def test_a_registry_that_does_not_answer_is_told_with_since_when(tools: Tools) -> None:
    """G24: nothing is made up for it, and it is there though nothing changed."""
    async with tools.db.acquire() as db:
        good = await begin(db, at=START)
        await mirroring.close_scrape(db, good, "done", at=START + timedelta(minutes=1))
        bad = await begin(db, at=START + DAY / 2)
        await mirroring.close_scrape(db, bad, "failed", at=START + DAY / 2, error="refused")
    await run(tools, SIX)
    [here] = (await store.report(tools.db)).told.registries
    assert (here.unavailable_since, here.last_success_at) == (START + DAY / 2, START + timedelta(minutes=1))
    assert here.new == 0


async def test_there_is_no_report_of_a_day_that_has_none(tools: Tools) -> None:
    with pytest.raises(NotFound, match="no report yet"):
        await store.report(tools.db)
    with pytest.raises(NotFound, match="no report of 2026-03-02"):
        await store.report(tools.db, date(2026, 3, 2))


async def test_old_reports_go(tools: Tools) -> None:
    await run(tools, SIX)
    await run(tools, SIX + DAY)
    assert await store.trim(tools.db, date(2026, 3, 3)) == 1
    assert [one.day for one in await store.reports(tools.db)] == [date(2026, 3, 3)]


def test_a_period_goes_on_where_the_last_one_ended_and_its_day_is_that_of_its_zone() -> None:
    """G24: after days of standing still too, though not for ever."""
    late = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    assert period(None, late, "Europe/Berlin").day == date(2026, 3, 3)
    assert period(None, late, "UTC").from_at == late - DAY
    assert period(late - 5 * DAY, late, "UTC").from_at == late - 5 * DAY
    assert period(late - 90 * DAY, late, "UTC").from_at == late - 31 * DAY
