"""What is kept of ended jobs, how it is removed, and keys that make a command have one effect."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from actors.queue import keeping, operating, schedules, store
from tests.postgres import Postgres
from tests.queue.jobs import ME, Pool, add_one, claim, claim_one, events, finish, states

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


async def test_a_done_job_is_kept_with_all_that_it_was(any_postgres: Postgres) -> None:
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=2) as db:
        job_id = await add_one(
            db, payload='{"n": 1}', priority=3, tenant="north", trace_id="t", unique_key="k", parent_id=5, schedule_id=6
        )
        [job] = await claim(db)
        assert await store.finish(db, [job.id], [job.fence], ['{"rows": 3}'], ME) == [job_id]
        shown = await operating.show(db, job_id)
        expected = {
            "id": job_id, "state": "done", "queue": "default", "kind": "print", "priority": 3, "attempts": 1,
            "worker": ME, "tenant": "north", "trace_id": "t", "unique_key": "k", "parent_id": 5, "schedule_id": 6,
            "payload": {"n": 1}, "result": {"rows": 3}, "errors": None,
        }  # fmt: skip
        assert {name: shown[name] for name in expected} == expected
        assert shown["created_at"] <= shown["claimed_at"] <= shown["ended_at"]
        assert await db.fetchval("select count(*) from jobs") == 0


async def test_results_belong_to_their_jobs_also_when_some_have_none(db: Pool) -> None:
    await add_one(db)
    await add_one(db)
    one, two = await claim(db)
    await store.finish(db, [two.id, one.id], [two.fence, one.fence], [None, '"first"'], ME)
    assert [(await operating.show(db, job.id))["result"] for job in (one, two)] == ["first", None]


async def test_errors_of_earlier_attempts_are_kept_with_a_job_that_was_done_at_last(db: Pool) -> None:
    job = await claim_one(db)
    await store.put_off(db, [job.id], [job.fence], [0.0], ['{"error": "it broke"}'], [False], ME)
    await finish(db, *await claim(db))
    assert (await operating.show(db, job.id))["errors"] == [{"error": "it broke"}]


async def test_what_ended_is_counted_by_queue_and_state(db: Pool) -> None:
    await finish(db, await claim_one(db))
    await operating.cancel(db, await add_one(db), "not needed")
    counted = {row["state"]: row["n"] for row in await operating.ended_since(db, NOW - DAY)}
    assert counted == {"done": 1, "cancelled": 1}
    assert await operating.ended_since(db, NOW + DAY) == []
    await store.add_events(db, [(1, "dead", {}), (2, "retry", {})])
    assert await operating.failures_since(db, NOW - DAY) == (1, 1)


# ── partitions ──


async def partitions(db: store.Database) -> list[str]:
    return [row["name"] for row in await db.fetch(PARTITIONS)]


PARTITIONS = """
select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = 'job_history'::regclass order by 1
"""


async def test_a_days_partition_is_made_once_and_takes_what_ends_on_it(any_postgres: Postgres) -> None:
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=2) as db:
        today = await db.fetchval("select (now() at time zone 'UTC')::date")
        tomorrow = today + DAY
        assert [await keeping.add_partition(db, day) for day in (today, tomorrow, today)] == [True, True, False]
        job = await claim_one(db)
        await finish(db, job)
        assert await db.fetchval("select count(*) from only job_history_default") in (0, 1)  # 1 just after midnight
        assert await partitions(db) == [f"job_history_{today:%Y%m%d}", f"job_history_{tomorrow:%Y%m%d}", CATCH_ALL]


CATCH_ALL = "job_history_default"


async def test_a_day_that_has_begun_in_the_catch_all_stays_there(db: Pool) -> None:
    await finish(db, await claim_one(db))
    today = await db.fetchval("select (max(ended_at) at time zone 'UTC')::date from job_history")
    assert await keeping.add_partition(db, today) is False
    assert await partitions(db) == [CATCH_ALL]


async def test_what_is_older_than_its_keeping_is_removed_and_nothing_else(any_postgres: Postgres) -> None:
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=2) as db:
        old = [await ended(db, NOW - 40 * DAY), await ended(db, NOW - 31 * DAY)]
        for day in (date(2020, 1, 1), date(2020, 1, 2)):
            assert await keeping.add_partition(db, day)
        ancient = await ended(db, datetime(2020, 1, 1, 12, tzinfo=UTC))
        young = await ended(db, NOW - 29 * DAY)
        await db.execute("insert into job_events (job_id, at, event) values (1, $1, 'dead')", NOW - 91 * DAY)
        await db.execute("insert into job_events (job_id, at, event) values (2, $1, 'dead')", NOW - 89 * DAY)
        assert await keeping.trim_history(db, NOW - 30 * DAY) == 3
        assert await keeping.trim_events(db, NOW - 90 * DAY) == 1
        assert await states(db, [*old, ancient, young]) == [None, None, None, "done"]
        assert await events(db, young) == []
        assert await partitions(db) == [CATCH_ALL]


async def test_who_reads_the_history_for_long_makes_nobody_wait_who_ends_jobs(any_postgres: Postgres) -> None:
    """A day is dropped or added only where nobody waits for it: whoever ends jobs would wait behind."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=3, max_size=3) as db:
        long_ago, ahead = datetime(2020, 1, 2, tzinfo=UTC), date(2030, 1, 1)
        await keeping.add_partition(db, long_ago.date())
        job = await claim_one(db)
        async with db.acquire() as reader, reader.transaction():
            await reader.fetch("select * from job_history")
            with pytest.raises(keeping.Busy):
                await keeping.trim_history(db, long_ago + timedelta(days=2))
            with pytest.raises(keeping.Busy):
                await keeping.add_partition(db, ahead)
            async with asyncio.timeout(5):
                assert await finish(db, job) == [job.id]
        await keeping.trim_history(db, long_ago + timedelta(days=2))
        assert (await partitions(db), await keeping.add_partition(db, ahead)) == ([CATCH_ALL], True)


