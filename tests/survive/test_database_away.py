"""The database restarts, or crashes, in the midst of everything: the service stays, and goes on when it is back."""

from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import pytest

from demo.process import Demo
from tests.postgres import Postgres
from tests.survive.jobs import enqueue, runs_of
from tests.survive.kinds import TABLES
from tests.survive.processes import NODE, QUICK, SMALL, running, until
from tests.survive.scraping import ask, kept, numbers_of, scrape_of

Pool: TypeAlias = "asyncpg.Pool[Any]"
JOBS = 400
DONE = "select count(*) = $2 from job_history where id = any($1) and state = 'done'"


@pytest.mark.parametrize("crash", [False, True], ids=["restarted", "killed"])
async def test_a_scrape_and_jobs_go_on_when_the_database_is_back(
    postgres: Postgres, tmp_path: Path, world: Demo, mirror: dict[str, Any], *, crash: bool
) -> None:
    """G04, G08: PostgreSQL restarted, or killed as by a crash, mid-scrape and mid-claim: the process lives through it, no
    job and no record is lost."""
    db = await asyncpg.create_pool(postgres.dsn, min_size=0, max_size=4)
    await db.execute(TABLES)
    await world.switch(latency_ms=200)
    async with running(postgres.dsn, tmp_path, program=NODE, settings={**mirror, **QUICK, **SMALL}) as one:
        scrape = await ask(db)
        await one.said("page.written")
        jobs = await enqueue(db, "slow", JOBS, seconds=0.1)
        await until(lambda: db.fetchval("select count(*) > 20 from job_history"))
        if crash:
            await postgres.kill()
        await postgres.restart()
        try:
            await until(lambda: _all_done(db, [scrape, *jobs]), 40)
        except TimeoutError:
            for row in await db.fetch("select id, state, worker, attempts, fence, errors from jobs limit 30"): print(dict(row))
            for row in await db.fetch("select pid, application_name, state, wait_event_type, wait_event, xact_start, query_start, left(query, 90) as q from pg_stat_activity where datname = current_database()"): print("ACT", dict(row))
            for line in one.said_so_far:
                if "scrape" in str(line): print("LINE", line)
            raise
        assert one.alive
    assert set(await runs_of(db, jobs)) == set(jobs)
    assert (await scrape_of(db, scrape))["records"] == 3250
    assert sorted(await kept(db)) == sorted(await numbers_of(world))
    db.terminate()


async def _all_done(db: Pool, jobs: list[int]) -> bool:
    """The minute that is given to a source or a database to recover passes quickly."""
    await db.execute("update jobs set run_at = now() where state = 'scheduled'")
    return bool(await db.fetchval(DONE, jobs, len(jobs)))
