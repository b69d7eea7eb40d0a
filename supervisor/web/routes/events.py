"""What happens, as it happens: over a WebSocket, or as server-sent events."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import msgspec
from aiohttp import WSMsgType, web

from supervisor.hub import SLOW, Full
from supervisor.roles import Role
from supervisor.watching import MOST_ROOMS, Client, Watcher, Wire
from supervisor.web.keys import LOBBY, SOCKETS
from supervisor.web.lobby import Visit
from supervisor.web.problems import Refused
from supervisor.web.route import Call, Nothing, Resource, Route
from supervisor.web.saying import MOST_BYTES
from supervisor.web.wires import SocketWire, StreamWire, Transport

CLOSE_WITHIN_S = 2.0  # what a client may take to say goodbye
HEARTBEAT_S = 5.0  # who does not answer a ping within half of it is gone, or does not read
PING_EVERY_S = 15.0  # server-sent events
RETRY_MS = 2000
SAYS_TOO_MUCH = 4429


class Rooms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rooms to be in from the start, with commas between; `since` is the number of the last event that was heard."""

    rooms: str = ""
    since: str | None = None

    @property
    def names(self) -> list[str]:
        return [name for name in self.rooms.split(",") if name]


async def watch(call: Call[Rooms, Nothing]) -> web.WebSocketResponse:
    """Rooms are joined by what is said, or by the query; then come frames of events, in the order of the log."""
    socket = web.WebSocketResponse(
        timeout=CLOSE_WITHIN_S, heartbeat=HEARTBEAT_S, compress=False, max_msg_size=MOST_BYTES
    )
    if not socket.can_prepare(call.request).ok:
        raise Refused(426, "upgrade_required", "this is a WebSocket", Upgrade="websocket", Connection="Upgrade")
    _check_rooms(call.query.names)
    transport = _transport(call.request)
    with _seat(call, SocketWire(transport)) as client:
        await socket.prepare(call.request)
        sockets = call.request.app[SOCKETS].open
        sockets.add(socket)
        try:
            with _visit(call, client) as visit:
                await _talk(call, socket, visit)
        finally:
            sockets.discard(socket)
            if isinstance(socket.exception(), TimeoutError):  # it has not answered a ping
                call.site.hub.drop(client, SLOW, "it does not answer")
                transport.abort()
    return socket


async def _talk(call: Call[Rooms, Nothing], socket: web.WebSocketResponse, visit: Visit) -> None:
    """Until either side closes."""
    await visit.join_all(call.query.names, call.query.since)
    async for said in socket:
        if said.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            continue
        if not await visit.hear(said.data):
            await socket.close(code=SAYS_TOO_MUCH, message=b"too many messages")


async def stream(call: Call[Rooms, Nothing]) -> web.StreamResponse:
    """The same as a stream of server-sent events, of rooms that the query names, after `Last-Event-ID`."""
    response = web.StreamResponse(headers={"X-Accel-Buffering": "no"})
    response.content_type = "text/event-stream"
    if call.request.method == "HEAD":
        return response
    if call.request.version < (1, 1):
        raise Refused(426, "upgrade_required", "a stream needs HTTP/1.1", Upgrade="HTTP/1.1", Connection="Upgrade")
    _check_rooms(call.query.names)
    gone = asyncio.Event()
    wire = StreamWire(_transport(call.request), gone)
    with _seat(call, wire) as client:
        response.enable_chunked_encoding()
        await response.prepare(call.request)
        await response.write(b"retry: %d\n\n" % RETRY_MS)
        call.request.app[SOCKETS].streams.add(gone)
        try:
            with _visit(call, client) as visit:
                await _tell(call, visit, wire, gone)
        finally:
            call.request.app[SOCKETS].streams.discard(gone)
    return response


async def _tell(call: Call[Rooms, Nothing], visit: Visit, wire: StreamWire, gone: asyncio.Event) -> None:
    """Until we close it, or the client goes, which cancels this."""
    since = call.request.headers.get("Last-Event-ID", call.query.since)
    await visit.join_all(call.query.names, since)
    while not gone.is_set():
        try:
            async with asyncio.timeout(PING_EVERY_S):
                await gone.wait()
        except TimeoutError:
            wire.ping()


def _check_rooms(names: list[str]) -> None:
    if len(names) > MOST_ROOMS:
        raise Refused.field("rooms", f"expected at most {MOST_ROOMS}, got {len(names)}")


def _transport(request: web.Request) -> Transport:
    if request.transport is None:
        raise ConnectionResetError("the client is gone")
    return cast(Transport, request.transport)


@contextmanager
def _seat(call: Call[Rooms, Nothing], wire: Wire) -> Iterator[Client]:
    try:
        with call.site.hub.seat(Watcher(call.who.login, call.who.tenant), wire) as client:
            yield client
    except Full:
        raise Refused(503, "full", "as many clients watch as may", Retry_After="10") from None


@contextmanager
def _visit(call: Call[Rooms, Nothing], client: Client) -> Iterator[Visit]:
    """Among those whom the guard looks after."""
    lobby = call.request.app[LOBBY]
    visit = Visit(lobby, client, call.who, call.request)
    lobby.visits.add(visit)
    try:
        yield visit
    finally:
        lobby.visits.discard(visit)


RESOURCE = Resource(
    "events",
    (
        Route("GET", "/ws/events", watch, Role.VIEWER, status=101, stays_open=True),
        Route("GET", "/api/v1/events", stream, Role.VIEWER, media="text/event-stream", stays_open=True),
    ),
    of_registries=False,
)