async def test_two_that_look_after_the_history_at_once_do_it_once(any_postgres: Postgres) -> None:
    async with asyncpg.create_pool(any_postgres.dsn, min_size=4, max_size=4) as db:
        day = date(2030, 1, 1)
        assert sum(await asyncio.gather(*(keeping.add_partition(db, day) for _ in range(4)))) == 1


async def ended(db: store.Database, at: datetime) -> int:
    job: int = await db.fetchval(
        "insert into job_history (id, ended_at, created_at, state, queue, kind, priority, attempts)"
        " values (nextval(pg_get_serial_sequence('jobs', 'id')), $1, $1, 'done', 'default', 'print', 0, 1)"
        " returning id",
        at,
    )
    return job


# ── one key, one effect ──

ROUTE, KEY, SHA = "POST /api/v1/jobs", "k1", b"\x01" * 32


async def test_the_first_call_with_a_key_acts_and_the_others_get_its_answer(any_postgres: Postgres) -> None:
    """N13: a storm of retries has one effect, and all get the same answer."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=10, max_size=10) as db, asyncio.timeout(30):

        async def call() -> str:
            async with db.acquire() as one, one.transaction():
                if await keeping.begin_once(one, ROUTE, KEY, SHA):
                    job = await add_one(one)
                    await keeping.end_once(one, ROUTE, KEY, status=202, answer=f'{{"id": {job}}}')
                first = await keeping.first_call(one, ROUTE, KEY)
                assert (first.request_sha, first.status) == (SHA, 202)
                return first.answer

        answers = await asyncio.gather(*(call() for _ in range(20)))
        [job] = await db.fetch("select id from jobs")
        assert set(answers) == {f'{{"id": {job["id"]}}}'}


async def test_a_call_that_came_to_nothing_leaves_its_key_to_the_next(db: Pool) -> None:
    """N13: what was rolled back had no effect, so it may be tried again."""
    with pytest.raises(ZeroDivisionError):
        async with db.acquire() as one, one.transaction():
            assert await keeping.begin_once(one, ROUTE, KEY, SHA)
            raise ZeroDivisionError
    assert await keeping.begin_once(db, ROUTE, KEY, SHA)


async def test_keys_are_of_one_route_and_are_forgotten_in_time(db: Pool) -> None:
    assert await keeping.begin_once(db, ROUTE, KEY, SHA)
    assert await keeping.begin_once(db, "POST /elsewhere", KEY, SHA)
    assert not await keeping.begin_once(db, ROUTE, KEY, SHA)
    assert await keeping.trim_keys(db, NOW + DAY) == 2
    assert await keeping.begin_once(db, ROUTE, KEY, SHA)


# ── ticks of schedules ──


async def schedule(db: store.Database, name: str = "nightly") -> int:
    return await schedules.put(
        db, name=name, cron="0 2 * * *", zone="UTC", kind="print", payload="{}", missed="once", overlap="skip",
        next_due_at=NOW,
    )  # fmt: skip


async def test_a_hundred_ticks_of_one_moment_give_one_to_fire(any_postgres: Postgres) -> None:
    async with asyncpg.create_pool(any_postgres.dsn, min_size=10, max_size=10) as db, asyncio.timeout(30):
        nightly = await schedule(db)
        won = await asyncio.gather(*(schedules.tick(db, nightly, NOW, "enqueued") for _ in range(100)))
        assert sum(won) == 1


async def test_a_schedule_never_goes_back(db: Pool) -> None:
    nightly = await schedule(db)
    await schedules.advance(db, nightly, NOW + 2 * DAY)
    await schedules.advance(db, nightly, NOW + DAY)
    [row] = await schedules.every(db)
    assert row["next_due_at"] == NOW + 2 * DAY


async def test_a_schedule_that_is_put_again_keeps_its_time_and_whether_it_is_enabled(db: Pool) -> None:
    nightly = await schedule(db)
    await schedules.advance(db, nightly, NOW + DAY)
    await schedules.enable(db, "nightly", enabled=False, next_due_at=NOW + DAY)
    assert await schedule(db) == nightly
    [row] = await schedules.every(db)
    assert (row["next_due_at"], row["enabled"]) == (NOW + DAY, False)
    await schedules.put(
        db, name="nightly", cron="0 3 * * *", zone="UTC", kind="print", payload="{}", missed="once", overlap="skip",
        next_due_at=NOW + 3 * DAY,
    )  # fmt: skip
    [row] = await schedules.every(db)
    assert (row["cron"], row["next_due_at"], row["enabled"]) == ("0 3 * * *", NOW + 3 * DAY, False)
