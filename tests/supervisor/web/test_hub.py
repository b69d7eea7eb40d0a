"""The hub, and the WebSocket that it feeds: the latest state to whoever watches, whatever the others do."""

import asyncio
from typing import Any

import aiohttp
import orjson
import pytest

from actors.governance import store as governance
from actors.queue import store as queue
from actors.queue.job import NewJob
from supervisor.hub import MOST_CLIENTS, Full, Hub, message
from supervisor.roles import Role
from supervisor.tokens import FRESH_S
from supervisor.web import live
from supervisor.web.app import listening
from supervisor.web.routes.events import CHECK_EVERY_S, REVOKED
from tests.supervisor.web.asking import Api


async def test_a_client_gets_the_whole_state_first_and_then_what_changes() -> None:
    hub = Hub()
    with hub.join() as early:
        hub.publish({"a": b"1", "b": b"2"})
        with hub.join() as client:
            assert await client.news() == {"a": b"1", "b": b"2"}
            hub.publish({"a": b"1", "b": b"3"})
            assert await client.news() == {"b": b"3"}
        assert await early.news() == {"a": b"1", "b": b"3"}


async def test_who_does_not_read_holds_one_value_a_topic() -> None:
    hub = Hub()
    with hub.join() as slow, hub.join() as quick:
        for number in range(10_000):
            hub.publish({"a": str(number).encode()})
        assert await slow.news() == {"a": b"9999"}
        assert await quick.news() == {"a": b"9999"}


async def test_nothing_is_told_again_that_is_as_before() -> None:
    hub = Hub()
    with hub.join() as client:
        hub.publish({"a": b"1"})
        await client.news()
        hub.publish({"a": b"1"})
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await client.news()


async def test_while_nobody_watches_nothing_is_looked_at_and_nothing_kept() -> None:
    hub = Hub()
    assert not hub.watched.is_set()
    with hub.join():
        assert hub.watched.is_set()
        hub.publish({"a": b"1"})
    assert not hub.watched.is_set()
    with hub.join() as later, pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await later.news()


def test_more_than_so_many_may_not_watch() -> None:
    hub = Hub()
    joined = [hub.join() for _ in range(MOST_CLIENTS)]
    for one in joined:
        one.__enter__()
    with pytest.raises(Full), hub.join():
        pass
    for one in joined:
        one.__exit__(None, None, None)
    assert len(hub) == 0


def test_a_message_is_json() -> None:
    assert orjson.loads(message({"a": b"[1]", "b": b"null"})) == {"a": [1], "b": None}


# ── over a socket ──


async def _hear(socket: aiohttp.ClientWebSocketResponse, wanted: str, is_it: Any) -> Any:
    """The first value of a topic that is as asked for."""
    async with asyncio.timeout(20):
        async for told in socket:
            topics = orjson.loads(told.data)
            if wanted in topics and is_it(topics[wanted]):
                return topics[wanted]
    raise AssertionError("it was closed")


async def test_what_happens_is_told_to_who_watches(trials: Api) -> None:
    headers = {"Authorization": f"Bearer {trials.site.tokens[Role.VIEWER]}"}
    telling = asyncio.create_task(live.tell(trials.site, every_s=0.02))
    try:
        async with trials.http.ws_connect(f"{trials.url}/ws/events", headers=headers) as socket:
            assert await _hear(socket, "database", lambda one: one is True)
            await queue.enqueue(trials.site.pool, [NewJob("maintain") for _ in range(7)])
            queues = await _hear(socket, "queues", lambda told: any(one["ready"] == 7 for one in told))
            assert [one["id"] for one in queues if one["ready"] == 7] == ["default"]
            moment = await _hear(socket, "moment", lambda told: told["ready"] == 7)
            assert moment["running"] == 0
    finally:
        telling.cancel()


async def test_a_socket_needs_a_token(api: Api) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await api.http.ws_connect(f"{api.url}/ws/events")
    assert refused.value.status == 401


async def test_a_socket_closes_when_its_token_is_revoked(api: Api) -> None:
    """Within five seconds: as long as an answer about a token may hold, and until the next look at it."""
    headers = {"Authorization": f"Bearer {api.site.tokens[Role.VIEWER]}"}
    async with api.http.ws_connect(f"{api.url}/ws/events", headers=headers) as socket:
        await governance.revoke_token(api.site.pool, "viewer")
        async with asyncio.timeout(20):
            last = await socket.receive()
        assert (last.type, socket.close_code) == (aiohttp.WSMsgType.CLOSE, REVOKED)
    assert FRESH_S + CHECK_EVERY_S < 5


async def test_a_server_that_stops_tells_who_watches(api: Api) -> None:
    headers = {"Authorization": f"Bearer {api.site.tokens[Role.VIEWER]}"}
    async with listening(api.site, "127.0.0.1", 0) as port:
        socket = await api.http.ws_connect(f"http://127.0.0.1:{port}/ws/events", headers=headers)
        api.site.hub.publish({"a": b"1"})
        assert await _hear(socket, "a", lambda told: True) == 1
        last = asyncio.create_task(socket.receive())
    async with asyncio.timeout(10):
        assert (await last).type is aiohttp.WSMsgType.CLOSE
    assert socket.close_code == 1001
    assert len(api.site.hub) == 0
    await socket.close()


async def test_one_who_does_not_read_costs_little_and_others_nothing(api: Api) -> None:
    """A client that never reads: what waits for it is one picture, and who reads goes on hearing."""
    headers = {"Authorization": f"Bearer {api.site.tokens[Role.VIEWER]}"}
    reader, writer = await asyncio.open_connection("127.0.0.1", int(api.url.rpartition(":")[2]))
    writer.write(
        b"GET /ws/events HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Authorization: Bearer " + api.site.tokens[Role.VIEWER].encode() + b"\r\n\r\n"
    )
    assert b"101" in await reader.readline()
    async with api.http.ws_connect(f"{api.url}/ws/events", headers=headers, max_msg_size=0) as socket:
        async with asyncio.timeout(20):
            while len(api.site.hub) < 2:  # noqa: ASYNC110 - the other one's joining makes no sound here
                await asyncio.sleep(0)
        for number in range(200):
            big = orjson.dumps({"number": number, "filling": "x" * 100_000})
            api.site.hub.publish({"big": big})
            heard = await _hear(socket, "big", lambda told: True)
            assert heard["number"] == number
    writer.close()
