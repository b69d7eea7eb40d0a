"""Schedules: what is due by the clock, switched on and off."""

import msgspec

from supervisor.roles import Role
from supervisor.web import schedule_commands as commands
from supervisor.web.route import Call, Nothing, Resource, Route
from supervisor.web.schedule_commands import ScheduleTold, TickTold


class SchedulesList(msgspec.Struct, frozen=True):
    schedules: tuple[ScheduleTold, ...]


class TicksList(msgspec.Struct, frozen=True):
    """The latest first."""

    schedule: str
    ticks: tuple[TickTold, ...]


async def schedules(call: Call[Nothing, Nothing]) -> SchedulesList:
    """Every schedule, and when it is due next."""
    return SchedulesList(await commands.every(call.db))


async def ticks(call: Call[Nothing, Nothing]) -> TicksList:
    """The latest firings of a schedule."""
    one = await commands.one(call)
    return TicksList(one.name, await commands.ticks(call.db, one))


async def enable(call: Call[Nothing, Nothing]) -> ScheduleTold:
    """A schedule fires again, from its next time on."""
    return await commands.enable(call, enabled=True)


async def disable(call: Call[Nothing, Nothing]) -> ScheduleTold:
    """A schedule fires no more."""
    return await commands.enable(call, enabled=False)


RESOURCE = Resource(
    "schedules",
    (
        Route("GET", "/api/v1/schedules", schedules, Role.VIEWER),
        Route("GET", "/api/v1/schedules/{name}/ticks", ticks, Role.VIEWER),
        Route("POST", "/api/v1/schedules/{name}/enable", enable, Role.OPERATOR),
        Route("POST", "/api/v1/schedules/{name}/disable", disable, Role.OPERATOR),
    ),
    of_registries=False,
)
