"""What is told without anybody saying so: the rows of jobs, scrapes, alerts, notices, the mode and approvals."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import orjson
import pytest

from actors.events import store
from actors.queue import store as queue
from actors.queue.job import NewJob
from tests.postgres import Postgres

DONE = """insert into job_history (id, created_at, state, queue, kind, priority, attempts)
          select n, now(), $2, 'default', 'maintain', 0, 1 from generate_series(1, $1) n"""


async def told(db: Any) -> list[tuple[str, str, bool, Any]]:
    """Room, kind, whether it is final, and what it says, of all that was told."""
    return [(one.room, one.kind, one.is_final, orjson.loads(one.payload)) for one in await store.after(db, 0)]


async def test_each_end_of_a_job_is_told_and_of_many_at_once_how_many(any_postgres: Postgres) -> None:
    db = await asyncpg.connect(any_postgres.dsn)
    await db.execute(DONE, 2, "done")
    await db.execute(DONE, 1000, "done")
    await db.execute(DONE, 1, "cancelled")  # job_events tells of these
    await queue.add_events(db, [(7, "dead", {"error": "no words of it are told"}), (8, "retry", {})])
    await queue.add_events(db, [(number, "cancelled", {}) for number in range(30)])
    one, other, many, dead, again, gone = await told(db)
    assert one == ("job:1", "job.done", True, {"job": 1, "event": "done"})
    assert other[0] == "job:2"
    assert many[:3] == ("jobs", "jobs.done", False)
    assert (many[3]["number"], many[3]["jobs"]) == (1000, list(range(1, 101)))
    assert dead == ("job:7", "job.dead", True, {"job": 7, "event": "dead"})
    assert again == ("job:8", "job.retry", False, {"job": 8, "event": "retry"})
    assert (gone[1], gone[3]["number"]) == ("jobs.cancelled", 30)
    await db.close()


async def test_no_word_of_an_event_keeps_a_job_from_being_written_down(db: "asyncpg.Pool[Any]") -> None:
    """However long it is, or of whatever letters: the log tells it in its own."""
    long = "late_result_refused" * 50
    await queue.add_events(db, [(1, long, {}), (2, "It Ended; so?", {}), (3, "", {})])
    await queue.add_events(db, [(number, long, {}) for number in range(30)])
    found = await told(db)
    assert [kind for _, kind, _, _ in found] == ["job." + long[:60], "job.it_ended__so_", "job.", "jobs." + long[:59]]
    assert found[0][3] == {"job": 1, "event": long[:200]}


async def test_what_becomes_of_a_tenants_own_job_is_told_to_it_alone(db: "asyncpg.Pool[Any]") -> None:
    other = await db.fetchval("insert into tenants (name) values ('other') returning id")
    jobs = await queue.enqueue(db, [NewJob("maintain", tenant=whose) for whose in (str(other), "a group", None)])
    await queue.add_events(db, [(job, "retry", {}) for job in jobs])
    worker = uuid4()
    claimed = await queue.claim(db, "default", 3, worker, 10.0)
    await queue.finish(db, [one.id for one in claimed], [one.fence for one in claimed], [None] * 3, worker)
    await queue.add_events(db, [(jobs[0], "late_result_refused", {})])
    found = [(one.kind, one.room, one.tenant) for one in await store.after(db, 0)]
    told_as = dict(zip((f"job:{job}" for job in jobs), (other, None, None), strict=True))
    assert found == [(kind, room, told_as[room]) for kind, room, _ in found]
    assert [kind for kind, _, _ in found] == ["job.retry"] * 3 + ["job.done"] * 3 + ["job.late_result_refused"]


async def test_a_job_that_the_queue_ends_is_told_in_its_transaction(db: "asyncpg.Pool[Any]") -> None:
    [job] = await queue.enqueue(db, [NewJob("maintain")])
    worker = uuid4()
    [claimed] = await queue.claim(db, "default", 1, worker, 10.0)
    async with db.acquire() as connection, connection.transaction():
        assert await queue.finish(connection, [job], [claimed.fence], [None], worker) == [job]
        assert await told(db) == []
    assert [(room, kind) for room, kind, _, _ in await told(db)] == [(f"job:{job}", "job.done")]


async def test_an_episode_of_an_alert_is_told_at_its_ends(db: "asyncpg.Pool[Any]") -> None:
    id_ = await db.fetchval(
        "insert into alerts (name, severity, message) values ('disk_full', 'high', 'full') returning id"
    )
    await db.execute("update alerts set seen_at = now()")
    await db.execute("update alerts set acknowledged_at = now(), acknowledged_by = 'anna'")
    await db.execute("update alerts set closed_at = now()")
    found = await told(db)
    assert [kind for _, kind, _, _ in found] == ["alert.opened", "alert.acknowledged", "alert.closed"]
    assert all(final and said["alert"] == id_ and said["name"] == "disk_full" for _, _, final, said in found)


async def test_a_scrape_is_told_when_it_starts_and_when_it_ends(db: "asyncpg.Pool[Any]") -> None:
    await db.execute("insert into scrapes (registry, mode) values ('ctgov', 'full')")
    await db.execute("update scrapes set records = 10")
    await db.execute("update scrapes set state = 'done', ended_at = now()")
    (_, started, is_end, _), (room, ended, _, said) = await told(db)
    assert (started, is_end, ended, room) == ("scrape.started", False, "scrape.ended", "registries")
    assert (said["registry"], said["state"], said["records"]) == ("ctgov", "done", 10)


async def test_the_mode_is_told_when_it_changes(db: "asyncpg.Pool[Any]") -> None:
    await db.execute("update service_mode set version = version + 1")
    await db.execute("update service_mode set mode = 'STANDBY', version = version + 1")
    [(room, kind, is_final, said)] = await told(db)
    assert (room, kind, is_final, said["mode"]) == ("service", "mode.changed", True, "STANDBY")


async def test_an_approval_is_told_to_those_who_decide_and_to_who_asked(db: "asyncpg.Pool[Any]") -> None:
    await db.execute("insert into users (tenant_id, login, role) values (1, 'anna', 'researcher')")
    await db.execute(
        """insert into approvals (tenant_id, expires_at, gate, policy, requested_by)
           values (1, now() + interval '1 day', 'export', 'REQUIRE_EACH', 'anna')"""
    )
    await db.execute("update approvals set state = 'denied', decided_at = now()")
    asked, decided, hers = await told(db)
    assert (asked[:2], decided[:2], hers[:2]) == (
        ("approvals", "approval.asked"), ("approvals", "approval.decided"), ("user:anna", "approval.decided")
    )  # fmt: skip
    assert hers[3]["state"] == "denied"
    assert {one.tenant for one in await store.after(db, 0)} == {1}


async def test_one_who_acts_for_another_tenant_may_still_cause_events(db: "asyncpg.Pool[Any]") -> None:
    """What they cause is told; the log of others they do not see."""
    tenant = await db.fetchval("insert into tenants (name) values ('other') returning id")
    async with db.acquire() as connection:
        await connection.execute("select open_to_web()")
        async with connection.transaction():
            await connection.execute("set local role triald_web")
            await connection.execute("select set_config('triald.tenant', $1, true)", str(tenant))
            await connection.execute("insert into alerts (name, severity, message) values ('x', 'low', 'y')")
            await store.append(connection, room="project:1", kind="test.told", payload={}, tenant=tenant)
    assert [(one.room, one.tenant) for one in await store.after(db, 0)] == [("alerts", None), ("project:1", tenant)]
    async with db.acquire() as connection, connection.transaction():
        await connection.execute("set local role triald_web")
        await connection.execute("select set_config('triald.tenant', $1, true)", str(tenant))
        assert await connection.fetchval("select count(*) from events") == 1


@pytest.mark.parametrize("number", [1, 30])
async def test_notices_are_told_to_their_owner_alone_and_together(db: "asyncpg.Pool[Any]", number: int) -> None:
    await db.execute("alter table notices drop constraint notices_trial_id_fkey")
    async with db.acquire() as connection, connection.transaction():
        await connection.execute("select set_config('triald.tenant', '1', true)")
        await connection.execute("insert into users (login, role) values ('anna', 'viewer')")
        await connection.execute(
            """insert into notices (trial_id, version, made_at, owner, registry, registry_id, kinds, changes)
               select n, 1, $2::timestamptz, 'anna', 'ctgov', 'NCT1', '{status}', '[]'
               from generate_series(1, $1::integer) n""",
            number, datetime.now(UTC),
        )  # fmt: skip
    [(room, kind, is_final, said)] = await told(db)
    assert (room, kind, is_final, said["number"]) == ("user:anna", "notices.made", True, number)
