"""What is measured, for Prometheus."""

from aiohttp import web

from supervisor.metrics import MEDIA_TYPE
from supervisor.roles import Role
from supervisor.web.route import Call, Nothing, Resource, Route


async def exposition(call: Call[Nothing, Nothing]) -> web.Response:
    """All metrics of this process in Prometheus' text format."""
    return web.Response(body=call.site.metrics.exposition(), headers={"Content-Type": MEDIA_TYPE})


RESOURCE = Resource(
    "metrics",
    (Route("GET", "/metrics", exposition, Role.VIEWER, media="text/plain"),),
    of_registries=False,
    in_standby=True,
)
