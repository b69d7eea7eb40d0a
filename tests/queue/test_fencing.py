"""Every write of a worker names its fence: who holds the job no more is refused. And no state skips its way."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from actors.queue import store
from actors.queue.job import Job
from tests.postgres import Postgres
from tests.queue.jobs import ME, OTHER, Pool, add_after, add_one, bury, claim, claim_one, finish, states

Write = Callable[[store.Database, Job, UUID], Awaitable[list[int]]]


async def _finish(db: store.Database, job: Job, worker: UUID) -> list[int]:
    return await finish(db, job, worker=worker)


async def _put_off(db: store.Database, job: Job, worker: UUID) -> list[int]:
    return await store.put_off(db, [job.id], [job.fence], [5.0], [None], [True], worker)


async def _bury(db: store.Database, job: Job, worker: UUID) -> list[int]:
    return await bury(db, job, worker=worker)


async def _drop(db: store.Database, job: Job, worker: UUID) -> list[int]:
    return await store.drop(db, [job.id], [job.fence], ["not needed"], worker)


async def _checkpoint(db: store.Database, job: Job, worker: UUID) -> list[int]:
    return [job.id] if await store.save_checkpoint(db, job, worker, '{"page": 1}') else []


async def _progress(db: store.Database, job: Job, worker: UUID) -> list[int]:
    return [id_ for id_, _ in await store.save_progress(db, [job.id], [job.fence], ['{"done": 1}'], worker)]


async def _take_back(db: store.Database, job: Job, worker: UUID) -> list[int]:
    return [row["id"] for row in await store.take_back(db, [job.id], [job.fence], worker)]


@pytest.mark.parametrize("write", [_finish, _put_off, _bury, _drop, _checkpoint, _progress, _take_back])
async def test_a_write_with_an_old_fence_or_by_another_worker_is_refused(any_postgres: Postgres, write: Write) -> None:
    """N14: every write of a worker is fenced."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=2) as db:
        late = await claim_one(db)
        await _put_off_now(db, late)
        [held] = await claim(db)
        before = await row(db, held.id)
        assert await write(db, late, ME) == []
        assert await write(db, held, OTHER) == []
        assert await row(db, held.id) == before
        assert await write(db, held, ME) == [held.id]


async def _put_off_now(db: store.Database, job: Job) -> None:
    assert await store.put_off(db, [job.id], [job.fence], [0.0], [None], [True], ME)


async def row(db: store.Database, job: int) -> dict[str, Any]:
    return dict(await db.fetchrow("select * from jobs where id = $1", job))


async def test_of_a_batch_only_what_is_still_held_is_ended(db: Pool) -> None:
    """N14: the answer leaves out what belongs to somebody else by now."""
    await add_one(db)
    await add_one(db)
    mine, lost = await claim(db)
    await _put_off_now(db, lost)
    await claim(db, worker=OTHER)
    assert await finish(db, mine, lost) == [mine.id]
    assert await states(db, [mine.id, lost.id]) == ["done", "running"]


async def test_a_checkpoint_forgives_the_attempts_before_it(db: Pool) -> None:
    job = await claim_one(db)
    await store.put_off(db, [job.id], [job.fence], [0.0], ['{"error":"x"}'], [False], ME)
    [job] = await claim(db)
    assert job.attempt == 2
    assert await store.save_checkpoint(db, job, ME, '{"page": 3}')
    await store.put_off(db, [job.id], [job.fence], [0.0], ['{"error":"x"}'], [False], ME)
    [job] = await claim(db)
    assert (job.attempt, job.checkpoint) == (2, '{"page": 3}')


async def test_a_handed_back_attempt_is_not_spent(db: Pool) -> None:
    job = await claim_one(db)
    await _put_off_now(db, job)
    [again] = await claim(db)
    assert (again.attempt, again.fence) == (1, 2)


# ── states ──

LEGAL = {
    "held": {"held", "blocked", "scheduled", "ready"},
    "blocked": {"blocked", "scheduled", "ready", "held"},
    "scheduled": {"scheduled", "ready", "held"},
    "ready": {"ready", "running", "scheduled", "held"},
    "running": {"ready", "scheduled", "dead"},
    "dead": {"dead", "ready", "scheduled"},
}


@pytest.mark.parametrize("before", LEGAL)
async def test_the_database_refuses_every_step_that_is_not_legal(any_postgres: Postgres, before: str) -> None:
    connection = await asyncpg.connect(any_postgres.dsn)
    for after in LEGAL:
        allowed = await _may_go(connection, before, after)
        assert allowed == (after in LEGAL[before]), f"{before} to {after}"
    await connection.close()


async def _may_go(db: "asyncpg.Connection[asyncpg.Record]", before: str, after: str) -> bool:
    job = await db.fetchval(
        "insert into jobs (kind, state, worker, waits_for) values ('print', $1, $2, 1) returning id",
        before, ME if before == "running" else None,
    )  # fmt: skip
    try:
        await db.execute(
            "update jobs set state = $2, worker = $3 where id = $1", job, after, ME if after == "running" else None
        )
    except asyncpg.CheckViolationError as error:
        assert "cannot go from" in str(error)
        return False
    return True


@pytest.mark.parametrize(
    "values",
    [
        {"state": "asleep"},
        {"state": "running"},
        {"worker": ME},
        {"state": "blocked"},
        {"waits_for": -1},
        {"max_attempts": 0},
        {"timeout_s": 0.0},
    ],
    ids=lambda values: "worker" if "worker" in values else str(values),
)
async def test_the_database_refuses_rows_that_make_no_sense(db: Pool, values: dict[str, Any]) -> None:
    names = ", ".join(values)
    places = ", ".join(f"${n + 1}" for n in range(len(values)))
    with pytest.raises(asyncpg.CheckViolationError):
        await db.execute(f"insert into jobs (kind, {names}) values ('print', {places})", *values.values())  # noqa: S608


async def test_a_job_cannot_wait_for_itself(db: Pool) -> None:
    job = await add_after(db, await add_one(db))
    with pytest.raises(asyncpg.CheckViolationError):
        await db.execute("insert into job_dependencies (job_id, depends_on) values ($1, $1)", job)
