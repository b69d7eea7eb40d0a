"""Events sent to programs: kinds, owners and tenants, tests and replays, and when a webhook is switched off."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from actors.errors import NotFound, Refusal
from actors.jobs import notify
from actors.notices.breaker import KIND, MOST_ATTEMPTS, OFF_AFTER, TIMEOUT_S, after_failure
from actors.notices.outbox import store as outbox
from actors.notices.outbox.event import New, secret_of
from actors.notices.webhooks import store
from actors.queue.job import NewJob
from actors.queue.store import enqueue
from actors.runtime.post import Post
from actors.tools import Tools
from demo.webhook_sink import Sink, is_signed, sink
from tests.people import people
from tests.postgres import Postgres
from tests.queue.house import Ran, house, printing, tools_at
from tests.queue.jobs import bury, claim

NOW = datetime.now(UTC)
SECRET = secret_of(b"s" * 32)


@dataclass(slots=True)
class Programs:
    """eve and bob of the home tenant and mallory of another, and a receiver for all of theirs."""

    tools: Tools
    sink: Sink

    async def hook(self, owner: str, *kinds: str) -> int:
        return await store.add(self.tools.db, owner, f"{self.sink.url}/{owner}", SECRET, kinds, NOW)

    async def told(self, *events: New) -> int:
        async with self.tools.db.acquire() as db, db.transaction():
            return await outbox.append(db, events, NOW)

    async def run(self, delivered: int | None) -> None:
        """The queue runs until so many have arrived, or none waits; what failed is tried again at once."""
        async with house(self.tools.db, self.tools, notify.JOB) as one, asyncio.timeout(30):
            while await self._goes_on(len(one.heard.all("webhook.ended", state="delivered")), delivered):
                await self.tools.db.execute("update jobs set state = 'ready', run_at = now() where state = 'scheduled'")
                one.desk.wake()
                await asyncio.sleep(0.02)

    async def _goes_on(self, arrived: int, delivered: int | None) -> bool:
        if delivered is not None:
            return arrived < delivered
        waiting = "select exists (select from webhook_deliveries where state = 'waiting')"
        return bool(await self.tools.db.fetchval(waiting))

    async def paths(self) -> list[str]:
        rows = await self.tools.db.fetch(
            "select w.owner, o.kind from webhook_deliveries d join webhooks w on w.id = d.webhook_id"
            " join outbox o on o.id = d.outbox_id order by d.id"
        )
        return [f"{row['owner']} {row['kind']}" for row in rows]


@pytest.fixture
async def programs(any_postgres: Postgres, tmp_path: Path) -> AsyncIterator[Programs]:
    async with (
        asyncpg.create_pool(any_postgres.dsn, min_size=2, max_size=10) as pool,
        tools_at(pool, tmp_path) as tools,
        sink() as receiver,
        Post(agent="tests", own=[("127.0.0.1", receiver.port)], timeout_s=5.0) as post,
    ):
        await pool.execute("insert into tenants (id, name) values (2, 'elsewhere')")
        await people(pool, "eve", "bob")
        await people(pool, "mallory", tenant=2)
        yield Programs(replace(tools, post=post), receiver)


async def test_a_receiver_that_fails_twice_and_then_answers_gets_three_requests_with_one_id(programs: Programs) -> None:
    """C21: tried again with back-off, logged, the same id and another signature each time."""
    programs.sink.fails = 2
    id_ = await programs.hook("eve", "job.completed")
    await programs.told(New(1, "job.completed", "job:1", {"job": 1}))
    await programs.run(1)
    assert len({event.id for event in programs.sink.events}) == 1 and len(programs.sink.events) == 3
    assert all(is_signed(event, SECRET, now=datetime.now(UTC).timestamp()) for event in programs.sink.events)
    [one] = await store.deliveries(programs.tools.db, "eve", id_)
    assert (one.state, [(tried.status, tried.excerpt[:12]) for tried in one.tries]) == (
        "delivered", [(500, "not just now"), (500, "not just now"), (200, "x" * 12)],
    )  # fmt: skip


async def test_an_event_goes_to_whoever_of_its_tenant_asked_for_its_kind(programs: Programs) -> None:
    """C21: to no other tenant, nor to who did not ask; one of an owner goes to that owner alone."""
    await programs.hook("eve", "job.completed", "trial.changed")
    await programs.hook("bob", "job.completed", "job.failed")
    await programs.hook("mallory", "job.completed", "job.failed", "trial.changed")
    assert await programs.told(New(1, "job.completed", "a", {}), New(1, "job.failed", "b", {})) == 3
    assert await programs.told(New(1, "trial.changed", "c", {}, "eve"), New(1, "trial.changed", "d", {}, "bob")) == 1
    assert await programs.told(New(1, "alert.opened", "e", {})) == 0
    assert await programs.paths() == [
        "eve job.completed", "bob job.completed", "bob job.failed", "eve trial.changed",
    ]  # fmt: skip
    assert await programs.tools.db.fetchval("select count(*) from outbox") == 3  # what nobody asked for is not kept


async def test_an_event_is_told_once_whoever_tells_it_again(programs: Programs) -> None:
    """N13: a key of its own, also among many at once."""
    await programs.hook("eve", "job.failed")
    made = await asyncio.gather(*(programs.told(New(1, "job.failed", "job:7", {})) for _ in range(10)))
    assert sum(made) == 1


async def test_a_tenants_own_jobs_tell_how_they_ended_and_others_do_not(programs: Programs) -> None:
    """C21: in the transaction that ends them; jobs of the service itself are nobody's."""
    db = programs.tools.db
    await programs.hook("eve", "job.completed", "job.failed")
    await programs.hook("mallory", "job.completed", "job.failed")
    jobs = await enqueue(db, [NewJob("print", '{"n":1}', tenant=tenant) for tenant in ("1", "1", None, "2", "others")])
    ran = Ran()
    async with house(db, programs.tools, printing(ran)) as one:
        await one.heard.until_settled(5, "done")
    [dead] = await enqueue(db, [NewJob("print", '{"n":2}', tenant="1")])
    await bury(db, *(job for job in await claim(db) if job.id == dead))
    assert sorted(await programs.paths()) == [
        "eve job.completed", "eve job.completed", "eve job.failed", "mallory job.completed",
    ]  # fmt: skip
    told = await db.fetch("select (data ->> 'job')::bigint as job from outbox where kind = 'job.completed' order by 1")
    assert [row["job"] for row in told] == sorted([jobs[0], jobs[1], jobs[3]])
    assert await db.fetchval("select (data ->> 'job')::bigint from outbox where kind = 'job.failed'") == dead


