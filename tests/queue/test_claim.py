"""Jobs leave the queue: in what order, how many, and never twice."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from actors.queue import operating, store
from actors.queue.job import Job, NewJob
from tests.postgres import Postgres
from tests.queue.jobs import GRACE_S, ME, Pool, add, add_one, claim, finish, states


async def test_higher_priority_comes_first_then_the_older(any_postgres: Postgres) -> None:
    """G08: priority descending, then age."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=2) as db:
        ids = await store.enqueue(db, [NewJob("print", priority=p) for p in (0, 5, -1, 5, 0)])
        order = []
        while jobs := await claim(db, 1):
            order += [job.id for job in jobs]
        assert order == [ids[1], ids[3], ids[0], ids[4], ids[2]]


async def test_a_batch_is_in_that_order_too_and_no_larger_than_asked(db: Pool) -> None:
    ids = await store.enqueue(db, [NewJob("print", priority=n % 3) for n in range(9)])
    jobs = await claim(db, 5)
    assert [job.id for job in jobs] == [ids[2], ids[5], ids[8], ids[1], ids[4]]


async def test_a_claim_tells_all_that_a_worker_needs(db: Pool) -> None:
    job_id = await add_one(
        db, payload='{"n": 1}', priority=4, max_attempts=2, timeout_s=9.0, trace_id="t", tenant="north"
    )
    [job] = await claim(db)
    assert job == Job(job_id, "print", "default", '{"n": 1}', 1, 1, 2, 9.0, 4, "t", "north", None, 0, False)


async def test_each_claim_raises_the_fence_and_counts_the_attempt(db: Pool) -> None:
    await add(db)
    for n in (1, 2, 3):
        [job] = await claim(db)
        assert (job.fence, job.attempt) == (n, n)
        await store.put_off(db, [job.id], [job.fence], [0.0], ['{"error":"x"}'], [False], ME)


async def test_what_is_not_ready_is_not_claimed(db: Pool) -> None:
    await add(db, delay_s=60.0)
    await add(db, held=True)
    await add(db, queue="enrichment")
    assert await claim(db) == []


async def test_a_paused_queue_gives_nothing(db: Pool) -> None:
    await add(db)
    await operating.set_paused(db, "default", paused=True)
    assert await claim(db) == []
    assert await store.claim_within_limits(db, "default", 10, ME, GRACE_S) == []
    await operating.set_paused(db, "default", paused=False)
    assert len(await claim(db)) == 1


@pytest.mark.parametrize(
    ("most_running", "per_minute", "fair"), [(1, None, False), (None, 60.0, False), (None, None, True)]
)
async def test_a_queue_with_rules_gives_nothing_to_a_claim_that_ignores_them(
    db: Pool, most_running: int | None, per_minute: float | None, fair: bool
) -> None:
    [first] = await add(db)
    await operating.set_limits(db, "default", most_running=most_running, per_minute=per_minute, fair=fair)
    assert await claim(db) == []
    assert await store.claim_from(db, "default", 10, ME, GRACE_S, priority=0, first_id=first) == []


async def test_a_queue_that_is_not_known_gives_nothing(any_postgres: Postgres) -> None:
    """Not everything that is in it, which a limit of null would be."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=2) as db:
        [first, *_] = await add(db, 20, queue="nowhere")
        assert await claim(db, 5, queue="nowhere") == []
        assert await store.claim_from(db, "nowhere", 5, ME, GRACE_S, priority=0, first_id=first) == []
        assert await store.claim_within_limits(db, "nowhere", 5, ME, GRACE_S) == []


async def test_a_claim_can_begin_at_an_id_of_one_priority(db: Pool) -> None:
    ids = await store.enqueue(db, [NewJob("print", priority=n % 2) for n in range(8)])
    jobs = await store.claim_from(db, "default", 10, ME, GRACE_S, priority=1, first_id=ids[3])
    assert [job.id for job in jobs] == [ids[3], ids[5], ids[7]]


async def test_eight_claimers_never_get_the_same_job(any_postgres: Postgres) -> None:
    """G08: SKIP LOCKED."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=8, max_size=8) as db, asyncio.timeout(60):
        ids = await add(db, 2000)
        got: list[int] = []

        async def work() -> None:
            worker = uuid4()
            while jobs := await claim(db, 37, worker=worker):
                got.extend(job.id for job in jobs)
                await finish(db, *jobs, worker=worker)

        await asyncio.gather(*(work() for _ in range(8)))
        assert sorted(got) == ids
        assert await db.fetchval("select count(*) from job_history where state = 'done'") == 2000


async def test_what_another_transaction_is_claiming_is_passed_over(db: Pool) -> None:
    ids = await add(db, 3)
    async with db.acquire() as other, other.transaction():
        assert [job.id for job in await claim(other, 2)] == ids[:2]
        async with asyncio.timeout(10):
            assert [job.id for job in await claim(db)] == ids[2:]


# ── jobs that come due ──


async def test_a_scheduled_job_is_ready_once_its_time_has_come(any_postgres: Postgres) -> None:
    """G08: what is scheduled for later waits."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=2) as db:
        later, soon, too = await add(db, delay_s=60.0) + await add(db, 2, delay_s=30.0)
        assert await store.stage(db, 10) == 0
        due_s = await store.next_due_s(db)
        assert due_s is not None
        assert 0 < due_s <= 30.0
        await db.execute("update jobs set run_at = now() - interval '1 second' where id = any($1)", [soon, too])
        assert await store.next_due_s(db) == pytest.approx(-1.0, abs=30)
        assert await store.stage(db, 1) == 1
        assert await store.stage(db, 10) == 1
        assert await states(db, [later, soon, too]) == ["scheduled", "ready", "ready"]


async def test_without_scheduled_jobs_nothing_comes_due(db: Pool) -> None:
    await add(db)
    assert await store.next_due_s(db) is None


async def test_run_now_makes_a_scheduled_job_ready_and_no_other(db: Pool) -> None:
    later, held = await add_one(db, delay_s=60.0), await add_one(db, held=True)
    assert await operating.run_now(db, later) is True
    assert await operating.run_now(db, held) is False
    assert await states(db, [later, held]) == ["ready", "held"]
