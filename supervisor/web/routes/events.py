"""The dashboard's changes, as they happen, over a WebSocket."""

import asyncio

from aiohttp import web

from actors.runtime.telemetry import emit
from supervisor.hub import Client, Full, message
from supervisor.roles import Role
from supervisor.web.keys import DOOR, SOCKETS
from supervisor.web.problems import Refused
from supervisor.web.route import Call, Nothing, Resource, Route

SEND_WITHIN_S = 10.0  # who does not take a message in time is dropped
CLOSE_WITHIN_S = 2.0  # what a client may take to say goodbye
HEARTBEAT_S = 20.0
CHECK_EVERY_S = 0.5  # whether the token still opens this; what was found in the database is asked again after FRESH_S
MOST_BYTES = 4096  # of what a client may send; nothing is expected
REVOKED = 4401


async def watch(call: Call[Nothing, Nothing]) -> web.WebSocketResponse:
    """First the whole picture, then each topic when it changes: messages `{"topic": value, …}`."""
    try:
        with call.site.hub.join(call.who.name) as client:
            socket = web.WebSocketResponse(
                timeout=CLOSE_WITHIN_S, heartbeat=HEARTBEAT_S, compress=False, max_msg_size=MOST_BYTES
            )
            if not socket.can_prepare(call.request).ok:
                raise Refused(426, "upgrade_required", "this is a WebSocket", Upgrade="websocket", Connection="Upgrade")
            await socket.prepare(call.request)
            sockets = call.request.app[SOCKETS].open
            sockets.add(socket)
            try:
                await _talk(call, socket, client)
            finally:
                sockets.discard(socket)
            return socket
    except Full:
        raise Refused(503, "full", "as many clients watch as may", Retry_After="10") from None


async def _talk(call: Call[Nothing, Nothing], socket: web.WebSocketResponse, client: Client) -> None:
    """Ends when either side does."""
    tasks = [
        asyncio.create_task(_send(call, socket, client)),
        asyncio.create_task(_hear(socket)),
        asyncio.create_task(_check(call, socket)),
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
    if not socket.closed:
        await socket.close()


async def _send(call: Call[Nothing, Nothing], socket: web.WebSocketResponse, client: Client) -> None:
    while True:
        told = message(await client.news())
        try:
            async with asyncio.timeout(SEND_WITHIN_S):
                await socket.send_str(told)
        except TimeoutError:
            emit("watcher.dropped", reason="it does not read")
            if call.request.transport is not None:
                call.request.transport.abort()
            return
        except ConnectionError:
            return


async def _hear(socket: web.WebSocketResponse) -> None:
    """Until the client closes; what it says is not listened to."""
    async for _ in socket:
        pass


async def _check(call: Call[Nothing, Nothing], socket: web.WebSocketResponse) -> None:
    while True:
        await asyncio.sleep(CHECK_EVERY_S)
        if not await call.request.app[DOOR].still(call.request, Role.VIEWER):
            await socket.close(code=REVOKED, message=b"log in again")
            return


RESOURCE = Resource("events", (Route("GET", "/ws/events", watch, Role.VIEWER, status=101),), of_registries=False)
