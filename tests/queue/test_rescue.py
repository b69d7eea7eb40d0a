"""Jobs of dead processes, of hung attempts, and of processes that nobody knows are taken back."""

import time
from uuid import uuid4

import asyncpg
import pytest

from actors.queue import operating, store
from actors.queue.rescuer import Rescuer
from supervisor.life import Life
from tests.postgres import Postgres
from tests.queue.jobs import (
    ME,
    OTHER,
    Pool,
    add,
    add_one,
    bury,
    claim,
    claim_one,
    events,
    finish,
    register,
    states,
)


def rescuer(pool: Pool) -> Rescuer:
    """One that takes everybody for dead whose count it has seen before and that has not moved since."""
    return Rescuer(pool, dead_after_s=0.0, every_s=3600.0, strays_every_s=0.0)


@pytest.mark.parametrize(("most", "state"), [(3, "ready"), (1, "dead")])
async def test_a_dead_workers_job_is_ready_again_or_dead_after_its_last_attempt(
    any_postgres: Postgres, most: int, state: str
) -> None:
    """G10 in part: rescue → pending, or failed after the last attempt; the old holder's result is refused."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=2) as db:
        job = await claim_one(db, max_attempts=most)
        assert await store.begin_attempt(db, job, ME)
        others = await claim_one(db, worker=OTHER)
        [row] = await store.rescue(db, [ME])
        assert (row["id"], row["state"], row["attempts"]) == (job.id, state, 1)
        assert await states(db, [job.id, others.id]) == [state, "running"]
        assert await finish(db, job) == []
        shown = await operating.show(db, job.id)
        assert shown["errors"][-1]["error"] == "its worker stopped beating"
        [told, *rest] = shown["events"]
        assert told["event"] == "rescued"
        assert told["detail"] == {"from": str(ME), "fence": 1, "state": state, "reason": "worker"}
        assert [event["event"] for event in rest] == (["dead"] if state == "dead" else [])


@pytest.mark.parametrize(("most", "state"), [(3, "ready"), (1, "dead")])
async def test_an_attempt_past_its_deadline_is_taken_back(any_postgres: Postgres, most: int, state: str) -> None:
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=2) as db:
        job = await claim_one(db, max_attempts=most)
        [row] = await store.take_back(db, [job.id], [job.fence], ME)
        assert (row["id"], row["state"]) == (job.id, state)
        assert await store.take_back(db, [job.id], [job.fence], ME) == []
        assert await bury(db, job) == []
        assert (await events(db, job.id))[0] == "rescued"


async def test_what_only_waited_in_the_memory_of_dead_processes_is_never_a_dead_letter(any_postgres: Postgres) -> None:
    """S14: a job that brings its process down takes the others no attempt; its own count once its start is written."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=2) as db:
        [culprit, *others] = await add(db, 10)
        for _ in range(5):
            for job in await claim(db):
                if job.id == culprit and job.start_is_noted:
                    assert await store.begin_attempt(db, job, ME)
            await store.rescue(db, [ME])
        assert await states(db, [culprit, *others]) == ["dead", *["ready"] * 9]
        again = await claim(db)
        assert {(job.attempt, job.lost, job.start_is_noted) for job in again} == {(1, 5, True)}


async def test_the_start_of_an_attempt_is_refused_to_who_holds_the_job_no_more(db: Pool) -> None:
    """N14."""
    job = await claim_one(db)
    await store.rescue(db, [ME])
    assert not await store.begin_attempt(db, job, ME)


async def test_a_job_whose_cancelling_was_asked_for_is_cancelled_by_whoever_claims_it_next(db: Pool) -> None:
    """N16: also where its worker died, put it off, or was too late, before it could."""
    lost, late, failed = [await claim_one(db, max_attempts=1) for _ in range(3)]
    for job in (lost, late, failed):
        assert await operating.cancel(db, job.id, "asked") == "asked"
    assert await store.begin_attempt(db, lost, ME)
    await store.take_back(db, [late.id], [late.fence], ME)
    await store.put_off(db, [failed.id], [failed.fence], [3600.0], [None], [False], ME)
    await store.rescue(db, [ME])
    assert await states(db, [lost.id, late.id, failed.id]) == ["ready"] * 3
    assert [job.cancel_asked for job in await claim(db)] == [True] * 3


