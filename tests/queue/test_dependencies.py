"""Jobs that wait for others: chains, diamonds, and two things at the same moment."""

import asyncio

import asyncpg
import pytest

from actors.errors import Refusal
from actors.queue import operating, store
from tests.postgres import Postgres
from tests.queue.jobs import (
    ME,
    Pool,
    PoolConnection,
    add,
    add_after,
    add_one,
    claim,
    claim_one,
    dead,
    events,
    finish,
    states,
)


async def test_a_chain_is_unblocked_link_by_link(any_postgres: Postgres) -> None:
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=4) as db:
        chain = [await add_one(db)]
        for _ in range(3):
            chain.append(await add_after(db, chain[-1]))
        for n, job in enumerate(chain):
            assert await states(db, chain) == ["done"] * n + ["ready"] + ["blocked"] * (3 - n)
            [claimed] = await claim(db)
            assert claimed.id == job
            assert await finish(db, claimed) == [job]


async def test_a_diamond_waits_for_both_sides(db: Pool) -> None:
    top = await add_one(db)
    left, right = await add_after(db, top), await add_after(db, top)
    bottom = await add_after(db, left, right)
    await finish(db, *await claim(db))
    one, two = await claim(db)
    await finish(db, one)
    assert await states(db, [bottom]) == ["blocked"]
    await finish(db, two)
    assert await states(db, [top, left, right, bottom]) == ["done", "done", "done", "ready"]
    assert await db.fetchval("select count(*) from job_dependencies") == 0


async def test_two_parents_that_end_in_one_statement_unblock_their_child(db: Pool) -> None:
    parents = await add(db, 2)
    child = await add_after(db, *parents)
    await finish(db, *await claim(db))
    assert await states(db, [child]) == ["ready"]


async def test_two_parents_that_end_at_once_unblock_their_child(db: Pool) -> None:
    children = []
    for _ in range(20):
        children.append(await add_after(db, *await add(db, 2)))
    jobs = await claim(db)
    async with asyncio.timeout(30):
        await asyncio.gather(*(finish(db, *jobs[n::8]) for n in range(8)))
    assert await states(db, children) == ["ready"] * 20


async def test_a_child_that_is_held_stays_held_and_one_with_a_time_is_scheduled(db: Pool) -> None:
    parent = await add_one(db)
    held, later = await add_after(db, parent, held=True), await add_after(db, parent, delay_s=60.0)
    await finish(db, *await claim(db))
    assert await states(db, [held, later]) == ["held", "scheduled"]


async def test_a_dependent_that_is_added_while_its_parent_ends_is_not_forgotten(any_postgres: Postgres) -> None:
    """The adding transaction holds the parent's row; the end waits for it, and sees the dependent."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=3, max_size=3) as db, asyncio.timeout(30):
        parent = await claim_one(db)
        async with db.acquire() as adding, db.acquire() as ending:
            transaction = adding.transaction()
            await transaction.start()
            child = await add_one(adding, depends_on=[parent.id])
            end = asyncio.create_task(finish(ending, parent))
            await until_it_waits(db, ending)
            await transaction.commit()
            assert await end == [parent.id]
        assert await states(db, [parent.id, child]) == ["done", "ready"]


async def test_a_parent_that_ends_while_a_dependent_is_added_is_not_waited_for(db: Pool) -> None:
    """The end holds the parent's row; the adding waits for it, and finds the parent in the history."""
    parent = await claim_one(db)
    async with db.acquire() as adding, db.acquire() as ending, asyncio.timeout(30):
        transaction = ending.transaction()
        await transaction.start()
        await finish(ending, parent)

        async def adds() -> int:
            async with adding.transaction():
                return await add_one(adding, depends_on=[parent.id])

        add = asyncio.create_task(adds())
        await until_it_waits(db, adding)
        await transaction.commit()
        assert await states(db, [await add]) == ["ready"]


