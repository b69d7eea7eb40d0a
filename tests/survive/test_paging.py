"""People are told of an alert once, by two whole services of which one is killed."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg

from demo.events_sink import pager
from tests.notices.mailbox import mailbox
from tests.postgres import Postgres
from tests.survive.processes import running

DEEP = """
update queues set paused = true where name = 'enrichment';
insert into jobs (kind, queue) select 'print', 'enrichment' from generate_series(1, 5);
"""
# Each way has told of it, and whoever sent it has noted that.
SENT = """select 2 = (select count(*) from alert_told t join alert_episodes e on e.id = t.episode_id
    join alert_sends s on s.id = t.send_id where e.name = 'queue_deep' and s.state = 'sent')"""
CLOSED = "select exists (select from alert_episodes where name = 'queue_deep' and closed_at is not null)"
LONG_AGO = {
    "alerts": "update alerts set closed_at = now() - interval '1 hour' where closed_at is not null",
    "alert_episodes": "update alert_episodes set closed_at = now() - interval '1 hour' where closed_at is not null",
}


async def holds(db: "asyncpg.Connection[Any]", question: str) -> None:
    while not await db.fetchval(question):  # noqa: ASYNC110 - another process: nothing to wait on
        await asyncio.sleep(0.05)


async def test_two_services_of_which_one_is_killed_tell_of_an_alert_once(postgres: Postgres, tmp_path: Path) -> None:
    """N24, S19: one mail and one page for the episode; its end is told by who is left."""
    async with pager() as events, mailbox() as box, asyncio.timeout(120):
        settings = {
            "alert_depth": "1", "alert_group_s": "1", "pagerduty_url": events.url, "pagerduty_key": events.key,
            "smtp_host": "127.0.0.1", "smtp_port": str(box.port), "smtp_tls": "none", "mail_from": "triald@example.org",
            "alerts_to": "ops@example.org",
        }  # fmt: skip
        db = await asyncpg.connect(postgres.dsn)
        async with (
            running(postgres.dsn, tmp_path / "a", settings=settings) as killed,
            running(postgres.dsn, tmp_path / "b", settings=settings),
        ):
            await db.execute(DEEP)
            await holds(db, SENT)
            await killed.kill()
            await db.execute("delete from jobs where queue = 'enrichment'")
            await holds(db, CLOSED)
            for table in ("alert_episodes", "alerts"):  # as if that were long ago
                await db.execute(LONG_AGO[table])
            await events.until(lambda one: "resolve" in one.actions)
    [key] = {one["dedup_key"] for one in events.events if one.get("payload", {}).get("class") == "queue_deep"}
    assert [one["event_action"] for one in events.events if one["dedup_key"] == key] == ["trigger", "resolve"]
    assert [str(mail["Subject"]) for mail in box.mails].count("[triald] high: queue_deep (enrichment)") == 1
    await db.close()
