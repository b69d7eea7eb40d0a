"""The operator's dashboard."""

from aiohttp import web

from supervisor.roles import Role
from supervisor.web.answering import OUTSIDE
from supervisor.web.keys import LOOK
from supervisor.web.pages_of import page
from supervisor.web.route import Call, Nothing, Resource, Route


async def show(call: Call[Nothing, Nothing]) -> web.Response:
    """The dashboard as a page: complete as it comes, kept up to date by a script."""
    look = call.request.app[LOOK]
    try:
        seen = await look.now()
    except OUTSIDE:
        seen = look.nothing_but_here()
    return page(call, "dashboard.html", here="dashboard", seen=seen, registries=sorted(call.site.registries))


RESOURCE = Resource("dashboard", (Route("GET", "/", show, Role.VIEWER),), of_registries=False)
