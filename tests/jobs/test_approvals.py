"""Jobs around approvals: who asked is told, and what nobody decides ends."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actors.events import store as events
from actors.governance.approvals import Rule, Wish, deciding
from actors.governance.approvals import store as approvals
from actors.governance.audit import store as audit
from actors.jobs import announce_approval, expire
from actors.queue import operating
from actors.queue import store as queue
from tests.governance.people import settle
from tests.queue.house import house, tools_at

if TYPE_CHECKING:
    import asyncpg

    Pool = asyncpg.Pool[Any]


async def test_who_asked_is_told_once_somebody_has_agreed(db: "Pool", tmp_path: Path) -> None:
    """R11: the job is held until then, and runs exactly once."""
    await settle(db)
    job_of = announce_approval.JOB
    async with db.acquire() as one, one.transaction():
        now = await one.fetchval("select now()")
        [job] = await queue.enqueue(one, [job_of.new(job_of.payload(login="jo"), held=True)])
        wish = await approvals.ask(one, Wish("export", "jo", 1, job=job), Rule(), now)
    async with tools_at(db, tmp_path) as tools, house(db, tools, job_of):
        await deciding.approve(db, wish.id, by="sam", reason=None, now=now)
        await until_done(db, job)
    told = [one.kind for one in await events.after(db, 0) if one.room == "user:jo"]
    assert sorted(told) == ["approval.decided", "export.ready"]


async def until_done(db: "Pool", job: int) -> None:
    async with asyncio.timeout(30):
        while await operating.state_of(db, job) != "done":  # noqa: ASYNC110 - the queue tells of no end
            await asyncio.sleep(0.01)


async def test_what_nobody_decides_in_time_is_ended_and_written_down(db: "Pool", tmp_path: Path) -> None:
    """R11: expiry, its job cancelled, an entry in the audit; nothing is done twice."""
    await settle(db)
    async with db.acquire() as one, one.transaction():
        now = await one.fetchval("select now()")
        [held] = await queue.enqueue(one, [announce_approval.JOB.new(announce_approval.Payload("jo"), held=True)])
        wish = await approvals.ask(one, Wish("export", "jo", 1, job=held), Rule(), now)
    await db.execute("update approvals set expires_at = now() - interval '1 s'")
    [job] = await queue.enqueue(db, [expire.JOB.new(expire.Payload())])
    async with tools_at(db, tmp_path) as tools, house(db, tools, expire.JOB):
        await until_done(db, job)
    assert (await approvals.approval(db, wish.id)).state == "expired"
    assert await operating.state_of(db, held) == "cancelled"
    [entry] = await audit.listed(db, audit.Asked(action="approvals_expire"), before=None, limit=5)
    assert (entry.entry.subject, entry.login) == (f"id={wish.id}", "triald")
