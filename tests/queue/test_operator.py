"""What an operator does to jobs, and what they are told."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from actors.errors import NotFound
from actors.queue import operating, store
from actors.queue.explain import explain
from tests.postgres import Postgres
from tests.queue.jobs import (
    ME,
    OTHER,
    Pool,
    add,
    add_after,
    add_one,
    bury,
    claim,
    claim_one,
    dead,
    events,
    finish,
    register,
    states,
)

NEVER = 1_000_000


# ── cancel ──


@pytest.mark.parametrize("fields", [{}, {"delay_s": 60.0}, {"held": True}], ids=str)
async def test_a_job_that_waits_is_cancelled_at_once(any_postgres: Postgres, fields: dict[str, Any]) -> None:
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=2) as db:
        job = await add_one(db, **fields)
        assert await operating.cancel(db, job, "not needed") == "cancelled"
        shown = await operating.show(db, job)
        assert (shown["state"], shown["result"]) == ("cancelled", {"reason": "not needed"})
        assert await events(db, job) == ["cancelled"]


async def test_a_job_that_runs_is_asked_to_stop(db: Pool) -> None:
    job = await claim_one(db)
    assert await store.asked_to_stop(db, [job.id]) == []
    assert await operating.cancel(db, job.id, "not needed") == "asked"
    assert await store.asked_to_stop(db, [job.id]) == [job.id]
    assert await states(db, [job.id]) == ["running"]
    assert await events(db, job.id) == ["cancel_asked"]


async def test_cancelling_what_has_ended_tells_how_it_ended(db: Pool) -> None:
    job = await claim_one(db)
    await finish(db, job)
    assert await operating.cancel(db, job.id, "not needed") == "done"


async def test_cancelling_a_dead_letter_discards_it(db: Pool) -> None:
    job = await dead(db)
    assert await operating.cancel(db, job, "not needed") == "cancelled"
    assert await states(db, [job]) == ["discarded"]


async def test_there_is_nothing_to_cancel_or_show_of_a_job_that_never_was(db: Pool) -> None:
    with pytest.raises(NotFound, match=f"^job: there is no job {NEVER}"):
        await operating.cancel(db, NEVER, "not needed")
    with pytest.raises(NotFound, match=f"^job: there is no job {NEVER}"):
        await operating.show(db, NEVER)
    with pytest.raises(NotFound, match=f"^job: there is no job {NEVER}"):
        await operating.facts(db, NEVER, [])
    assert await operating.state_of(db, NEVER) is None


# ── dead letters ──


async def test_a_revived_dead_letter_begins_anew(any_postgres: Postgres) -> None:
    """N15: replay."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=2) as db:
        job = await dead(db)
        assert await operating.revive(db, ids=[job]) == [job]
        [again] = await claim(db)
        assert (again.id, again.attempt) == (job, 1)
        assert (await operating.show(db, job))["errors"][-1]["error"] == "it broke"
        assert await events(db, job) == ["requeued"]


async def test_dead_letters_are_revived_by_kind_by_time_or_all(any_postgres: Postgres) -> None:
    """N15: many at once; the time is that of the last failure, as a settler or a rescue writes it."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=2) as db:
        long_ago, lately = await dead(db), await dead(db, kind="mail")
        rescued = await claim_one(db, max_attempts=1)
        assert await store.begin_attempt(db, rescued, ME)
        await store.rescue(db, [ME])
        when = datetime(2026, 1, 1, tzinfo=UTC)
        await db.execute(
            "update jobs set errors = jsonb_build_array(jsonb_build_object('at', $2::text)) where id = $1",
            lately, (when + timedelta(hours=1)).isoformat(),
        )  # fmt: skip
        assert await operating.revive(db, kind="nothing") == []
        assert sorted(await operating.revive(db, since=when + timedelta(minutes=30))) == [lately, rescued.id]
        assert await operating.revive(db, kind="print") == [long_ago]
        assert await operating.revive(db) == []


async def test_a_living_job_is_not_revived(db: Pool) -> None:
    running = await claim_one(db)
    waiting = await add_one(db)
    assert await operating.revive(db, ids=[running.id, waiting, NEVER]) == []


async def test_a_dead_letter_whose_key_has_a_new_holder_stays_dead(db: Pool) -> None:
    buried = await dead(db, unique_key="k")
    holder = await add_one(db, unique_key="k")
    assert await operating.revive(db) == []
    assert await states(db, [buried, holder]) == ["dead", "ready"]


async def test_of_dead_letters_with_one_key_the_latest_is_revived(any_postgres: Postgres) -> None:
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=2) as db:
        older, newer = await dead(db, unique_key="k"), await dead(db, unique_key="k")
        plain, mail = await dead(db), await dead(db, kind="mail", unique_key="k")
        assert sorted(await operating.revive(db)) == [newer, plain, mail]
        assert await states(db, [older]) == ["dead"]


async def test_a_key_that_is_taken_at_that_moment_keeps_no_other_dead_letter_from_being_revived(
    any_postgres: Postgres,
) -> None:
    """N15: a requeue of many does not fail as a whole for one of them."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=3, max_size=3) as db:
        taken, plain, keyed = await dead(db, unique_key="k"), await dead(db), await dead(db, unique_key="free")
        async with db.acquire() as other:
            transaction = other.transaction()
            await transaction.start()
            await add_one(other, unique_key="k")
            reviving = asyncio.create_task(operating.revive(db))
            await until_somebody_waits(db)
            await transaction.commit()
        assert sorted(await reviving) == [plain, keyed]
        assert await states(db, [taken]) == ["dead"]


