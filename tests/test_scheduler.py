"""Schedules fire: once each, however many schedulers look, and as each of them asks for."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from actors.jobs.scrape import JOB, Payload
from actors.queue import cron, operating, schedules, store
from actors.runtime import telemetry
from actors.scheduler import Scheduler
from supervisor.life import Life
from tests.postgres import Postgres
from tests.queue.house import Heard, Ran, printing
from tests.queue.jobs import ME, Pool, claim, finish

START = datetime(2026, 5, 1, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)


class Clock:
    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


async def put(db: store.Database, name: str = "nightly", **fields: Any) -> int:
    usual: dict[str, Any] = {
        "cron": "0 2 * * *", "zone": "UTC", "kind": "print", "payload": '{"n":1}', "missed": "once", "overlap": "skip",
        "next_due_at": START,
    }  # fmt: skip
    return await schedules.put(db, name=name, **usual | fields)


def scheduler(db: Pool, now: Callable[[], datetime]) -> Scheduler:
    return Scheduler(
        db, {"print": printing(Ran(), queue="enrichment", priority=4, max_attempts=5, timeout_s=7.0)}, now=now
    )


async def ticks(db: store.Database, schedule: int) -> list[tuple[str, str]]:
    return [
        (f"{row['due_at']:%m-%d %H:%M}", row["outcome"]) for row in reversed(await schedules.ticks(db, schedule, 50))
    ]


async def test_a_schedule_that_is_due_makes_one_job_and_waits_for_its_next_time(any_postgres: Postgres) -> None:
    """G06 in part: the daily schedule of 02:00 enqueues once."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=4) as db:
        clock, nightly = Clock(START - timedelta(seconds=1)), await put(db)
        one = scheduler(db, clock.now)
        assert await one.fire() == []
        clock.at = START
        [job] = await one.fire()
        assert [await one.fire() for _ in range(3)] == [[], [], []]
        clock.at = START + DAY - timedelta(seconds=1)
        assert await one.fire() == []
        shown = await operating.show(db, job)
        expected = {
            "kind": "print", "payload": {"n": 1}, "queue": "enrichment", "priority": 4, "max_attempts": 5,
            "timeout_s": 7.0, "schedule_id": nightly, "trace_id": "nightly@20260501T0200Z", "state": "ready",
        }  # fmt: skip
        assert {name: shown[name] for name in expected} == expected
        [tick] = await schedules.ticks(db, nightly)
        assert (tick["due_at"], tick["outcome"], tick["job_id"]) == (START, "enqueued", job)
        assert [row["next_due_at"] for row in await schedules.every(db)] == [START + DAY]


async def test_a_schedule_joins_what_somebody_asked_for_already(db: Pool) -> None:
    kinds = {"scrape": JOB}
    payload = JOB.new(Payload("ctgov", "full")).payload
    [asked] = await store.enqueue(db, [JOB.new(Payload("ctgov", "full"))])
    await put(db, kind="scrape", payload=payload)
    await put(db, "changes", kind="scrape", payload=JOB.new(Payload("ctgov")).payload)
    fired = await Scheduler(db, kinds, now=Clock().now).fire()
    assert asked in fired
    assert len(set(fired)) == 2
    assert await db.fetchval("select count(*) from jobs") == 2


