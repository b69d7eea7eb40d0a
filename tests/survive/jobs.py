"""Jobs of the kinds for tests: asked for, and what became of them."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import asyncpg
import orjson

from actors.queue import store as queue
from actors.queue.job import NewJob
from tests.survive.processes import until

Pool: TypeAlias = "asyncpg.Pool[Any]"


async def enqueue(db: Pool, kind: str, number: int = 1, *, seconds: float = 0.0, **fields: Any) -> list[int]:
    payload = orjson.dumps({"seconds": seconds}).decode()
    jobs = [NewJob(kind, payload, timeout_s=300.0, **fields) for _ in range(number)]
    return await queue.enqueue(db, jobs)


async def begun(db: Pool, job: int, times: int = 1) -> None:
    """Waits until a job has begun to run, for the n-th time."""
    await until(lambda: db.fetchval("select count(*) >= $2 from runs where job = $1", job, times))


async def release(db: Pool, jobs: Sequence[int]) -> None:
    """Jobs that wait may end."""
    await db.execute("insert into released select unnest($1::bigint[])", list(jobs))


async def done(db: Pool, jobs: Sequence[int], within_s: float = 60.0) -> None:
    """Waits until all of them are done; each is in the history once."""
    rows = "select count(*) = $2 from job_history where id = any($1) and state = 'done'"
    await until(lambda: db.fetchval(rows, list(jobs), len(jobs)), within_s)


async def runs_of(db: Pool, jobs: Sequence[int]) -> dict[int, int]:
    """How often each has begun."""
    rows = await db.fetch("select job, count(*) as n from runs where job = any($1) group by job", list(jobs))
    return {row["job"]: row["n"] for row in rows}


async def events_of(db: Pool, job: int) -> list[str]:
    return [row["event"] for row in await db.fetch("select event from job_events where job_id = $1 order by id", job)]


async def running_at(db: Pool) -> dict[str, int]:
    """How many jobs each process holds, by its number."""
    rows = await db.fetch(
        "select w.pid, count(*) as n from jobs j join workers w on w.id = j.worker where j.state = 'running' group by 1"
    )
    return {str(row["pid"]): row["n"] for row in rows}
