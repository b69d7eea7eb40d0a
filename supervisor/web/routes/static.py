"""Styles and scripts of the pages."""

from functools import cache

from aiohttp import web

from supervisor.roles import Role
from supervisor.web.problems import Refused
from supervisor.web.route import Call, Nothing, Resource, Route
from supervisor.web.static_files import StaticFile, read_static


@cache
def _files() -> dict[str, StaticFile]:
    return read_static()


async def file(call: Call[Nothing, Nothing]) -> web.Response:
    """A style sheet or a script, by its name."""
    found = _files().get(call.word("name"))
    if found is None:
        raise Refused(404, "not_found", "there is no such file")
    headers = {"ETag": f'"{found.etag}"', "Cache-Control": "no-cache"}
    if call.request.headers.get("If-None-Match") == headers["ETag"]:
        return web.Response(status=304, headers=headers)
    return web.Response(body=found.body, content_type=found.media_type, charset="utf-8", headers=headers)


RESOURCE = Resource(
    "static",
    (Route("GET", "/static/{name}", file, Role.ANYONE, media="*/*", metered=False),),
    of_registries=False,
    in_standby=True,
)
