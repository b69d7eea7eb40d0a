"""People are told of alerts once an episode by each way: a real database, a mail server, a pager."""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from actors.monitoring import store as monitoring
from actors.notices.alerts import store
from actors.notices.breaker import CLOSES_AFTER
from tests.notices.telling import Telling, telling
from tests.postgres import Postgres


@pytest.fixture
async def one(any_postgres: Postgres) -> AsyncIterator[Telling]:
    async with (
        asyncpg.create_pool(any_postgres.dsn, min_size=2, max_size=10) as pool,
        telling(pool, any_postgres.dsn) as made,
    ):
        yield made


async def test_an_episode_is_told_once_by_each_way_and_its_end_too(one: Telling) -> None:
    """N24: one page per episode."""
    await one.opens()
    await one.later(seconds=29)
    assert (one.mailbox.mails, one.pager.events) == ([], [])
    await one.later(seconds=1)
    for _ in range(3):
        await one.later(seconds=60)
    assert ([mail["Subject"] for mail in one.mailbox.mails], one.pager.actions) == (
        ["[triald] critical: disk_full (/data)"], ["trigger"],
    )  # fmt: skip
    await one.closes()
    await one.later(minutes=6)
    await one.later(minutes=6)
    assert [str(mail["Subject"]) for mail in one.mailbox.mails][1:] == ["[triald] over: disk_full (/data)"]
    assert one.pager.actions == ["trigger", "resolve"]
    assert set(one.pager.incidents.values()) == {"resolved"}
    assert await store.going_on(one.pool) == []


async def test_many_processes_tell_it_once(one: Telling) -> None:
    """N24, N13: rows and unique keys; the lock of one is seen by all."""
    for number in range(5):
        await one.opens("queue_deep", f"queue{number}", 99_999)
    one.now += timedelta(seconds=31)
    many = [one.notifier() for _ in range(8)]
    await asyncio.gather(*(each.decide() for each in many))
    await asyncio.gather(*(each.send_all(channel) for each in many for channel in each.ways))
    assert (len(one.mailbox.mails), one.pager.actions) == (1, ["trigger"] * 5)
    assert len(one.pager.pages) == 5


async def test_who_is_killed_while_sending_is_followed_by_another_with_the_same_key(one: Telling) -> None:
    """N24: kill -9 after the pager took it and before that was noted: told again, and it wakes nobody twice."""
    await one.opens()
    await one.pool.execute("update alerts set opened_at = now() - interval '1 hour'")
    one.pager.delay_s = 600.0
    arguments = [one.dsn, one.pager.url, str(one.pager.port)]
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.notices.alone", *arguments)
    try:
        async with asyncio.timeout(60):
            await one.pager.until(lambda pager: len(pager.events) == 1)
    finally:
        process.kill()
        await process.wait()
    one.pager.delay_s = 0.0
    await one.later(seconds=1)
    assert len(one.pager.events) == 1  # its claim has not run out
    await one.later(seconds=store.LEASE_S + 5)
    await one.later(seconds=store.LEASE_S + 5)
    assert (one.pager.actions, len(one.pager.pages)) == (["trigger", "trigger"], 1)
    assert [send.state for send in await store.sends(one.pool) if send.channel == "pagerduty"] == ["sent"]


async def test_what_flaps_is_one_episode(one: Telling) -> None:
    """N24: closed and open again within five minutes."""
    await one.opens()
    await one.later(seconds=31)
    for _ in range(4):
        await one.closes()
        await one.later(minutes=4)
        await one.opens()
        await one.later(minutes=1)
    assert (len(one.mailbox.mails), one.pager.actions) == (1, ["trigger"])
    await one.closes()
    await one.later(minutes=6)
    await one.opens()
    await one.later(minutes=1)
    assert (len(one.mailbox.mails), one.pager.actions) == (3, ["trigger", "resolve", "trigger"])
    assert len(one.pager.pages) == 2


async def test_acknowledging_stops_reminders_and_the_pager(one: Telling) -> None:
    """G13, N24."""
    alert = await one.opens()
    await one.later(seconds=31)
    await one.later(hours=4)
    assert ("Still open" in one.mailbox.mails[1].get_content(), one.pager.actions) == (True, ["trigger"])
    await monitoring.acknowledge(one.pool, alert, "eve")
    await one.later(hours=4)
    await one.later(hours=4)
    assert (len(one.mailbox.mails), one.pager.actions) == (2, ["trigger", "acknowledge"])


