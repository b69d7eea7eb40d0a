"""This interface, described for programs, and for who writes them."""

from functools import cache
from importlib.metadata import version
from typing import Annotated, Any

import msgspec
from aiohttp import web

from supervisor.roles import Role
from supervisor.web import api_page, app
from supervisor.web.mounting import json_response
from supervisor.web.openapi import document
from supervisor.web.pages_of import page
from supervisor.web.route import Call, Nothing, Resource, Route


class Find(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`q`: words of a path, a summary, a role."""

    q: Annotated[str, msgspec.Meta(max_length=100)] = ""


@cache
def _document() -> dict[str, object]:
    """Routes do not change while a process runs."""
    return document(app.all_routes(), version("triald"))


async def described(call: Call[Nothing, Nothing]) -> web.Response:
    """The OpenAPI 3.1 document of every route."""
    return json_response(200, msgspec.json.encode(_document()))


async def browse(call: Call[Find, Nothing]) -> web.Response:
    """The same for people: every operation with what it takes and answers, and the types."""
    told, q = _document(), call.query.q.strip()
    groups, everything = api_page.groups(told, q), api_page.groups(told)
    types = api_page.types(told)
    return page(
        call, "api.html", here="api", q=q, groups=groups, number=_number(groups), total=_number(everything),
        types=types, known={one.name for one in types},
    )  # fmt: skip


def _number(groups: list[api_page.Group]) -> int:
    return sum(len(group.operations) for group in groups)


RESOURCE = Resource(
    "openapi",
    (
        Route("GET", "/openapi.json", described, Role.VIEWER, answer=dict[str, Any]),
        Route("GET", "/docs/api", browse, Role.VIEWER),
    ),
    of_registries=False,
    in_standby=True,
)