async def until_somebody_waits(db: Pool) -> None:
    waiting = (
        "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database())"
    )
    async with asyncio.timeout(30):
        while not await db.fetchval(waiting):  # noqa: ASYNC110 -- told by nobody
            await asyncio.sleep(0.01)


async def test_a_held_job_is_let_go(db: Pool) -> None:
    parent = await add_one(db, delay_s=60.0)
    held, later, ready = await add_one(db, held=True), await add_one(db, held=True, delay_s=60.0), await add_one(db)
    waits = await add_after(db, parent, held=True)
    assert [await operating.release(db, job) for job in (held, later, waits, ready)] == [
        "ready", "scheduled", "blocked", None
    ]  # fmt: skip
    assert await states(db, [held, later, waits]) == ["ready", "scheduled", "blocked"]


async def test_events_of_many_jobs_are_told_as_look_for_yourself(postgres: Postgres, db: Pool) -> None:
    """What a listener is told is all that happened, or that it is not all."""
    told: list[str] = []
    listener = await asyncpg.connect(postgres.dsn)
    await listener.add_listener("triald_job_events", lambda *said: told.append(str(said[-1])))
    for number in (2, 201):
        await store.add_events(db, [(n, "requeued", {}) for n in range(number)])
    await store.add_events(db, [(10**18, "late_result_refused" * 5, {}) for _ in range(100)])
    await listener.execute("select 1")
    await listener.close()
    assert told == ["0:requeued 1:requeued", "resync", "resync"]


async def test_dead_letters_are_discarded_into_the_history(db: Pool) -> None:
    """N15: bulk discard."""
    buried, other = await dead(db), await dead(db)
    mail, kept = await dead(db, kind="mail"), await dead(db, kind="mail")
    await db.execute("update jobs set errors = jsonb_build_array(jsonb_build_object('at', now())) where id = $1", mail)
    assert await operating.discard(db, kind="mail", since=datetime.now(UTC) - timedelta(hours=1)) == [mail]
    assert await states(db, [mail, kept]) == ["discarded", "dead"]
    running = await claim_one(db)
    assert sorted(await operating.discard(db, ids=[buried, other, running.id])) == [buried, other]
    assert await states(db, [buried, other, running.id]) == ["discarded", "discarded", "running"]
    assert (await operating.show(db, buried))["errors"][-1]["error"] == "it broke"
    assert await events(db, buried) == ["discarded"]


# ── lists ──


async def test_jobs_are_listed_by_state_queue_and_kind_newest_first(db: Pool) -> None:
    """N15: the list of dead letters, with their last errors."""
    buried, [one, two, three] = await dead(db), await add(db, 3)
    mail = await add_one(db, kind="mail", queue="enrichment")

    async def ids(**by: Any) -> list[int]:
        return [row["id"] for row in await operating.list_jobs(db, **by)]

    assert await ids() == [mail, three, two, one, buried]
    assert await ids(states=["dead"]) == [buried]
    assert await ids(queue="enrichment") == await ids(kind="mail") == [mail]
    assert await ids(limit=2) == [mail, three]
    assert await ids(limit=2, before=three) == [two, one]
    [row] = await operating.list_jobs(db, states=["dead"])
    assert row["last_error"]["error"] == "it broke"