async def until_it_waits(db: Pool, connection: PoolConnection) -> None:
    """Until a connection waits for a lock."""
    pid = connection.get_server_pid()
    while await db.fetchval("select wait_event_type from pg_stat_activity where pid = $1", pid) != "Lock":  # noqa: ASYNC110
        await asyncio.sleep(0)


# ── a parent that will never be done ──


async def test_cancelling_a_job_cancels_all_that_waits_for_it(db: Pool) -> None:
    top = await add_one(db)
    middle = await add_after(db, top)
    bottom, stranger = await add_after(db, middle), await add_one(db)
    assert await operating.cancel(db, top, "not needed") == "cancelled"
    assert await states(db, [top, middle, bottom, stranger]) == ["cancelled"] * 3 + ["ready"]
    assert await db.fetchval("select count(*) from job_dependencies") == 0
    assert await events(db, bottom) == ["cancelled"]


async def test_a_cancelled_job_that_ran_takes_along_what_waited_for_it(db: Pool) -> None:
    parent = await claim_one(db)
    child = await add_after(db, parent.id)
    grandchild = await add_after(db, child)
    assert await store.drop(db, [parent.id], [parent.fence], ["not needed"], ME) == [parent.id]
    assert await states(db, [parent.id, child, grandchild]) == ["cancelled"] * 3


async def test_discarding_a_dead_letter_cancels_what_waited_for_it(db: Pool) -> None:
    """N15: nothing is left that waits for what is gone."""
    parent = await dead(db)
    child = await add_after(db, parent)
    assert await states(db, [child]) == ["blocked"]
    assert await operating.discard(db, ids=[parent]) == [parent]
    assert await states(db, [parent, child]) == ["discarded", "cancelled"]


async def test_a_dependent_of_a_dead_letter_runs_once_that_was_revived_and_is_done(db: Pool) -> None:
    parent = await dead(db)
    child = await add_after(db, parent)
    await operating.revive(db, ids=[parent])
    await finish(db, *await claim(db))
    assert await states(db, [parent, child]) == ["done", "ready"]


@pytest.mark.parametrize("way", ["cancel", "discard"])
async def test_a_dependent_that_is_added_while_its_parent_is_cancelled_goes_with_it(db: Pool, way: str) -> None:
    parent = await dead(db) if way == "discard" else await add_one(db)
    async with db.acquire() as adding, db.acquire() as ending, asyncio.timeout(30):
        transaction = adding.transaction()
        await transaction.start()
        child = await add_one(adding, depends_on=[parent])
        end = asyncio.create_task(_end(ending, parent, way))
        await until_it_waits(db, ending)
        await transaction.commit()
        await end
    assert (await states(db, [parent, child]))[1] == "cancelled"


async def _end(db: store.Database, job: int, way: str) -> None:
    if way == "cancel":
        await operating.cancel(db, job, "not needed")
    else:
        await operating.discard(db, ids=[job])


async def test_a_job_that_is_claimed_while_it_is_cancelled_is_asked_to_stop_and_its_dependents_stay(db: Pool) -> None:
    parent = await add_one(db)
    child = await add_after(db, parent)
    async with db.acquire() as claiming, db.acquire() as cancelling, asyncio.timeout(30):
        transaction = claiming.transaction()
        await transaction.start()
        assert [job.id for job in await claim(claiming)] == [parent]
        cancel = asyncio.create_task(operating.cancel(cancelling, parent, "not needed"))
        await until_it_waits(db, cancelling)
        await transaction.commit()
        assert await cancel == "asked"
    assert await states(db, [parent, child]) == ["running", "blocked"]


@pytest.mark.parametrize("way", ["cancel", "discard"])
async def test_nothing_can_wait_for_what_was_given_up(db: Pool, way: str) -> None:
    parent = await dead(db) if way == "discard" else await add_one(db)
    await _end(db, parent, way)
    with pytest.raises(Refusal, match=f"^depends_on: job {parent} was cancelled or discarded"):
        await add_after(db, parent)
    assert await db.fetchval("select count(*) from jobs") == 0
