"""What can be asked of schedules, and done to them: what the interface and the pages share."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from actors.errors import NotFound
from actors.queue import cron
from actors.queue import schedules as store
from supervisor.web.route import Call, Database, Nothing


class ScheduleTold(msgspec.Struct, frozen=True):
    id: int
    name: str
    cron: str
    zone: str
    kind: str
    payload: Any
    enabled: bool
    missed: str
    overlap: str
    next_due_at: datetime


class TickTold(msgspec.Struct, frozen=True):
    due_at: datetime
    fired_at: datetime
    outcome: str
    job_id: int | None


async def every(db: Database) -> tuple[ScheduleTold, ...]:
    return tuple([ScheduleTold(**row) for row in await store.every(db)])


async def one(call: Call[Nothing, Nothing]) -> ScheduleTold:
    """The schedule that the path names. Raises NotFound."""
    name = call.word("name")
    for schedule in await every(call.db):
        if schedule.name == name:
            return schedule
    raise NotFound(f"schedule: there is no schedule {name[:70]!r}")


async def ticks(db: Database, schedule: ScheduleTold) -> tuple[TickTold, ...]:
    """Its latest firings."""
    return tuple([TickTold(**row) for row in await store.ticks(db, schedule.id)])


async def enable(call: Call[Nothing, Nothing], *, enabled: bool) -> ScheduleTold:
    """It fires from its next time on, or no more."""
    schedule = await one(call)
    next_due_at = cron.next_after(schedule.cron, schedule.zone, datetime.now(UTC))
    await store.enable(call.db, schedule.name, enabled=enabled, next_due_at=next_due_at)
    return await one(call)
