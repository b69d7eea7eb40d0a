"""What the application holds for its handlers."""

from aiohttp import web

from supervisor.web.door import Door
from supervisor.web.render import Pages

PAGES: "web.AppKey[Pages]" = web.AppKey("pages", Pages)
DOOR: "web.AppKey[Door]" = web.AppKey("door", Door)

class Sockets(set[web.WebSocketResponse]):
    """The WebSockets that are open."""


SOCKETS: "web.AppKey[Sockets]" = web.AppKey("sockets", Sockets)
