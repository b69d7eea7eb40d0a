"""Short words for what the tests of the queue do to the database."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID, uuid4

from actors.queue import operating, store
from actors.queue.job import Job, NewJob

if TYPE_CHECKING:
    import asyncpg
    import asyncpg.pool

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
PoolConnection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

GRACE_S = 10.0
ME, OTHER = uuid4(), uuid4()


async def add(db: store.Database, count: int = 1, **fields: Any) -> list[int]:
    return await store.enqueue(db, [NewJob(**{"kind": "print"} | fields) for _ in range(count)])


async def add_one(db: store.Database, **fields: Any) -> int:
    [job] = await add(db, **fields)
    return job


async def add_after(pool: "Pool", *parents: int, **fields: Any) -> int:
    """A job that waits for others."""
    async with pool.acquire() as db, db.transaction():
        return await add_one(db, depends_on=parents, **fields)


async def claim(db: store.Database, limit: int = 500, *, queue: str = "default", worker: UUID = ME) -> list[Job]:
    return await store.claim(db, queue, limit, worker, GRACE_S)


async def claim_one(db: store.Database, *, worker: UUID = ME, **fields: Any) -> Job:
    """A fresh job, claimed; there must be no other that is ready."""
    job = await add_one(db, **fields)
    [claimed] = await claim(db, worker=worker)
    assert claimed.id == job
    return claimed


async def finish(db: store.Database, *jobs: Job, worker: UUID = ME) -> list[int]:
    return await store.finish(db, [j.id for j in jobs], [j.fence for j in jobs], [None] * len(jobs), worker)


async def bury(db: store.Database, *jobs: Job, worker: UUID = ME) -> list[int]:
    errors = ['{"attempt": 1, "at": "2026-01-01T00:00:00Z", "error": "it broke"}'] * len(jobs)
    return await store.bury(db, [j.id for j in jobs], [j.fence for j in jobs], errors, worker)


async def dead(db: store.Database, **fields: Any) -> int:
    """A dead letter."""
    job = await claim_one(db, **fields)
    assert await bury(db, job) == [job.id]
    return job.id


async def states(db: store.Database, jobs: Sequence[int]) -> list[str | None]:
    return [await operating.state_of(db, job) for job in jobs]


async def events(db: store.Database, job: int) -> list[str]:
    return [event["event"] for event in (await operating.show(db, job))["events"]]


async def register(db: store.Database, worker: UUID = ME, queues: Sequence[str] = ("default",)) -> int:
    return await store.register(
        db,
        worker,
        host="here",
        pid=1,
        version="1",
        lag_s=0.0,
        slots=4,
        running=0,
        draining=False,
        actors=[],
        lately={},
        queues=queues,
    )
