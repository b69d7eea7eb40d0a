"""Eight processes at one queue."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg

from tests.survive.jobs import done, enqueue, runs_of
from tests.survive.processes import NODE, SMALL, running

Pool: TypeAlias = "asyncpg.Pool[Any]"
PROCESSES, JOBS = 8, 2_000


async def test_eight_processes_run_each_of_two_thousand_jobs_exactly_once(
    dsn: str, db: Pool, tables: None, tmp_path: Path
) -> None:
    """G08: no job is run twice, none is left, and every process has its share."""
    settings = {**SMALL, "pool_most": 10}
    async with AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(
                running(dsn, tmp_path / str(n), program=NODE, settings=settings, ready=False)
            )
            for n in range(PROCESSES)
        ]
        for node in nodes:
            await node.said("service.ready")
        jobs = await enqueue(db, "slow", JOBS, seconds=0.02)
        await done(db, jobs)
    assert await runs_of(db, jobs) == dict.fromkeys(jobs, 1)
    assert await db.fetchval("select count(distinct worker) from runs") == PROCESSES
