"""The page of schedules, with when they fire and fired, and their switches."""

from aiohttp import web

from supervisor.roles import Role
from supervisor.web import schedule_commands as commands
from supervisor.web.pages_of import page, see
from supervisor.web.route import Call, Nothing, Resource, Route


async def listed(call: Call[Nothing, Nothing]) -> web.Response:
    """Every schedule with its next time and its latest firings."""
    schedules = await commands.every(call.db)
    ticks = {one.id: await commands.ticks(call.db, one) for one in schedules}
    return page(call, "schedules.html", here="schedules", schedules=schedules, ticks=ticks)


async def enable(call: Call[Nothing, Nothing]) -> web.Response:
    """The switch that lets a schedule fire again."""
    await commands.enable(call, enabled=True)
    return see("/schedules")


async def disable(call: Call[Nothing, Nothing]) -> web.Response:
    """The switch after which a schedule fires no more."""
    await commands.enable(call, enabled=False)
    return see("/schedules")


RESOURCE = Resource(
    "schedule_pages",
    (
        Route("GET", "/schedules", listed, Role.VIEWER),
        Route("POST", "/schedules/{name}/enable", enable, Role.OPERATOR, status=303, form=True),
        Route("POST", "/schedules/{name}/disable", disable, Role.OPERATOR, status=303, form=True),
    ),
    of_registries=False,
)
