"""Told to stop, the service lets what runs come to its end, hands back the rest, and goes."""

import signal
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import pytest

from tests.survive.jobs import begun, done, enqueue, events_of, release, runs_of
from tests.survive.processes import NODE, QUICK, SMALL, running

Pool: TypeAlias = "asyncpg.Pool[Any]"
CUT = "select pg_terminate_backend(pid) from pg_stat_activity where split_part(application_name, ' ', 1) = $1"


async def test_a_stop_lets_short_jobs_end_hands_back_the_others_and_exits_with_zero(
    dsn: str, db: Pool, tables: None, tmp_path: Path
) -> None:
    """S15: within the grace a short job is done; a long one is handed back with its attempt, at once and not by rescue,
    and those for which there was no room stay ready; the process takes its row along, and a second SIGTERM changes
    nothing."""
    settings = {**QUICK, **SMALL, "slots": 2, "drain_s": 3}
    async with running(dsn, tmp_path, program=NODE, settings=settings) as one:
        [short] = await enqueue(db, "slow", seconds=1)
        [long] = await enqueue(db, "slow", seconds=300)
        await begun(db, short)
        await begun(db, long)
        waiting = await enqueue(db, "note", 4)
        one.signal(signal.SIGTERM)
        await one.said("service.draining")
        later = await enqueue(db, "note")
        await done(db, [short])
        one.signal(signal.SIGTERM)
        assert await one.ended() == 0
        [stopped] = one.all_said("service.stopped")
        assert "worker/1" in stopped["unfinished"]
    rows = await db.fetch("select id, state, attempts, worker from jobs order by id")
    assert [tuple(row) for row in rows] == [(job, "ready", 0, None) for job in (long, *waiting, *later)]
    assert await db.fetchval("select count(*) from workers") == 0
    assert "rescued" not in await events_of(db, long)
    assert await runs_of(db, [long, *waiting, *later]) == {long: 1}


async def test_connections_that_break_while_it_stops_lose_no_work_that_comes_to_its_end(
    dsn: str, db: Pool, tables: None, tmp_path: Path
) -> None:
    """S15: all its connections are cut in the midst of the drain. Jobs that end after that, within the grace, are
    written by a new life of the settler: each is done once, and nothing is left unfinished."""
    async with running(dsn, tmp_path, program=NODE, settings={**SMALL, "slots": 2, "drain_s": 60}) as one:
        jobs = await enqueue(db, "wait", 2)
        for job in jobs:
            await begun(db, job)
        one.signal(signal.SIGTERM)
        await one.said("service.draining")
        await db.fetch(CUT, one.name)
        await release(db, jobs)
        assert await one.ended() == 0
        assert one.all_said("actor.crashed", name="worker_settler")
        [stopped] = one.all_said("service.stopped")
        assert stopped["unfinished"] == []
    await done(db, jobs, within_s=0.1)
    assert await runs_of(db, jobs) == dict.fromkeys(jobs, 1)


@pytest.mark.parametrize("kind", ["deaf", "thread"])
async def test_a_handler_that_does_not_hear_of_the_stop_does_not_keep_the_process(
    dsn: str, db: Pool, tables: None, tmp_path: Path, kind: str
) -> None:
    """S15: it ignores being cancelled, or holds a thread. The process ends all the same, in good order."""
    async with running(dsn, tmp_path, program=NODE, settings={**QUICK, **SMALL, "drain_s": 0}) as one:
        [job] = await enqueue(db, kind, seconds=3600)
        await begun(db, job)
        one.signal(signal.SIGTERM)
        assert await one.ended() == 0
        await one.said("service.stopped")
        await one.said("service.cut_off", code=0)
