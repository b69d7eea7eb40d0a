"""The settings in force, in the browser: each with its value, where that came from, and what it is for."""

from aiohttp import web

from supervisor.roles import Role
from supervisor.web.pages_of import page
from supervisor.web.route import Call, Nothing, Resource, Route


async def show(call: Call[Nothing, Nothing]) -> web.Response:
    """Every setting of this process; secrets are stars."""
    every = call.site.settings_in_force
    return page(call, "settings.html", here="settings", settings=every, worker=call.site.worker)


RESOURCE = Resource(
    "settings_pages",
    (Route("GET", "/settings", show, Role.OPERATOR, at_home=True, in_standby=True),),
    of_registries=False,
    in_standby=True,
)
