"""A clock that is set back fires nothing twice and kills nobody."""

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

import asyncpg

from actors.queue import schedules
from actors.queue.watch import Watch, look
from actors.scheduler import Scheduler
from supervisor.kinds import job_kinds
from tests.survive.jobs import begun, done, enqueue, release, runs_of
from tests.survive.processes import NODE, QUICK, SMALL, running, until

Pool: TypeAlias = "asyncpg.Pool[Any]"
NOON = datetime(2030, 3, 1, 12, 0, tzinfo=UTC)


async def test_a_clock_set_back_fires_no_schedule_twice_and_leaves_none_out(db: Pool) -> None:
    """G06: an hourly schedule under a clock that goes forth, an hour and a half back, and forth again."""
    await schedules.put(
        db, name="hourly", cron="0 * * * *", zone="UTC", kind="maintain", payload="{}", missed="all", overlap="allow",
        next_due_at=NOON,
    )  # fmt: skip
    moment = NOON
    scheduler = Scheduler(db, job_kinds(), now=lambda: moment)
    fired = 0
    for minutes in (0, 60, 125, 30, 35, 61, 120, 179, 180, 185):
        moment = NOON + timedelta(minutes=minutes)
        fired += len(await scheduler.fire())
    ticks = await db.fetch("select due_at, outcome, job_id from schedule_ticks order by due_at")
    assert [(tick["due_at"], tick["outcome"]) for tick in ticks] == [
        (NOON + timedelta(hours=hour), "enqueued") for hour in range(4)
    ]
    assert fired == len({tick["job_id"] for tick in ticks}) == 4


# What a clock that is set back by so much does: all that was written lies so much further ahead.
SET_BACK = """
    do $$ declare back interval := '{hours} hours'; begin
        update schedules set next_due_at = next_due_at + back;
        update schedule_ticks set due_at = due_at + back, fired_at = fired_at + back;
        update jobs set run_at = run_at + back, created_at = created_at + back, claimed_at = claimed_at + back,
                        deadline_at = deadline_at + back;
        update workers set beat_at = beat_at + back, started_at = started_at + back;
    end $$
"""
# Hourly, half an hour ago the last time: far from both ends of the hour.
HOURLY = """
    insert into schedules (name, cron, kind, missed, overlap, next_due_at)
    select $1, extract(minute from due) || ' * * * *', 'note', 'all', 'allow', due
    from date_trunc('minute', now() - interval '30 minutes') due
"""
FIRED = "select count(*) from schedule_ticks t join schedules s on s.id = t.schedule_id where s.name = $1"
RUNS = """
    select count(*) >= $2 from job_history h join schedules s on s.id = h.schedule_id
    where s.name = $1 and h.state = 'done'
"""


async def test_a_running_service_whose_clock_is_set_back_fires_nothing_twice_and_keeps_its_jobs(
    dsn: str, db: Pool, tables: None, tmp_path: Path
) -> None:
    """G06, G10: two hours back and three forth, under two processes: what has fired does not fire again, what comes due
    does once, jobs are run meanwhile, and nobody takes the job of a process that lives.
    """
    settings = {**QUICK, **SMALL}
    async with (
        running(dsn, tmp_path / "one", program=NODE, settings=settings) as one,
        running(dsn, tmp_path / "other", program=NODE, settings=settings) as other,
    ):
        [long] = await enqueue(db, "wait")
        await begun(db, long)
        await db.execute(HOURLY, "hourly")
        for n, hours, fired in ((1, 0, 1), (2, 2, 1), (3, -3, 2)):
            await db.execute(SET_BACK.format(hours=hours))
            await db.execute(HOURLY, f"probe {n}")  # fired by the first look under the new clock
            await until(partial(db.fetchval, RUNS, f"probe {n}", 1))
            await done(db, await enqueue(db, "note", 3))
            assert await db.fetchval(FIRED, "hourly") == fired
        await until(partial(db.fetchval, RUNS, "hourly", 2))
        await release(db, [long])
        await done(db, [long])
        for each in (one, other):
            assert not each.all_said("job.rescued")
            assert not each.all_said("actor.crashed")
    assert await runs_of(db, [long]) == {long: 1}


def test_who_is_dead_is_told_without_comparing_clocks() -> None:
    """G10: beats are counted, and the count's age is taken on the monotonic clock of whoever looks; what the clocks of
    the database and of other machines say does not enter.
    """
    beats, dies = uuid4(), uuid4()
    watch = Watch(0.0, {})
    for second in range(14):
        watch, dead = look(watch, {beats: second, dies: 3}, now_s=float(second), every_s=1.0, dead_after_s=10.0)
        assert dead == ([dies] if second >= 10 else [])
