"""Claims under a queue's rules."""

import asyncio
from collections import Counter
from uuid import uuid4

import asyncpg
import pytest

from actors.errors import NotFound
from actors.queue import operating, store
from actors.queue.job import Job, NewJob
from tests.postgres import Postgres
from tests.queue.jobs import GRACE_S, ME, Pool, add, finish


async def claim(db: store.Database, limit: int = 500) -> list[Job]:
    return await store.claim_within_limits(db, "default", limit, ME, GRACE_S)


async def limit(
    db: store.Database, *, most_running: int | None = None, per_minute: float | None = None, fair: bool = False
) -> None:
    await operating.set_limits(db, "default", most_running=most_running, per_minute=per_minute, fair=fair)


async def test_no_more_run_at_once_than_a_queue_allows(any_postgres: Postgres) -> None:
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=2) as db:
        await add(db, 10)
        await limit(db, most_running=3)
        first = await claim(db)
        assert len(first) == 3
        assert await claim(db) == []
        await finish(db, first[0])
        assert len(await claim(db)) == 1
        assert await claim(db) == []


async def test_the_limit_holds_over_many_claimers(db: Pool) -> None:
    await add(db, 200)
    await limit(db, most_running=7)
    async with asyncio.timeout(30):
        claims = await asyncio.gather(
            *(store.claim_within_limits(db, "default", 5, uuid4(), GRACE_S) for _ in range(20))
        )
    assert sum(len(jobs) for jobs in claims) == 7


async def test_no_more_start_in_a_minute_than_a_queue_allows(any_postgres: Postgres) -> None:
    """The bucket fills with time: here the time of its last filling is moved back."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=2) as db:
        await add(db, 50)

        async def after(seconds: float) -> int:
            await db.execute("update queues set tokens = 0, tokens_at = now() - make_interval(secs => $1)", seconds)
            return len(await claim(db))

        await limit(db, per_minute=6.0)
        assert await claim(db) == []
        assert [await after(seconds) for seconds in (3.0, 10.0, 3600.0)] == [0, 1, 1]
        await limit(db, per_minute=600.0)
        assert await after(3600.0) == 10  # a second's worth at most, however long nobody asked


async def test_a_slow_rate_still_lets_one_through(db: Pool) -> None:
    await add(db, 3)
    await limit(db, per_minute=0.5)
    await db.execute("update queues set tokens_at = now() - interval '1 day'")
    assert [len(await claim(db)) for _ in range(2)] == [1, 0]


async def test_two_tenants_take_turns_however_much_one_has_waiting(any_postgres: Postgres) -> None:
    """With 1000 jobs of one tenant before it, the tenth of the other starts within the first twenty."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=2) as db:
        await store.enqueue_alike(db, NewJob("print", tenant="loud"), ["{}"] * 1000)
        await store.enqueue_alike(db, NewJob("print", tenant="quiet"), ["{}"] * 10)
        await limit(db, fair=True)
        turns = Counter(job.tenant for job in await claim(db, 20))
        assert turns == {"loud": 10, "quiet": 10}


async def test_what_a_tenant_has_running_counts_for_its_turn(db: Pool) -> None:
    await store.enqueue_alike(db, NewJob("print", tenant="loud"), ["{}"] * 100)
    await limit(db, fair=True)
    assert len(await claim(db, 6)) == 6
    await store.enqueue_alike(db, NewJob("print", tenant="quiet"), ["{}"] * 100)
    assert {job.tenant for job in await claim(db, 6)} == {"quiet"}
    assert Counter(job.tenant for job in await claim(db, 6)) == {"loud": 3, "quiet": 3}


async def test_within_a_tenant_priority_comes_first_and_nobody_without_one_is_forgotten(db: Pool) -> None:
    low, high = await store.enqueue(db, [NewJob("print", tenant="a"), NewJob("print", tenant="a", priority=5)])
    alone = await store.enqueue(db, [NewJob("print")])
    await limit(db, fair=True)
    first = await claim(db, 2)
    assert {job.id for job in first} == {high, *alone}
    assert [job.id for job in await claim(db)] == [low]


async def test_rules_can_be_joined(db: Pool) -> None:
    await store.enqueue_alike(db, NewJob("print", tenant="a"), ["{}"] * 50)
    await store.enqueue_alike(db, NewJob("print", tenant="b"), ["{}"] * 50)
    await limit(db, most_running=6, per_minute=6000.0, fair=True)
    await db.execute("update queues set tokens_at = now() - interval '1 minute'")
    assert Counter(job.tenant for job in await claim(db)) == {"a": 3, "b": 3}
    assert await claim(db) == []


async def test_rules_are_read_as_they_were_set(db: Pool) -> None:
    await limit(db, most_running=2, per_minute=30.0, fair=True)
    await operating.set_paused(db, "scraping", paused=True)
    rules = await store.queue_rules(db)
    default = rules["default"]
    assert (default.most_running, default.per_minute, default.fair, default.plain) == (2, 30.0, True, False)
    assert rules["scraping"].paused
    assert rules["scraping"].plain


async def test_a_queue_that_is_not_there_has_no_rules_to_set(db: Pool) -> None:
    with pytest.raises(NotFound, match=r"^queue: there is no queue 'nowhere'"):
        await operating.set_paused(db, "nowhere", paused=True)
    with pytest.raises(NotFound, match=r"^queue: there is no queue 'nowhere'"):
        await operating.set_limits(db, "nowhere", most_running=1, per_minute=None, fair=False)
    await store.ensure_queues(db, ["nowhere", "default"])
    await operating.set_paused(db, "nowhere", paused=True)
