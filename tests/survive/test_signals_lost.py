"""NOTIFY is a hint: without it the service is slower, not worse."""

from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg

from tests.queue.house import Ran, house, printing, tools_at
from tests.queue.jobs import add
from tests.survive.jobs import done, enqueue, events_of
from tests.survive.processes import NODE, SMALL, command, running
from tests.survive.scraping import becomes

Pool: TypeAlias = "asyncpg.Pool[Any]"
LISTENER = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and query ilike 'listen%'
"""
DEAF = """
    drop trigger jobs_wake on jobs;
    drop trigger job_events_tell on job_events;
    alter function jobs_wake_queue(text) rename to jobs_wake_queue_before;
    create function jobs_wake_queue(q text) returns void language sql as 'select'
"""


async def test_jobs_run_and_stop_though_every_notification_is_lost(
    dsn: str, db: Pool, tables: None, tmp_path: Path
) -> None:
    """G08: the connection that listens is cut and comes back; then nobody is told of anything any more: jobs are
    found by looking, as are those that come due, and the wish to cancel one.
    """
    async with running(dsn, tmp_path, program=NODE, settings=SMALL) as one:
        assert await db.fetch(LISTENER)
        await one.said("actor.restarting", name="listener")
        await one.said("actor.started", name="listener", times=2)
        await done(db, await enqueue(db, "note", 20))
        await db.execute(DEAF)
        await done(db, await enqueue(db, "note", 20))
        await done(db, await enqueue(db, "note", 5, delay_s=0.5))
        [endless] = await enqueue(db, "slow", seconds=300)
        await becomes(db, endless, "running")
        assert (await command(dsn, "jobs", "cancel", str(endless))).code == 0
        assert await becomes(db, endless, "cancelled", "done", "dead") == "cancelled"
        assert await events_of(db, endless) == ["cancel_asked", "cancelled"]


async def test_signals_are_heard_again_after_the_connection_that_listens_was_cut(
    dsn: str, db: Pool, tmp_path: Path
) -> None:
    """G08: once it listens again a signal wakes the worker, which does not look by itself here."""
    ran = Ran()
    async with (
        tools_at(db, tmp_path) as tools,
        house(db, tools, printing(ran), polls=False, listen=dsn, may_crash=True) as one,
    ):
        await one.until_it_listens()
        for _ in range(2):
            one.listens.clear()
            assert await db.fetch(LISTENER)
            await one.until_it_listens()
            [job] = await add(db)
            await one.heard.until(partial(ran.jobs.__contains__, job))
        assert set(one.crashes()) == {"listener"}
    assert len(ran.jobs) == 2
