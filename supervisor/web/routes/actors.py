"""Actors and processes: who works, and whether they move."""

import msgspec

from actors.queue import store
from supervisor.roles import Role
from supervisor.web import picture
from supervisor.web.live import PROCESS
from supervisor.web.picture import ActorTold, ProcessTold
from supervisor.web.route import Call, Nothing, Resource, Route


class ActorsList(msgspec.Struct, frozen=True):
    """`wanted` is how many copies this process means to run. `zombies` are tasks that ignore being cancelled."""

    actors: tuple[ActorTold, ...]
    processes: tuple[ProcessTold, ...]
    wanted: dict[str, int]
    zombies: int


async def actors(call: Call[Nothing, Nothing]) -> ActorsList:
    """The actors of this process as they are, those of others as they told with their last beat."""
    supervisor = call.site.supervisor
    rows = await store.processes(call.db)
    return ActorsList(
        actors=picture.here(supervisor.snapshot(), PROCESS) + picture.elsewhere(rows, call.site.worker),
        processes=picture.processes(rows),
        wanted=dict(supervisor.wanted),
        zombies=supervisor.zombies,
    )


RESOURCE = Resource(
    "actors", (Route("GET", "/api/v1/actors", actors, Role.VIEWER),), of_registries=False, in_standby=True
)
