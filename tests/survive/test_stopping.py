"""Told to stop, the service lets what runs come to its end, hands back the rest, and goes."""

import signal
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg

from tests.survive.jobs import begun, done, enqueue, events_of, runs_of
from tests.survive.processes import NODE, QUICK, SMALL, running, until

Pool: TypeAlias = "asyncpg.Pool[Any]"


async def test_a_stop_lets_short_jobs_end_hands_back_the_others_and_exits_with_zero(
    dsn: str, db: Pool, tables: None, tmp_path: Path
) -> None:
    """S15: within the grace a short job is done; a long one and those that nobody started are handed back with their
    attempt, at once and not by rescue; the process takes its row along, and a second SIGTERM changes nothing."""
    settings = {**QUICK, **SMALL, "slots": 2, "drain_s": 3}
    async with running(dsn, tmp_path, program=NODE, settings=settings) as one:
        [short] = await enqueue(db, "slow", seconds=1)
        [long] = await enqueue(db, "slow", seconds=300)
        await begun(db, short)
        await begun(db, long)
        waiting = await enqueue(db, "note", 4)
        await until(lambda: db.fetchval("select count(*) > 2 from jobs where state = 'running'"))
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