async def test_a_rescue_wakes_whoever_listens(postgres: Postgres, db: Pool) -> None:
    """So that a rescued job need not wait for a poll."""
    await claim_one(db)
    heard: list[object] = []
    listener = await asyncpg.connect(postgres.dsn)
    await listener.add_listener("triald_jobs", lambda *said: heard.append(said[-1]))
    await store.rescue(db, [ME])
    await listener.execute("select 1")
    assert heard == ["default"]
    await listener.close()


async def test_beats_are_counted_and_a_process_that_ends_in_order_leaves(db: Pool) -> None:
    assert [await register(db) for _ in range(3)] == [0, 1, 2]
    assert await store.beats(db) == {ME: 2}
    [process] = await store.processes(db)
    assert (process["id"], process["host"], process["slots"], process["actors"]) == (ME, "here", 4, [])
    await store.unregister(db, ME)
    assert await store.beats(db) == {}


async def test_a_process_that_leaves_while_it_holds_jobs_stays_listed_until_they_are_taken_back(db: Pool) -> None:
    job = await claim_one(db)
    await register(db)
    await store.unregister(db, ME)
    assert await store.beats(db) == {ME: 0}
    one = rescuer(db)
    await one.look()
    await one.look()
    assert await states(db, [job.id]) == ["ready"]


async def test_a_process_whose_count_stands_still_loses_its_jobs_and_one_that_beats_does_not(db: Pool) -> None:
    """G10 in part."""
    job, others = await claim_one(db), await claim_one(db, worker=OTHER)
    await register(db)
    await register(db, OTHER)
    one = Rescuer(db, dead_after_s=1e-9, every_s=3600.0)
    await one.look()
    await register(db, OTHER)
    await one.look()
    assert await states(db, [job.id, others.id]) == ["ready", "running"]


async def test_jobs_of_a_process_that_nobody_knows_are_taken_back(db: Pool) -> None:
    """S14: of one that was killed after its first claim and before its first beat, too."""
    job, beating = await claim_one(db), await claim_one(db, worker=OTHER)
    await register(db, OTHER)
    one = rescuer(db)
    one.dead_after_s = 3600.0
    await one.look()
    assert await states(db, [job.id]) == ["running"]  # it may be about to register
    await one.look()
    assert await states(db, [job.id, beating.id]) == ["ready", "running"]


async def test_a_process_that_registers_late_keeps_its_jobs(db: Pool) -> None:
    job = await claim_one(db)
    one = rescuer(db)
    one.dead_after_s = 3600.0
    await one.look()
    await register(db)
    await one.look()
    assert await states(db, [job.id]) == ["running"]


async def test_a_dead_process_is_forgotten_after_an_hour_once_it_holds_nothing(any_postgres: Postgres) -> None:
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=2) as db:
        holds, silent, fresh = uuid4(), uuid4(), uuid4()
        for worker in (holds, silent, fresh):
            await register(db, worker)
        await claim_one(db, worker=holds)
        await db.execute("update workers set beat_at = now() - interval '61 minutes' where id <> $1", fresh)
        await store.forget_workers(db, [holds, silent, fresh])
        assert set(await store.beats(db)) == {holds, fresh}


async def test_two_rescuers_take_a_job_back_once(db: Pool) -> None:
    job = await claim_one(db)
    async with db.acquire() as one, db.acquire() as two, one.transaction():
        assert len(await store.rescue(one, [ME])) == 1
        assert await store.rescue(two, [ME]) == []
    assert await events(db, job.id) == ["rescued"]


async def test_a_rescuer_that_is_told_to_drain_ends(db: Pool) -> None:
    life = Life("rescuer", 0, time.monotonic)
    life.draining.set()
    await rescuer(db).run(life)
    assert await claim(db) == []
    await add_one(db)
