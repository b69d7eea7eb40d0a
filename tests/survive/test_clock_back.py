"""A clock that is set back fires nothing twice and kills nobody."""

from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from uuid import uuid4

import asyncpg

from actors.queue import schedules
from actors.queue.watch import Watch, look
from actors.scheduler import Scheduler
from supervisor.wiring import job_kinds

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


def test_who_is_dead_is_told_without_comparing_clocks() -> None:
    """G10: beats are counted, and the count's age is taken on the monotonic clock of whoever looks; what the clocks of
    the database and of other machines say does not enter.
    """
    beats, dies = uuid4(), uuid4()
    watch = Watch(0.0, {})
    for second in range(14):
        watch, dead = look(watch, {beats: second, dies: 3}, now_s=float(second), every_s=1.0, dead_after_s=10.0)
        assert dead == ([dies] if second >= 10 else [])
