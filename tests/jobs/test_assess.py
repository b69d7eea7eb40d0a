"""The job that applies the rules to what has changed, and to what a date alone changes."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from actors.jobs import assess
from actors.queue import store as queue
from actors.trials import store as trials
from actors.trials.assessing import store
from actors.trials.record import Outcome, When
from tests.postgres import Postgres
from tests.queue.house import house, tools_at
from tests.queue.jobs import Pool
from tests.trials.pages import START, mirror, nct, on, trial

if TYPE_CHECKING:
    from actors.tools import Tools

NOON = START + timedelta(hours=12)  # 2026-03-01
LATER = START + timedelta(days=1)


@asynccontextmanager
async def running(postgres: Postgres, folder: Path) -> AsyncIterator[tuple[Pool, Callable[[datetime], Any]]]:
    """A database, and the job as it runs at a time."""
    async with asyncpg.create_pool(postgres.dsn, min_size=2, max_size=8) as pool, tools_at(pool, folder) as tools:

        async def run(at: datetime) -> int:
            here: Tools = replace(tools, now=lambda: at)
            await queue.enqueue(pool, [assess.JOB.new()])
            async with house(pool, here, assess.JOB, slots=1) as one:
                await one.heard.until_settled(1, "done")
            return int(await pool.fetchval("select count(*) from trial_due where follower = 'assess'"))

        yield pool, run


async def of(pool: Pool, number: int = 1) -> store.Assessment:
    kept = await trials.get(pool, nct(number))
    found = await store.assessment(pool, kept.id)
    assert found is not None
    return found


async def test_urgency_and_quality_are_made_anew_when_a_trial_changes(any_postgres: Postgres, tmp_path: Path) -> None:
    """G19: recruiting with a target of 30 is high; a change of status flips it; quality is a fifth for each part."""
    async with running(any_postgres, tmp_path) as (pool, run):
        first = trial(
            1, enrolment=30, official_title="A trial", summary="  It tries.", last_updated=on(date(2026, 2, 20))
        )
        async with pool.acquire() as db:
            await mirror(db, first)
        assert await run(NOON) == 0
        found = await of(pool)
        assert (found.urgency, found.version) == ("high", 1)
        assert found.quality == pytest.approx(0.4)
        assert found.missing == ("eligibility", "sites", "primary_outcomes")
        async with pool.acquire() as db:
            done = replace(
                first, status="completed", status_raw="COMPLETED", last_updated=on(date(2026, 2, 28)),
                outcomes=(Outcome("primary", "Death"),),
            )  # fmt: skip
            await mirror(db, done, at=LATER)
        await run(LATER)
        found = await of(pool)
        assert (found.urgency, found.version) == ("low", 2)
        assert found.quality == pytest.approx(0.6)
        assert "completed" in found.urgency_reason


async def test_a_flag_that_a_date_raises_comes_on_its_day_and_goes_with_its_cause(
    any_postgres: Postgres, tmp_path: Path
) -> None:
    """G24: recruiting past its completion date; nothing of the trial has changed, only the day."""
    async with running(any_postgres, tmp_path) as (pool, run):
        first = trial(1, completion=When(date(2026, 3, 1), "day"), last_updated=on(date(2026, 2, 27)))
        async with pool.acquire() as db:
            await mirror(db, first)
        await run(NOON)
        assert (await of(pool)).flags == ()
        await run(NOON + timedelta(days=1))
        [flag] = (await of(pool)).flags
        assert (flag.name, flag.since_on, flag.rests_on) == (
            "recruiting_past_completion", date(2026, 3, 2), {"completion": "2026-03-01"},
        )  # fmt: skip
        raised_at = flag.raised_at
        await store.due(pool, date(2026, 3, 2), 10)
        async with pool.acquire() as db:
            moved = replace(first, completion=When(date(2027, 3, 1), "day"), last_updated=on(date(2026, 3, 2)))
            await mirror(db, moved, at=NOON + timedelta(days=2))
        await run(NOON + timedelta(days=2))
        assert (await of(pool)).flags == ()
        assert raised_at == NOON + timedelta(days=1)


async def test_switched_outcomes_keep_the_version_and_the_dates_that_they_rest_on(
    any_postgres: Postgres, tmp_path: Path
) -> None:
    """N01, N05: a flag leads to the version that raised it."""
    async with running(any_postgres, tmp_path) as (pool, run):
        first = trial(1, start=on(date(2025, 1, 1)), outcomes=(Outcome("primary", "Overall survival"),))
        now = replace(first, outcomes=(Outcome("primary", "Pain"),), last_updated=on(date(2026, 2, 1)))
        async with pool.acquire() as db:
            await mirror(db, first)
            await mirror(db, now, at=LATER)
        await run(LATER)
        [flag] = [one for one in (await of(pool)).flags if one.name == "outcomes_switched"]
        assert (flag.version, flag.since_on) == (2, date(2026, 2, 1))
        assert flag.rests_on == {"start": "2025-01-01", "changed_on": "2026-02-01"}
        counted = await store.counted(pool)
        assert counted["ctgov", "outcomes_switched"] == 1
        assert [one.registry_id for one in await store.flagged(pool, "outcomes_switched")] == [nct(1)]


async def test_a_page_is_assessed_as_a_whole_or_not_at_all(any_postgres: Postgres, tmp_path: Path) -> None:
    """N05: a run that fails leaves what was due where it was."""
    async with running(any_postgres, tmp_path) as (pool, run):
        async with pool.acquire() as db:
            await mirror(db, *(trial(number) for number in range(1, 31)))
        await pool.execute("alter table trial_flags add constraint broken check (name <> 'stale') not valid")
        await queue.enqueue(pool, [assess.JOB.new(max_attempts=1)])
        async with tools_at(pool, tmp_path) as tools, house(pool, tools, assess.JOB, slots=1) as one:
            await one.heard.until_settled(1, "dead")
        assert await pool.fetchval("select count(*) from trial_assessments") == 0
        await pool.execute("alter table trial_flags drop constraint broken")
        assert await run(datetime.now(UTC)) == 0
        assert await pool.fetchval("select count(*) from trial_assessments") == 30
        assert await store.stale(pool, date.today() - timedelta(days=31)) == 30
