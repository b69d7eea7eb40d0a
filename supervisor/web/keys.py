"""What the application holds for its handlers."""

from aiohttp import web

from supervisor.web.door import Door
from supervisor.web.render import Pages

PAGES: "web.AppKey[Pages]" = web.AppKey("pages", Pages)
DOOR: "web.AppKey[Door]" = web.AppKey("door", Door)
SOCKETS: "web.AppKey[set[web.WebSocketResponse]]" = web.AppKey("sockets", set)
