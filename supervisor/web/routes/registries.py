"""Registries: what we hold of each, and whether it answers."""

from actors.errors import NotFound
from supervisor.roles import Role
from supervisor.web.freshness import Freshness, freshness
from supervisor.web.keys import LOOK
from supervisor.web.registry_answers import RegistriesList
from supervisor.web.route import Call, Nothing, Resource, Route


async def registries(call: Call[Nothing, Nothing]) -> RegistriesList:
    """Every registry with its state; one that does not answer says since when, and nothing is made up for it."""
    return RegistriesList(await call.request.app[LOOK].registries())


async def registry(call: Call[Nothing, Nothing]) -> Freshness:
    """One registry: how fresh what we hold of it is, what waits aside, and how its latest scrapes went."""
    name = call.word("name")
    for told in await call.request.app[LOOK].registries():
        if told.name == name:
            return (await freshness(call.db, told))[0]
    raise NotFound(f"name: there is no registry {name[:100]!r}")


RESOURCE = Resource(
    "registries",
    (
        Route("GET", "/api/v1/registries", registries, Role.VIEWER),
        Route("GET", "/api/v1/registries/{name}", registry, Role.VIEWER),
    ),
    of_registries=False,
)
