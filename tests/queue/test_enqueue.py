"""Jobs come into the queue."""

import asyncio
from typing import Any

import asyncpg
import pytest

from actors.errors import NotFound
from actors.queue import operating, store
from actors.queue.job import NewJob
from tests.postgres import Postgres
from tests.queue.jobs import Pool, add, add_after, add_one, claim, dead, finish, states


async def test_ids_come_back_in_the_order_in_which_the_jobs_were_given(db: Pool) -> None:
    ids = await store.enqueue(db, [NewJob("print", f'{{"n":{n}}}', priority=-n) for n in range(50)])
    assert ids == sorted(ids)
    payloads = [(await operating.show(db, job))["payload"] for job in ids]
    assert payloads == [{"n": n} for n in range(50)]


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, "ready"),
        ({"delay_s": 0.0}, "ready"),
        ({"delay_s": 60.0}, "scheduled"),
        ({"held": True}, "held"),
        ({"held": True, "delay_s": 60.0}, "held"),
    ],
)
async def test_a_job_begins_ready_scheduled_or_held(db: Pool, fields: dict[str, Any], state: str) -> None:
    assert await states(db, [await add_one(db, **fields)]) == [state]


async def test_a_job_keeps_all_that_it_was_given(db: Pool) -> None:
    given: dict[str, Any] = {
        "payload": {"n": 1}, "priority": 7, "max_attempts": 5, "timeout_s": 9.0, "unique_key": "k", "tenant": "north",
        "trace_id": "t-1", "parent_id": 12, "schedule_id": 3, "queue": "enrichment",
    }  # fmt: skip
    job = await add_one(db, **given | {"payload": '{"n": 1}'})
    shown = await operating.show(db, job)
    assert {name: shown[name] for name in given} == given


async def test_a_unique_key_that_is_taken_answers_with_its_holder(any_postgres: Postgres) -> None:
    """N13: a command that is sent again makes no second job."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=2) as db:
        first = await add_one(db, unique_key="k")
        assert await add_one(db, unique_key="k") == first
        other_kind = await add_one(db, kind="mail", unique_key="k")
        assert other_kind != first
        await claim(db)
        assert await add_one(db, unique_key="k") == first


async def test_batches_mix_jobs_with_taken_free_and_no_keys(db: Pool) -> None:
    taken = await add_one(db, unique_key="a")
    keys = [None, "a", "b", None, "b", "a", None]
    ids = await store.enqueue(db, [NewJob("print", f'"{n}"', unique_key=key) for n, key in enumerate(keys)])
    assert ids[1] == ids[5] == taken
    assert ids[2] == ids[4]
    assert len({*ids}) == 5
    assert [(await operating.show(db, ids[n]))["payload"] for n in (0, 2, 3, 6)] == ["0", "2", "3", "6"]


async def test_twenty_at_once_with_one_key_make_one_job(any_postgres: Postgres) -> None:
    """N13: 20 parallel enqueues with one unique key have one effect."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=20, max_size=20) as db, asyncio.timeout(30):
        ids = await asyncio.gather(*(add_one(db, unique_key="once") for _ in range(20)))
        assert len(set(ids)) == 1
        assert await db.fetchval("select count(*) from jobs") == 1


async def test_a_key_is_free_again_when_its_job_has_ended_or_is_dead(db: Pool) -> None:
    first = await add_one(db, unique_key="k")
    await finish(db, *await claim(db))
    second = await add_one(db, unique_key="k")
    assert second != first
    await finish(db, *await claim(db))
    buried = await dead(db, unique_key="k")
    assert await add_one(db, unique_key="k") != buried


class BetweenStatements:
    """A database in which something happens between the first statement and the next."""

    def __init__(self, db: store.Database, happens: Any) -> None:
        self.db = db
        self.happens = happens

    async def fetch(self, query: str, *args: Any) -> list[Any]:
        rows = await self.db.fetch(query, *args)
        if self.happens is not None:
            happens, self.happens = self.happens, None
            await happens()
        return rows

    async def fetchrow(self, query: str, *args: Any) -> Any:
        return await self.db.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: Any) -> Any:
        return await self.db.fetchval(query, *args)

    async def execute(self, query: str, *args: Any) -> str:
        return await self.db.execute(query, *args)


