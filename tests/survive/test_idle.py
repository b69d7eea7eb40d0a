"""A worker that nobody asks for anything."""

from datetime import UTC, datetime, timedelta
from itertools import repeat
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg

from actors.scheduler import Scheduler
from supervisor.wiring import open_service
from tests.supervisor import acting
from tests.survive.processes import until

Pool: TypeAlias = "asyncpg.Pool[Any]"
ENDED = "select count(*) = 0 from jobs"
MADE = "select kind, schedule_id is not null as scheduled from job_history union select kind, true from jobs"
TRIALS = "select (select count(*) from trials) + (select count(*) from scrapes) + (select count(*) from notices)"


async def test_a_worker_that_is_idle_for_ten_minutes_has_made_nothing_up(dsn: str, db: Pool, tmp_path: Path) -> None:
    """C24: "no sample jobs after 10 min idle (clock)": what ran is what schedules ask for, each of which names its
    kind; there is no trial, no scrape and no notice that nobody brought."""
    settings = acting.given(dsn, tmp_path, role="worker", registries="ctgov", scrape_cron="0 2 1 1 *",
                            reconcile_cron="0 2 1 1 *", full_scrape_cron="0 2 1 1 *")  # fmt: skip
    async with open_service(settings) as service:
        began = datetime.now(UTC)
        crew = ("beat", "mode", "worker_claimer", "worker_settler", "worker")
        async with acting.acting(service, *crew):
            for minute in range(11):
                now = repeat(began + timedelta(minutes=minute)).__next__
                await Scheduler(service.all_tenants, service.kinds, now=now).fire()
                await until(lambda: db.fetchval(ENDED))
        scheduled = {row["kind"] for row in await db.fetch("select kind from schedules")}
        made = await db.fetch(MADE)
    assert made
    assert all(row["scheduled"] for row in made)
    assert {row["kind"] for row in made} <= scheduled
    assert await db.fetchval(TRIALS) == 0
