"""The buttons of queues; what they show is on the dashboard."""

from aiohttp import web

from actors.queue import operating
from supervisor.roles import Role
from supervisor.web.pages_of import see
from supervisor.web.route import Call, Nothing, Resource, Route


async def pause(call: Call[Nothing, Nothing]) -> web.Response:
    """The button after which no more jobs of a queue are started."""
    await operating.set_paused(call.db, call.word("name"), paused=True)
    return see("/")


async def resume(call: Call[Nothing, Nothing]) -> web.Response:
    """The button that lets a paused queue go on."""
    await operating.set_paused(call.db, call.word("name"), paused=False)
    return see("/")


RESOURCE = Resource(
    "queue_pages",
    (
        Route("POST", "/queues/{name}/pause", pause, Role.OPERATOR, status=303, form=True),
        Route("POST", "/queues/{name}/resume", resume, Role.OPERATOR, status=303, form=True),
    ),
    of_registries=False,
)