async def test_what_is_silenced_is_told_when_the_silence_ends(one: Telling) -> None:
    """N24."""
    until = one.now + timedelta(hours=1)
    id_ = await store.add_silence(
        one.pool, name="disk_*", subject=None, severity=None, why="a new disk comes", by="eve", at=one.now, until=until
    )
    await one.opens()
    await one.opens("queue_deep", "default", 99_999)
    await one.later(seconds=31)
    [mail] = one.mailbox.mails
    assert "queue_deep" in mail.get_content() and "disk_full" not in mail.get_content()
    await store.end_silence(one.pool, id_, "bob", one.now)
    await one.later(seconds=5)
    assert [str(mail["Subject"]) for mail in one.mailbox.mails][1:] == ["[triald] critical: disk_full (/data)"]


async def test_a_way_that_fails_is_left_alone_and_all_is_told_once_it_works(one: Telling) -> None:
    """N24: it shows as unavailable, with since when; nothing is lost, and nothing told twice."""
    one.pager.status, one.mailbox.refuses = 503, "451 not now"
    began = one.now
    for number in range(CLOSES_AFTER + 1):
        await one.opens("queue_deep", f"queue{number}", 99_999)
    await one.later(seconds=31)
    ways = {way.name: way for way in await store.ways(one.pool)}
    assert ways["pagerduty"].failures == CLOSES_AFTER  # the last was not even tried
    assert ways["pagerduty"].closed_until == one.now + timedelta(seconds=60)
    assert ways["mail"].unavailable_since is not None and ways["mail"].unavailable_since > began
    assert "451" in (ways["mail"].last_error or "")
    tried = len(one.pager.events)
    await one.later(seconds=30)
    assert len(one.pager.events) == tried
    one.pager.status, one.mailbox.refuses = 202, None
    for _ in range(3):
        await one.later(minutes=20)
    assert (len(one.mailbox.mails), len(one.pager.incidents)) == (1, CLOSES_AFTER + 1)
    ways = {way.name: way for way in await store.ways(one.pool)}
    assert [(way.failures, way.unavailable_since, way.waiting) for way in ways.values()] == [(0, None, 0)] * 2


async def test_an_event_that_the_pager_will_never_take_is_given_up(one: Telling) -> None:
    """N24: it does not keep others back."""
    one.pager.status = 400
    await one.opens()
    await one.later(seconds=31)
    [send] = [send for send in await store.sends(one.pool) if send.channel == "pagerduty"]
    assert (send.state, send.last_status) == ("dead", 400)


async def test_an_answer_of_the_mail_server_that_is_lost_makes_the_mail_come_twice_under_one_number(
    one: Telling,
) -> None:
    """N24: at least once, and known for one."""
    one.mailbox.hangs_up = True
    await one.opens()
    await one.later(seconds=31)
    one.mailbox.hangs_up = False
    await one.later(minutes=20)
    await one.later(minutes=20)
    assert len(one.mailbox.mails) == 2
    assert len({mail["Message-ID"] for mail in one.mailbox.mails}) == 1


async def test_nothing_is_told_while_the_service_may_not_send(one: Telling) -> None:
    """N24: and what lasts is told once it may."""
    one.may_send = False
    await one.opens()
    notifier = one.notifier()
    await _round(notifier)
    assert (one.mailbox.mails, one.pager.events) == ([], [])
    one.may_send = True
    one.now += timedelta(minutes=5)
    await _round(notifier)
    assert (len(one.mailbox.mails), one.pager.actions) == (1, ["trigger"])


async def test_what_is_over_is_removed_in_time(one: Telling) -> None:
    """S20: episodes, sends and silences."""
    at = one.now
    await store.add_silence(
        one.pool, name="x", subject=None, severity=None, why="y", by="eve", at=at, until=at + timedelta(hours=1)
    )
    await one.opens()
    await one.later(seconds=31)
    await one.closes()
    await one.later(minutes=6)
    for trim, kept in ((store.trim_sends, 4), (store.trim_episodes, 1), (store.trim_silences, 1)):
        assert await trim(one.pool, at) == 0
        assert await trim(one.pool, at + timedelta(days=1)) == kept
    assert await one.pool.fetchval("select count(*) from alert_told") == 0


async def _round(notifier: object) -> None:
    """One turn of its loop."""
    life = _Life()
    await notifier.run(life)  # type: ignore[attr-defined]


class _Life:
    """Ends after one turn."""

    name = "notifier"

    def __init__(self) -> None:
        self.draining = asyncio.Event()
        self._beats = 0

    def beat(self) -> None:
        self._beats += 1
        asyncio.get_running_loop().call_later(1.0, self.draining.set)