async def test_ended_jobs_are_listed_from_the_history(db: Pool) -> None:
    done = await claim_one(db)
    await finish(db, done)
    gone = await add_one(db)
    await operating.cancel(db, gone, "not needed")
    assert [row["id"] for row in await operating.list_jobs(db, states=["done", "cancelled"])] == [gone, done.id]
    assert [row["id"] for row in await operating.list_jobs(db, states=["done"])] == [done.id]
    assert await operating.list_jobs(db) == []


async def test_the_load_of_each_queue_is_counted_by_state(db: Pool) -> None:
    await dead(db)
    await claim_one(db)
    parent, _ = await add(db, 2)
    await add_after(db, parent)
    await add(db, delay_s=60.0)
    await add(db, held=True)
    await db.execute("update jobs set created_at = now() - interval '90 s', run_at = created_at where id = $1", parent)
    [load] = [load for load in await operating.load(db) if load["queue"] == "default"]
    counted = {state: load[state] for state in ("ready", "running", "scheduled", "blocked", "held", "dead")}
    assert counted == {"ready": 2, "running": 1, "scheduled": 1, "blocked": 1, "held": 1, "dead": 1}
    assert load["oldest_age_s"] >= 0
    assert {load["queue"] for load in await operating.load(db)} == {"default", "scraping", "enrichment"}


# ── why is it not running? ──


async def why(db: store.Database, job: int) -> list[str]:
    return explain(await operating.facts(db, job, ["print"]))


async def test_what_keeps_a_job_from_running_is_found_in_the_database(any_postgres: Postgres) -> None:
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=4) as db:
        first, second = await add(db, 2)
        nobody = ["no worker that is alive takes jobs of queue default"]
        assert await why(db, first) == nobody
        await register(db, OTHER, queues=["scraping"])
        assert await why(db, first) == nobody
        await register(db)
        assert await why(db, second) == ["it is ready, with 1 ahead of it in queue default (0 running there)"]
        child = await add_after(db, first, second)
        assert await why(db, child) == [f"it waits for 2 other jobs to end: {first} (ready), {second} (ready)"]
        await operating.set_paused(db, "default", paused=True)
        assert await why(db, first) == ["queue default is paused: triald jobs resume default"]
        await operating.set_paused(db, "default", paused=False)
        stranger = await add_one(db, kind="mail")
        assert await why(db, stranger) == ["this version of triald knows no job kind mail"]
        nowhere = await add_one(db, queue="nowhere")
        assert await why(db, nowhere) == [
            "there is no queue nowhere: nobody looks at it", "no worker that is alive takes jobs of queue nowhere"
        ]  # fmt: skip
        await operating.set_limits(db, "default", most_running=None, per_minute=60.0, fair=False)
        limited = ["queue default starts at most 60 a minute, and has started as many"]
        assert (await why(db, first), await why(db, second)) == (limited, limited)
        await db.execute("update queues set tokens_at = now() - interval '5 s'")
        assert await why(db, first) == ["it is ready, with 0 ahead of it in queue default (0 running there)"]
        assert len(await store.claim_within_limits(db, "default", 9, ME, 10.0)) == 1
        assert await why(db, second) == limited


async def test_what_became_of_a_job_is_found_in_the_database(db: Pool) -> None:
    await register(db)
    [running, *_] = await add(db, 2)
    [job] = await claim(db, 1)
    assert (await why(db, running))[0].startswith(f"it is running on worker {ME} for ")
    await operating.set_limits(db, "default", most_running=1, per_minute=None, fair=False)
    assert await why(db, running + 1) == ["queue default runs at most 1 at once, and that many are running"]
    assert await store.claim_within_limits(db, "default", 9, ME, 10.0) == []  # what ran before the rule counts too
    await bury(db, job)
    assert await why(db, running) == [
        "it is a dead letter after 1 of 3 attempts: it broke", f"triald jobs retry {running} revives it"
    ]  # fmt: skip
    await operating.discard(db, ids=[running])
    assert await why(db, running) == ["it has ended: discarded"]
