"""The database restarts, or crashes, in the midst of everything: the service stays, and goes on when it is back."""

import os
import signal
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import pytest

from demo.process import Demo
from supervisor.postmaster import running as server_of
from supervisor.supervisor import LIMIT
from tests.postgres import Postgres
from tests.survive.gates import gate
from tests.survive.jobs import begun, done, enqueue, events_of, release, runs_of
from tests.survive.kinds import TABLES
from tests.survive.processes import NODE, QUICK, SMALL, dsn_in, running, until
from tests.survive.relay import relayed
from tests.survive.scraping import ask, kept, numbers_of, scrape_of

Pool: TypeAlias = "asyncpg.Pool[Any]"
JOBS = 400
DONE = "select count(*) = $2 from job_history where id = any($1) and state = 'done'"


@pytest.mark.parametrize("crash", [False, True], ids=["restarted", "killed"])
async def test_a_scrape_and_jobs_go_on_when_the_database_is_back(
    postgres: Postgres, tmp_path: Path, world: Demo, mirror: dict[str, Any], *, crash: bool
) -> None:
    """G04, G08: PostgreSQL restarted, or killed as by a crash and away for longer than actors may crash for reasons of
    their own, while a scrape and jobs run: the process lives through it, no job and no record is lost.
    """
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
            await one.said("actor.crashed", name="worker_claimer", times=LIMIT.intensity + 2)
        await postgres.restart()
        await until(lambda: _all_done(db, [scrape, *jobs]))
        assert one.alive
    assert set(await runs_of(db, jobs)) == set(jobs)
    assert (await scrape_of(db, scrape))["records"] == 3250
    assert sorted(await kept(db)) == sorted(await numbers_of(world))
    db.terminate()


async def test_our_own_postgresql_is_started_again_when_it_was_killed(tmp_path: Path) -> None:
    """G04: nobody else looks after it; the service lives on, and so do the jobs."""
    async with running(None, tmp_path, program=NODE, settings=SMALL) as one:
        db = await asyncpg.create_pool(dsn_in(tmp_path), min_size=0, max_size=2)
        await db.execute(TABLES)
        [long] = await enqueue(db, "wait")
        await begun(db, long)
        os.kill(int((tmp_path / "postgres" / "cluster" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        await one.said("postgres.started")
        await release(db, [long])
        later = await enqueue(db, "note", 5)
        await done(db, [long, *later])
        assert await runs_of(db, [long]) == {long: 1}
        db.terminate()
        one.signal(signal.SIGTERM)
        assert await one.ended() == 0
    assert server_of(tmp_path / "postgres" / "cluster") is None


async def test_a_claim_whose_answer_was_lost_is_handed_back_and_its_job_runs(
    postgres: Postgres, db: Pool, tables: None, tmp_path: Path
) -> None:
    """G04, G08: the connection breaks between the commit of a claim and its answer. The database says that the process
    holds the job, and the process knows nothing of it: it finds out, and the job is run once, its attempt unspent.
    """
    claiming = ("jobs", "update", "old.state = 'ready' and new.state = 'running'")
    async with relayed(postgres) as relay, gate(postgres.dsn, *claiming) as at:
        settings = {**SMALL, "listen_url": postgres.dsn}
        async with running(relay.url, tmp_path, program=NODE, settings=settings) as one:
            [job] = await enqueue(db, "note")
            await at.reached()
            relay.loses_answers = True
            await at.unlock()
            await until(lambda: db.fetchval("select state = 'running' from jobs where id = $1", job))
            await relay.cut()
            await one.said("jobs.handed_back")
            await done(db, [job])
    assert await runs_of(db, [job]) == {job: 1}
    assert await db.fetchval("select attempts from job_history where id = $1", job) == 1
    assert await events_of(db, job) == []


async def test_a_connection_lost_while_it_takes_no_more_of_a_page_does_not_hang_the_scrape(
    dsn: str, db: Pool, tmp_path: Path, world: Demo, mirror: dict[str, Any]
) -> None:
    """G04: the server stops reading in the midst of a page, so the writer waits; then the connection is gone, and the
    scrape hears of it and goes on.
    """
    async with (
        gate(dsn, "trials", "insert", "true") as copying,
        running(dsn, tmp_path, settings={**mirror, **QUICK, **SMALL}) as one,
    ):
        scrape = await ask(db)
        await copying.reached()
        await until(lambda: db.fetchval(STUCK))
        await copying.open(cut_off=True)
        await one.said("scrape.interrupted")
        await until(lambda: _all_done(db, [scrape]))
    assert sorted(await kept(db)) == sorted(await numbers_of(world))


# The server waits at the gate, and there is more for it to read than the socket holds.
STUCK = "select count(*) from pg_stat_activity where query like 'COPY%' and wait_event_type = 'Lock'"


async def _all_done(db: Pool, jobs: list[int]) -> bool:
    """The minute that is given to a source or a database to recover passes quickly."""
    await db.execute("update jobs set run_at = now() where state = 'scheduled'")
    return bool(await db.fetchval(DONE, jobs, len(jobs)))