async def test_many_schedulers_fire_each_time_once(any_postgres: Postgres) -> None:
    """Two of them, a hundred looks at once, over two days."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=10, max_size=10) as db, asyncio.timeout(60):
        clock = Clock()
        nightly = await put(db, overlap="allow")
        await put(db, "hourly", cron="0 * * * *", overlap="allow", missed="all")
        both = scheduler(db, clock.now), scheduler(db, clock.now)
        made: list[int] = []
        for day in range(2):
            clock.at = START + day * DAY
            for jobs in await asyncio.gather(*(both[n % 2].fire() for n in range(100))):
                made += jobs
        assert len(made) == len(set(made)) == 2 + 25
        assert await db.fetchval("select count(*) from jobs") == len(made)
        assert await ticks(db, nightly) == [(f"05-0{day} 02:00", "enqueued") for day in (1, 2)]


async def test_a_time_that_comes_while_the_last_job_runs_is_passed_over(db: Pool) -> None:
    clock, nightly = Clock(), await put(db)
    one = scheduler(db, clock.now)
    assert len(await one.fire()) == 1
    clock.at += DAY
    assert await one.fire() == []
    await finish(db, *await claim_all(db))
    clock.at += DAY
    assert len(await one.fire()) == 1
    assert await ticks(db, nightly) == [
        ("05-01 02:00", "enqueued"), ("05-02 02:00", "overlapped"), ("05-03 02:00", "enqueued")
    ]  # fmt: skip


async def claim_all(db: Pool) -> list[Any]:
    await db.execute("update queues set fair = false")
    return await claim(db, queue="enrichment")


async def test_a_dead_letter_keeps_no_schedule_from_its_time(db: Pool) -> None:
    clock, _ = Clock(), await put(db)
    one = scheduler(db, clock.now)
    [job] = await one.fire()
    [held] = await claim_all(db)
    await store.bury(db, [job], [held.fence], ['{"error":"it broke"}'], ME)
    clock.at += DAY
    assert len(await one.fire()) == 1


async def test_where_it_is_allowed_jobs_of_one_schedule_run_side_by_side(db: Pool) -> None:
    clock, _ = Clock(), await put(db, overlap="allow")
    one = scheduler(db, clock.now)
    assert len(await one.fire()) == 1
    clock.at += DAY
    assert len(await one.fire()) == 1


@pytest.mark.parametrize(
    ("missed", "outcomes"),
    [
        ("skip", ["missed", "missed", "missed"]),
        ("once", ["missed", "missed", "enqueued"]),
        ("all", ["enqueued", "enqueued", "enqueued"]),
    ],
)
async def test_what_was_missed_while_nobody_looked_is_treated_as_asked(
    db: Pool, missed: str, outcomes: list[str]
) -> None:
    clock, nightly = Clock(START + 2 * DAY + timedelta(hours=5)), await put(db, missed=missed, overlap="allow")
    jobs = await scheduler(db, clock.now).fire()
    assert len(jobs) == outcomes.count("enqueued")
    assert [outcome for _, outcome in await ticks(db, nightly)] == outcomes
    assert [row["next_due_at"] for row in await schedules.every(db)] == [START + 3 * DAY]


async def test_a_schedule_that_is_disabled_does_not_fire(db: Pool) -> None:
    clock, nightly = Clock(), await put(db)
    await schedules.enable(db, "nightly", enabled=False, next_due_at=START)
    assert await scheduler(db, clock.now).fire() == []
    again_at = cron.next_after("0 2 * * *", "UTC", START + 2 * DAY)
    await schedules.enable(db, "nightly", enabled=True, next_due_at=again_at)
    clock.at = again_at
    assert len(await scheduler(db, clock.now).fire()) == 1
    assert await ticks(db, nightly) == [("05-04 02:00", "enqueued")]


async def test_a_clock_that_went_back_fires_nothing_twice(db: Pool) -> None:
    clock, nightly = Clock(), await put(db, overlap="allow")
    one = scheduler(db, clock.now)
    assert len(await one.fire()) == 1
    for back in (timedelta(minutes=1), timedelta(hours=30)):
        clock.at = START - back
        assert await one.fire() == []
    clock.at = START + timedelta(minutes=1)
    assert await one.fire() == []
    assert len(await ticks(db, nightly)) == 1


async def test_the_night_on_which_the_clocks_change_has_one_firing(db: Pool) -> None:
    """25 October 2026 in Berlin has 02:30 twice."""
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    clock, berlin = Clock(first), await put(db, cron="30 2 * * *", zone="Europe/Berlin", next_due_at=first)
    one = scheduler(db, clock.now)
    made = []
    for _ in range(49):
        made += await one.fire()
        await finish(db, *await claim_all(db))
        clock.at += timedelta(minutes=30)
    assert await ticks(db, berlin) == [("10-25 00:30", "enqueued")]
    clock.at = datetime(2026, 10, 26, 1, 30, tzinfo=UTC)
    assert len(await one.fire()) == 1


@pytest.mark.parametrize(
    "wrong", [{"zone": "Mars/Base"}, {"zone": "Europe"}, {"cron": "0 2 30 2 *"}, {"cron": "often"}]
)
async def test_a_schedule_that_makes_no_sense_does_not_stop_the_others(db: Pool, wrong: dict[str, str]) -> None:
    await put(db, "broken", next_due_at=START - DAY, **wrong)
    await put(db)
    heard = Heard()
    detach = telemetry.attach(heard)
    assert len(await scheduler(db, Clock().now).fire()) == 1
    detach()
    [told] = heard.all("schedule.failed", schedule="broken")
    assert str(told["error"]).startswith(("cron: ", "zone: "))


async def test_a_job_of_a_kind_that_is_not_known_is_enqueued_for_a_version_that_knows_it(db: Pool) -> None:
    await put(db, kind="mail")
    [job] = await scheduler(db, Clock().now).fire()
    assert (await operating.show(db, job))["queue"] == "default"


async def test_by_default_the_clock_is_the_databases(db: Pool) -> None:
    now = await db.fetchval("select now()")
    await put(db, next_due_at=now - timedelta(seconds=1))
    await put(db, "later", next_due_at=now + DAY)
    life = Life("scheduler", 0, time.monotonic)
    one = Scheduler(db, {})
    assert len(await one.fire()) == 1
    life.draining.set()
    await one.run(life)
