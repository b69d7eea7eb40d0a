"""Notices sent to a receiver that runs: signed, tried again, given up, and kept off while it does not answer."""

import base64
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from actors.jobs import notify, watch
from actors.notices.breaker import CLOSES_AFTER, MOST_ATTEMPTS, OLDEST, after_failure
from actors.notices.outbox.event import secret_of, signature
from actors.notices.webhooks import store
from actors.queue.job import Job
from actors.queue.outcome import Cancel, Fail, Outcome, Snooze
from actors.runtime.post import Post
from actors.tools import Tools
from actors.trials import store as trials
from actors.trials.watching import store as watching
from demo.webhook_sink import Sink, is_signed, sink
from tests.people import people
from tests.postgres import Postgres
from tests.queue.house import house, tools_at
from tests.trials.pages import START, mirror, nct, trial

NOW = datetime(2026, 5, 1, tzinfo=UTC)
SECRET = secret_of(b"s" * 32)


@dataclass(slots=True)
class Sending:
    """A receiver, a webhook that leads there, and one trial that its owner watches."""

    tools: Tools
    sink: Sink
    webhook: int
    version: int = 1

    async def change(self) -> None:
        """The trial changes once more, and its notice is made."""
        self.version += 1
        status = "completed" if self.version % 2 == 0 else "recruiting"
        async with self.tools.db.acquire() as db:
            await mirror(db, trial(1 + 0, status=status, last_updated=None, enrolment=self.version))
        while await watch._page(self.tools) is not None:
            pass

    async def run(self, delivered: int) -> None:
        """The queue runs, until so many deliveries have arrived."""
        async with house(self.tools.db, self.tools, notify.JOB, slots=4) as one:
            await one.heard.until(lambda: len(one.heard.all("webhook.ended", state="delivered")) == delivered)

    async def webhook_now(self) -> store.Webhook:
        [one] = await store.webhooks(self.tools.db, "eve")
        return one

    async def states(self) -> list[str]:
        found = await store.deliveries(self.tools.db, "eve", self.webhook, limit=500)
        return [one.state for one in reversed(found)]


@pytest.fixture
async def sending(any_postgres: Postgres, tmp_path: Path) -> AsyncIterator[Sending]:
    async with (
        asyncpg.create_pool(any_postgres.dsn, min_size=2, max_size=10) as pool,
        tools_at(pool, tmp_path) as tools,
        sink() as receiver,
        Post(agent="tests", own=[("127.0.0.1", receiver.port)], timeout_s=2.0) as post,
    ):
        async with pool.acquire() as db:
            await mirror(db, trial(1, last_updated=None))
            kept = await trials.get(db, nct(1))
            await people(db, "eve", "bob")
            async with db.transaction():
                await watching.watch_trial(db, "eve", kept.id, "mine", START)
            id_ = await store.add(db, "eve", receiver.url, SECRET, ["trial.changed"], START)
        one = Sending(replace(tools, post=post), receiver, id_)
        while await watch._page(one.tools) is not None:
            pass
        yield one


async def test_a_notice_is_sent_once_and_signed_so_that_the_receiver_can_check_it(sending: Sending) -> None:
    """N05: HMAC-SHA256 over id, time and body, checked by a receiver that knows the specification only."""
    await sending.change()
    await sending.run(1)
    [event] = sending.sink.events
    assert is_signed(event, SECRET, now=time.time())
    assert not is_signed(event, secret_of(b"t" * 32), now=time.time())
    assert not is_signed(replace(event, body=event.body + b" "), SECRET, now=time.time())
    assert not is_signed(replace(event, timestamp=event.timestamp - 1), SECRET, now=time.time())
    assert not is_signed(event, SECRET, now=time.time() + 3600)
    assert event.told["type"] == "trial.changed"
    assert {name: event.told["data"][name] for name in ("registry_id", "version", "kinds")} == {
        "registry_id": nct(1), "version": 2, "kinds": ["status"],
    }  # fmt: skip
    assert await sending.states() == ["delivered"]
    [delivery] = await store.deliveries(sending.tools.db, "eve", sending.webhook)
    assert (delivery.attempts, delivery.last_status, delivery.last_error) == (1, 200, None)


