"""Schedules: what is due by the clock, switched on and off."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from actors.errors import NotFound
from actors.queue import cron
from actors.queue import schedules as store
from supervisor.roles import Role
from supervisor.web.route import Call, Nothing, Resource, Route


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


class SchedulesList(msgspec.Struct, frozen=True):
    schedules: tuple[ScheduleTold, ...]


class TickTold(msgspec.Struct, frozen=True):
    due_at: datetime
    fired_at: datetime
    outcome: str
    job_id: int | None


class TicksList(msgspec.Struct, frozen=True):
    """The latest first."""

    schedule: str
    ticks: tuple[TickTold, ...]


async def schedules(call: Call[Nothing, Nothing]) -> SchedulesList:
    """Every schedule, and when it is due next."""
    return SchedulesList(tuple([ScheduleTold(**row) for row in await store.every(call.db)]))


async def ticks(call: Call[Nothing, Nothing]) -> TicksList:
    """The latest firings of a schedule."""
    one = await _one(call)
    return TicksList(one.name, tuple([TickTold(**row) for row in await store.ticks(call.db, one.id)]))


async def enable(call: Call[Nothing, Nothing]) -> ScheduleTold:
    """A schedule fires again, from its next time on."""
    return await _enable(call, enabled=True)


async def disable(call: Call[Nothing, Nothing]) -> ScheduleTold:
    """A schedule fires no more."""
    return await _enable(call, enabled=False)


async def _enable(call: Call[Nothing, Nothing], *, enabled: bool) -> ScheduleTold:
    one = await _one(call)
    next_due_at = cron.next_after(one.cron, one.zone, datetime.now(UTC))
    await store.enable(call.db, one.name, enabled=enabled, next_due_at=next_due_at)
    return await _one(call)


async def _one(call: Call[Nothing, Nothing]) -> ScheduleTold:
    name = call.word("name")
    for row in await store.every(call.db):
        if row["name"] == name:
            return ScheduleTold(**row)
    raise NotFound(f"schedule: there is no schedule {name[:70]!r}")


RESOURCE = Resource(
    "schedules",
    (
        Route("GET", "/api/v1/schedules", schedules, Role.VIEWER),
        Route("GET", "/api/v1/schedules/{name}/ticks", ticks, Role.VIEWER),
        Route("POST", "/api/v1/schedules/{name}/enable", enable, Role.OPERATOR),
        Route("POST", "/api/v1/schedules/{name}/disable", disable, Role.OPERATOR),
    ),
)