async def test_a_job_that_is_given_back_tells_nothing(programs: Programs) -> None:
    """N13: what is rolled back was never told."""
    await programs.hook("eve", "job.completed")
    async with programs.tools.db.acquire() as db:
        with pytest.raises(ZeroDivisionError):
            async with db.transaction():
                await outbox.append(db, [New(1, "job.completed", "k", {})], NOW)
                raise ZeroDivisionError
    assert await programs.paths() == []
    assert await programs.tools.db.fetchval("select count(*) from jobs") == 0


async def test_the_jobs_that_send_are_made_as_their_kind_says(programs: Programs) -> None:
    """C21: the function of the database and the job kind agree."""
    await programs.hook("eve", "alert.opened")
    async with programs.tools.db.acquire() as db, db.transaction():
        await outbox.append(db, [New(1, "alert.opened", "k", {})], NOW, urgency=outbox.URGENT)
    [job] = await programs.tools.db.fetch(
        "select j.*, d.id as delivery from jobs j join webhook_deliveries d on d.job_id = j.id"
    )
    assert (job["kind"], job["max_attempts"], job["timeout_s"], job["queue"], job["priority"]) == (
        KIND, MOST_ATTEMPTS, TIMEOUT_S, notify.JOB.queue, outbox.URGENT,
    )  # fmt: skip
    assert notify.JOB.decode(job["payload"]).delivery == job["delivery"]
    assert notify.JOB.key_of(job["payload"]) == job["unique_key"]


async def test_a_test_goes_to_the_one_that_is_tested(programs: Programs) -> None:
    """C21: whatever kinds it asks for."""
    id_ = await programs.hook("eve", "job.failed")
    await programs.hook("bob", "job.failed")
    await store.test(programs.tools.db, "eve", id_, NOW)
    await programs.run(1)
    [event] = programs.sink.events
    assert (event.told["type"], event.told["data"]) == ("webhook.test", {"webhook": id_})
    with pytest.raises(NotFound):
        await store.test(programs.tools.db, "bob", id_, NOW)


