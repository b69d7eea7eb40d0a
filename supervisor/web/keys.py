"""What the application holds for its handlers."""

import asyncio
from dataclasses import dataclass, field

from aiohttp import web

from supervisor.oidc import Issuer
from supervisor.web.door import Door
from supervisor.web.live import Look
from supervisor.web.lobby import Lobby
from supervisor.web.render import Pages

PAGES: "web.AppKey[Pages]" = web.AppKey("pages", Pages)
DOOR: "web.AppKey[Door]" = web.AppKey("door", Door)


ISSUER: "web.AppKey[Issuer | None]" = web.AppKey("issuer", Issuer)


@dataclass(frozen=True, slots=True)
class Sockets:
    """The WebSockets that are open, and the streams; of these, what ends each."""

    open: set[web.WebSocketResponse] = field(default_factory=set)
    streams: set[asyncio.Event] = field(default_factory=set)


LOOK: "web.AppKey[Look]" = web.AppKey("look", Look)
LOBBY: "web.AppKey[Lobby]" = web.AppKey("lobby", Lobby)
SOCKETS: "web.AppKey[Sockets]" = web.AppKey("sockets", Sockets)
