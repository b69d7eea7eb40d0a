"""What the application holds for its handlers."""

from dataclasses import dataclass, field

from aiohttp import web

from supervisor.web.door import Door
from supervisor.web.live import Look
from supervisor.web.render import Pages

PAGES: "web.AppKey[Pages]" = web.AppKey("pages", Pages)
DOOR: "web.AppKey[Door]" = web.AppKey("door", Door)


@dataclass(frozen=True, slots=True)
class Sockets:
    """The WebSockets that are open."""

    open: set[web.WebSocketResponse] = field(default_factory=set)


LOOK: "web.AppKey[Look]" = web.AppKey("look", Look)
SOCKETS: "web.AppKey[Sockets]" = web.AppKey("sockets", Sockets)