def test_the_signature_is_that_of_the_specification() -> None:
    """N05: its own worked example."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    assert signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body) == (
        "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )
    assert base64.b64decode(secret_of(b"a" * 32).removeprefix("whsec_")) == b"a" * 32


async def attempt(sending: Sending, number: int = 1, at: datetime = NOW, delivery: int | None = None) -> Outcome:
    """One attempt at the latest delivery, as the worker makes it."""
    if delivery is None:
        delivery = await sending.tools.db.fetchval("select max(id) from webhook_deliveries")
    job = Job(1, "notify", "default", "{}", 1, number, MOST_ATTEMPTS, 60.0)
    tools = replace(sending.tools, now=lambda: at)
    return await notify.run(notify.Payload(delivery), Held(job), tools)  # type: ignore[arg-type]


@dataclass(slots=True)
class Held:
    """An attempt of which only the job matters: what fails does not end in its own transaction."""

    job: Job
    finish: Callable[..., Awaitable[Outcome]] | None = None


async def test_a_failure_is_tried_again_and_the_target_is_seen_to_be_unavailable(sending: Sending) -> None:
    """N05: with since when, until it answers."""
    sending.sink.status = 503
    await sending.change()
    outcome = await attempt(sending, at=NOW)
    assert isinstance(outcome, Fail) and not outcome.final and "503" in outcome.error
    told = await sending.webhook_now()
    assert (told.failures, told.unavailable_since, told.waiting) == (1, NOW, 1)
    await attempt(sending, 2, at=NOW + timedelta(minutes=1))
    assert (await sending.webhook_now()).unavailable_since == NOW
    sending.sink.status = 200
    await sending.run(1)
    told = await sending.webhook_now()
    assert (told.failures, told.unavailable_since, told.last_error, told.waiting) == (0, None, None, 0)
    assert len({event.id for event in sending.sink.events}) == 1


async def test_the_last_attempt_is_a_dead_letter(sending: Sending) -> None:
    """N05: dead after so many; the operator sees why."""
    sending.sink.status = 500
    await sending.change()
    outcome = await attempt(sending, MOST_ATTEMPTS)
    assert isinstance(outcome, Fail) and outcome.final
    assert await sending.states() == ["dead"]
    assert (await sending.webhook_now()).dead == 1
    assert isinstance(await attempt(sending), Cancel)


async def test_who_is_gone_is_not_called_again(sending: Sending) -> None:
    """N05: 410 switches a webhook off; what waits for it is given up."""
    sending.sink.status = 410
    await sending.change()
    await sending.change()
    assert isinstance(await attempt(sending), Fail)
    assert not (await sending.webhook_now()).is_on
    first = await sending.tools.db.fetchval("select min(id) from webhook_deliveries")
    assert isinstance(await attempt(sending, delivery=first), Cancel)
    assert (await sending.states(), len(sending.sink.events)) == (["dead", "dead"], 1)
    await sending.change()
    assert len(await sending.states()) == 2


async def test_a_target_that_keeps_failing_is_left_alone_and_tried_by_one_at_a_time(sending: Sending) -> None:
    """N05: a breaker for each target; waiting is no attempt."""
    sending.sink.status = 500
    for _ in range(CLOSES_AFTER + 2):
        await sending.change()
    ids = [row["id"] for row in await sending.tools.db.fetch("select id from webhook_deliveries order by id")]
    for number in range(CLOSES_AFTER):
        assert isinstance(await attempt(sending, delivery=ids[number]), Fail)
    assert (await sending.webhook_now()).closed_until == NOW + timedelta(seconds=60)
    waits = await attempt(sending, delivery=ids[-1])
    assert waits == Snooze(60.0)
    later = NOW + timedelta(seconds=61)
    assert isinstance(await attempt(sending, at=later, delivery=ids[-2]), Fail)  # one that tries it
    assert (await sending.webhook_now()).closed_until == later + timedelta(seconds=120)
    assert isinstance(await attempt(sending, at=later, delivery=ids[-1]), Snooze)
    assert len(sending.sink.events) == CLOSES_AFTER + 1
    old = datetime.now(UTC) + OLDEST + timedelta(days=1)
    await sending.tools.db.execute("update webhooks set closed_until = $1", old + timedelta(hours=1))
    outcome = await attempt(sending, at=old, delivery=ids[-1])
    assert isinstance(outcome, Fail) and outcome.final


async def test_a_target_inside_our_own_network_is_never_called(sending: Sending) -> None:
    """N05: whoever entered it, and however it got there."""
    await sending.tools.db.execute("update webhooks set url = 'https://169.254.169.254/latest/meta-data'")
    await sending.change()
    outcome = await attempt(sending)
    assert isinstance(outcome, Fail) and outcome.final and "not a public address" in outcome.error


async def test_each_notice_goes_to_each_webhook_of_its_owner_and_to_no_other(sending: Sending) -> None:
    """N05."""
    await store.add(sending.tools.db, "eve", sending.sink.url + "/second", SECRET, ["trial.changed"], START)
    await store.add(sending.tools.db, "bob", sending.sink.url + "/bob", SECRET, ["trial.changed"], START)
    await sending.change()
    await sending.run(2)
    assert len({event.id for event in sending.sink.events}) == 1
    assert await sending.tools.db.fetchval("select count(*) from webhook_deliveries") == 2


@pytest.mark.parametrize(("failures", "closed_s"), [(3, None), (4, 60), (5, 120), (6, 240), (10, 3600), (10_000, 3600)])
def test_the_wait_grows_with_the_failures(failures: int, closed_s: int | None) -> None:
    """N05."""
    made = after_failure(failures=failures, attempt=1, most=8, status=500, final=False, age=timedelta(), now=NOW)
    assert made.closed_until == (None if closed_s is None else NOW + timedelta(seconds=closed_s))