async def test_what_was_given_up_is_sent_again_one_or_all_under_its_id(programs: Programs) -> None:
    """C21: replay; a delivery that arrived may be sent again too, and one that waits is not."""
    db = programs.tools.db
    programs.sink.status = 410
    id_ = await programs.hook("eve", "job.failed")
    await programs.told(*(New(1, "job.failed", str(n), {"job": n}) for n in range(3)))
    await programs.run(None)
    with pytest.raises(Refusal, match="switched off"):
        await store.replay(db, "eve", id_, None, NOW)
    await store.switch(db, "eve", id_, on=True)
    before, programs.sink.status = len(programs.sink.events), 200
    async with db.acquire() as connection, connection.transaction():
        assert await store.replay(connection, "eve", id_, None, NOW) == 3
        assert await store.replay(connection, "eve", id_, None, NOW) == 0
    await programs.run(3)
    assert len(programs.sink.events) == before + 3
    [*told] = await store.deliveries(db, "eve", id_)
    assert [one.state for one in told] == ["delivered"] * 3
    assert await store.replay(db, "eve", id_, told[0].id, NOW + timedelta(seconds=1)) == 1
    await programs.run(1)
    assert programs.sink.events[-1].id == told[0].event
    with pytest.raises(NotFound):
        await store.replay(db, "bob", id_, told[0].id, NOW)


@pytest.mark.parametrize(
    ("failures", "days", "off"),
    [(18, 9.0, False), (19, 0.99, False), (19, 1.0, True), (200, 0.5, False), (200, 30.0, True)],
)
def test_a_webhook_that_fails_for_long_is_switched_off(failures: int, days: float, off: bool) -> None:
    """C21: after twenty failures in a row, over a day at least."""
    made = after_failure(
        failures=failures, attempt=1, most=8, status=500, final=False, age=timedelta(), now=NOW,
        failing_since=NOW - timedelta(days=days),
    )  # fmt: skip
    assert (made.off_why is not None, made.is_last) == (off, off)
    assert OFF_AFTER == 20


async def test_who_is_switched_off_is_told_so_by_the_others(programs: Programs) -> None:
    """C21: once; its page says why, and switching it on begins anew."""
    id_ = await programs.hook("eve", "job.failed")
    other = await store.add(programs.tools.db, "eve", programs.sink.url + "/2", SECRET, ["webhook.switched_off"], NOW)
    await programs.told(New(1, "job.failed", "a", {}), New(1, "job.failed", "b", {}))
    long_ago = NOW - timedelta(days=2)
    await programs.tools.db.execute(
        "update webhooks set failures = 19, unavailable_since = $2 where id = $1", id_, long_ago
    )
    programs.sink.fails = 1
    await programs.run(1)
    [told] = await store.deliveries(programs.tools.db, "eve", other)
    assert (told.kind, told.data["webhook"]) == ("webhook.switched_off", id_)
    off = await store.webhook(programs.tools.db, "eve", id_)
    assert (off.is_on, off.off_why) == (False, "20 attempts in a row failed, over 2 days")
    await store.switch(programs.tools.db, "eve", id_, on=True)
    on = await store.webhook(programs.tools.db, "eve", id_)
    assert (on.is_on, on.off_why, on.failures) == (True, None, 0)


async def test_nothing_is_sent_while_the_service_may_not_send(programs: Programs) -> None:
    """C21: it waits, and no attempt is counted."""
    await programs.hook("eve", "job.failed")
    await programs.told(New(1, "job.failed", "a", {}))
    async with (
        Post(agent="t", own=[("127.0.0.1", programs.sink.port)], may_send=lambda: False) as quiet,
        house(programs.tools.db, replace(programs.tools, post=quiet), notify.JOB) as one,
    ):
        await one.heard.until_settled(1)
    [row] = await programs.tools.db.fetch("select state, attempts from webhook_deliveries")
    assert (row["state"], row["attempts"], programs.sink.events) == ("waiting", 0, [])


async def test_rows_of_one_tenant_are_not_seen_by_another(programs: Programs) -> None:
    """R01: by the database itself, for a role that is bound by its rules."""
    await programs.hook("eve", "job.failed")
    await programs.hook("mallory", "job.failed")
    await programs.told(New(1, "job.failed", "a", {}), New(2, "job.failed", "b", {}))
    tables = ("webhooks", "outbox", "webhook_deliveries", "watches", "watch_members", "notices", "delivery_attempts")
    async with programs.tools.db.acquire() as db, db.transaction():
        await db.execute("create role plain")
        await db.execute(f"grant select on {', '.join(tables)} to plain")
        await db.execute("set local role plain")
        for tenant, seen in (("2", 1), ("", 0), ("*", 2)):
            await db.execute("select set_config('triald.tenant', $1, true)", tenant)
            counts = [
                await db.fetchval(f"select count(*) from {table}")  # noqa: S608 - names of ours
                for table in tables[:3]
            ]
            assert counts == [seen] * 3, tenant
        await db.execute("reset role")
        await db.execute("drop owned by plain")
        await db.execute("drop role plain")
