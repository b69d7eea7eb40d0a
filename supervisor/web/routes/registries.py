"""Registries: what we hold of each, and whether it answers."""

from supervisor.roles import Role
from supervisor.web.keys import LOOK
from supervisor.web.registry_answers import RegistriesList
from supervisor.web.route import Call, Nothing, Resource, Route


async def registries(call: Call[Nothing, Nothing]) -> RegistriesList:
    """Every registry with its state; one that does not answer says since when, and nothing is made up for it."""
    return RegistriesList(await call.request.app[LOOK].registries())


RESOURCE = Resource("registries", (Route("GET", "/api/v1/registries", registries, Role.VIEWER),))
