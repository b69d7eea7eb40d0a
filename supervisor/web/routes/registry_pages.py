"""The page of the registries: how fresh each is."""

from aiohttp import web

from supervisor.roles import Role
from supervisor.web.freshness import freshness
from supervisor.web.keys import LOOK
from supervisor.web.pages_of import page
from supervisor.web.route import Call, Nothing, Resource, Route
from supervisor.web.watch_page import sparks


async def show(call: Call[Nothing, Nothing]) -> web.Response:
    """Every registry: how fresh what we hold of it is, and whether it answers."""
    found = [await freshness(call.db, told) for told in await call.request.app[LOOK].registries()]
    registries = [
        {
            "told": one.told, "covers_to": one.covers_to, "refused": one.refused, "missed": one.missed,
            "history": one.history, "sparks": sparks(scrapes),
        }
        for one, scrapes in found
    ]  # fmt: skip
    return page(call, "registries.html", here="registries", registries=registries)


RESOURCE = Resource("registry_pages", (Route("GET", "/registries", show, Role.VIEWER),), of_registries=False)