async def test_a_holder_that_ends_at_that_moment_leaves_its_key_to_the_new_job(db: Pool) -> None:
    holder = await add_one(db, unique_key="k")
    [claimed] = await claim(db)

    async def ends() -> None:
        await finish(db, claimed)

    [plain, fresh] = await store.enqueue(
        BetweenStatements(db, ends), [NewJob("print"), NewJob("print", unique_key="k")]
    )
    assert fresh not in (holder, plain)
    assert await states(db, [plain, fresh]) == ["ready", "ready"]
    assert await db.fetchval("select count(*) from jobs") == 2


async def test_a_transaction_that_stays_open_silences_its_queue_for_a_moment_only(any_postgres: Postgres) -> None:
    """It has told of its queue, and others that enqueue beside it need not; those that come later must."""
    told: list[str] = []
    listener = await asyncpg.connect(any_postgres.dsn)
    await listener.add_listener("triald_jobs", lambda *said: told.append(str(said[-1])))
    async with (
        asyncpg.create_pool(any_postgres.dsn, min_size=2, max_size=2) as db,
        db.acquire() as slow,
        slow.transaction(),
    ):
        await add_one(slow)
        await slow.execute("select pg_sleep(0.06)")
        await add_one(db)
        await listener.execute("select 1")
        assert told == ["default"]
    await listener.close()


async def test_many_alike_come_in_with_one_statement(any_postgres: Postgres) -> None:
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=2) as db:
        like = NewJob("print", priority=3, max_attempts=2, timeout_s=5.0, tenant="north", trace_id="t")
        assert await store.enqueue_alike(db, like, [f'{{"n":{n}}}' for n in range(1000)]) == 1000
        rows = await db.fetch("select distinct kind, priority, max_attempts, timeout_s, tenant, trace_id from jobs")
        assert [tuple(row) for row in rows] == [("print", 3, 2, 5.0, "north", "t")]
        assert await db.fetchval("select count(distinct payload ->> 'n') from jobs") == 1000


# ── jobs that wait for others ──


async def test_a_job_waits_for_those_it_depends_on(db: Pool) -> None:
    parent = await add_one(db)
    assert await states(db, [await add_after(db, parent)]) == ["blocked"]


async def test_a_dependency_that_never_was_is_refused(db: Pool) -> None:
    parent = await add_one(db)
    with pytest.raises(NotFound, match=f"^depends_on: there is no job {parent + 1000}"):
        await add_after(db, parent, parent + 1000)
    assert await db.fetchval("select count(*) from jobs") == 1


async def test_a_dependency_that_has_ended_is_not_waited_for(db: Pool) -> None:
    first, second = await add(db, 2)
    await finish(db, *await claim(db, 1))
    assert await states(db, [await add_after(db, first)]) == ["ready"]
    child = await add_after(db, first, second)
    assert (await operating.show(db, child))["waits_for"] == 1


async def test_a_dependency_named_twice_is_waited_for_once(db: Pool) -> None:
    parent = await add_one(db)
    child = await add_after(db, parent, parent)
    await finish(db, *await claim(db))
    assert await states(db, [child]) == ["ready"]


async def test_asking_again_for_a_unique_job_adds_no_dependency_to_it(db: Pool) -> None:
    parent, other = await add(db, 2)
    child = await add_after(db, parent, unique_key="k")
    assert await add_after(db, parent, unique_key="k") == child
    assert await add_after(db, other, unique_key="k") == child
    await finish(db, *await claim(db))
    assert await states(db, [parent, other, child]) == ["done", "done", "ready"]


async def test_a_unique_job_that_is_asked_for_twice_in_one_batch_waits_once(db: Pool) -> None:
    parent, other = await add(db, 2)
    async with db.acquire() as one, one.transaction():
        twins = [
            NewJob("print", unique_key="k", depends_on=[parent]),
            NewJob("print", unique_key="k", depends_on=[other]),
        ]
        first, second = await store.enqueue(one, twins)
    assert first == second
    await finish(db, *await claim(db, 1))
    assert await states(db, [first]) == ["ready"]
    await finish(db, *[job for job in await claim(db) if job.id == other])
    assert await states(db, [other]) == ["done"]
