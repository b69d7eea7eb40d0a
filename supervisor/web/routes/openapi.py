"""This interface, described for programs."""

from importlib.metadata import version
from typing import Any

import msgspec
from aiohttp import web

from supervisor.roles import Role
from supervisor.web import app
from supervisor.web.mounting import json_response
from supervisor.web.openapi import document
from supervisor.web.route import Call, Nothing, Resource, Route


async def described(call: Call[Nothing, Nothing]) -> web.Response:
    """The OpenAPI 3.1 document of every route."""
    return json_response(200, msgspec.json.encode(document(app.all_routes(), version("triald"))))


RESOURCE = Resource(
    "openapi", (Route("GET", "/openapi.json", described, Role.VIEWER, answer=dict[str, Any]),), of_registries=False, in_standby=True
)
