"""Workers come with the work and go when it is done, without taking what runs along."""

from pathlib import Path
from typing import Any, TypeAlias

import asyncpg

from tests.survive.jobs import begun, done, enqueue, release, runs_of
from tests.survive.processes import NODE, SMALL, running

Pool: TypeAlias = "asyncpg.Pool[Any]"
SLOTS = 8
GROWS_WITHIN_S = 180.0  # while the machine is busy with other things, growing is held back
RUN = "select state = 'running' from jobs where id = $1"


async def test_workers_grow_with_the_queue_and_shrink_without_ending_a_job(
    dsn: str, db: Pool, tables: None, tmp_path: Path
) -> None:
    """G11: live, jobs that wait make a second copy of the worker start; once they are done it is drained while a long
    job runs in it: that job comes to its end, none is cancelled or run twice, and the service goes on.
    """
    settings = {**SMALL, "workers_most": 2, "slots": SLOTS, "wait_target_s": 1, "shrink_after_s": 0}
    async with running(dsn, tmp_path, program=NODE, settings=settings) as one:
        first = await enqueue(db, "wait", SLOTS)  # fill the only copy
        for job in first:
            await begun(db, job)
        flood = await enqueue(db, "slow", 30, seconds=0.2)
        await one.said("workers.scaled", actor="worker", wanted=2, within_s=GROWS_WITHIN_S)
        [long] = await enqueue(db, "wait", priority=5)
        await begun(db, long)  # in the second copy: the first has no room
        await release(db, first)
        await done(db, [*first, *flood])
        await one.said("actor.draining", name="worker", copy=2)
        assert await db.fetchval(RUN, long)
        await release(db, [long])
        await done(db, [long])
        await one.said("actor.drained", name="worker", copy=2)
        later = await enqueue(db, "note", 5)
        await done(db, later)
        assert one.alive
        assert not one.all_said("actor.crashed")
    everyone = [*first, *flood, long, *later]
    assert await runs_of(db, everyone) == dict.fromkeys(everyone, 1)
    assert await db.fetchval("select count(*) from job_events") == 0
