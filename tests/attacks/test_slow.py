"""Slow-loris: heads and bodies that drip, connections that say nothing. They are hung up on, and others are served."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from actors.runtime.telemetry import attach
from supervisor.roles import Role
from tests.attacks.raw import WITHIN_S, answers
from tests.supervisor.web.asking import Api
from tests.supervisor.web.site import RealSite, real_site

if TYPE_CHECKING:
    import asyncpg

EVERY_S = 0.02
HEAD = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"
LOGIN = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
ENDLESS = b"X-Drip: " + b"x" * 10_000


@pytest.fixture
async def site(db: "asyncpg.Pool[Any]", dsn: str) -> AsyncIterator[RealSite]:
    async with real_site(db, dsn) as one:
        one.request_within_s = 0.4
        yield one


@pytest.fixture
def timed_out() -> Iterator[list[str]]:
    """The paths of requests that were answered 408, or hung up on."""
    seen: list[str] = []

    def hear(event: str, fields: Any) -> None:
        if event == "request.answered" and fields["status"] == 408:
            seen.append(str(fields["path"]))

    detach = attach(hear)
    yield seen
    detach()


async def _drip(api: Api, whole: bytes, slow: bytes) -> bytes:
    """Sends the one at once, the other a byte at a time; what came back until the server had enough of it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(api.url.rpartition(":")[2]))
    heard = asyncio.create_task(_hear(reader))
    with suppress(ConnectionError):
        writer.write(whole)
        for at in range(len(slow)):
            if heard.done():
                break
            writer.write(slow[at : at + 1])
            await writer.drain()
            await asyncio.wait([heard], timeout=EVERY_S)
    async with asyncio.timeout(WITHIN_S):
        got = await heard
    writer.transport.abort()
    return got


async def _hear(reader: asyncio.StreamReader) -> bytes:
    got = b""
    with suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            got += data
    return got


async def test_who_sends_nothing_is_hung_up_on(api: Api, timed_out: list[str]) -> None:
    assert await _drip(api, b"", b"") == b""
    assert timed_out == ["(none)"]


async def test_a_head_that_drips_is_not_waited_for_also_on_a_connection_that_was_well_used(
    api: Api, timed_out: list[str]
) -> None:
    assert await _drip(api, HEAD, ENDLESS) == b""
    told = answers(await _drip(api, HEAD + b"\r\n", HEAD + ENDLESS))
    assert [one.status for one in told] == [200]
    assert timed_out == ["(none)"] * 2


async def test_a_body_that_drips_is_answered_408_and_hung_up_on(api: Api, timed_out: list[str]) -> None:
    """Whoever sends it: a stranger, and somebody who may."""
    bearer = f"Authorization: Bearer {api.site.tokens[Role.ADMIN]}\r\n".encode()
    command = (
        b"POST /api/v1/queues/default/pause HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + bearer
    )
    plain = (b"Content-Length: 5000\r\n\r\n", b"{" + b" " * 5000)
    chunked = (b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n{\r\n" + b"1\r\n \r\n" * 5000)
    drips = (_drip(api, head + rest, body) for head in (LOGIN, command) for rest, body in (plain, chunked))
    for got in await asyncio.gather(*drips):
        told = answers(got)
        assert [one.status for one in told] == [408]
        assert b"body: expected all of it within" in told[0].body
    assert sorted(timed_out) == ["/api/v1/auth/login"] * 2 + ["/api/v1/queues/{name}/pause"] * 2
    assert api.failed == []


async def test_a_body_that_nobody_asked_for_is_not_waited_for(api: Api) -> None:
    heads = (HEAD, b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\n", LOGIN + b"Content-Encoding: gzip\r\n")
    drips = (_drip(api, head + b"Content-Length: 5000\r\n\r\n", b"x" * 5000) for head in heads)
    told = [[one.status for one in answers(got)] for got in await asyncio.gather(*drips)]
    assert told == [[200], [401], [415]]


async def test_others_are_served_while_two_hundred_drip(api: Api) -> None:
    """None of them holds anything that others need: no worker, no connection to the database."""
    drips = [asyncio.create_task(_drip(api, HEAD if at % 2 else LOGIN, ENDLESS)) for at in range(200)]
    served = 0
    while not all(drip.done() for drip in drips):
        assert (await api.ask("GET", "/api/v1/jobs", role=Role.VIEWER))[0] == 200
        served += 1
    assert served > 0
    assert {await drip for drip in drips} == {b""}


async def test_a_connection_that_waits_for_its_next_request_and_a_socket_stay_open(api: Api) -> None:
    """Patience ends for heads that have begun alone."""
    port = int(api.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD + b"\r\n")
    headers = {"Authorization": f"Bearer {api.site.tokens[Role.VIEWER]}"}
    async with api.http.ws_connect(f"{api.url}/ws/events", headers=headers) as socket:
        for _ in range(2):  # each takes as long as a head may
            assert await _drip(api, b"", b"") == b""
        await socket.send_str('{"type": "ping"}')
        assert (await socket.receive_json())["type"] == "pong"
    writer.write(HEAD + b"Connection: close\r\n\r\n")
    async with asyncio.timeout(WITHIN_S):
        told = answers(await _hear(reader))
    assert [one.status for one in told] == [200, 200]
    writer.transport.abort()


async def test_who_takes_nothing_of_an_answer_holds_nothing_for_long(api: Api, timed_out: list[str]) -> None:
    """A connection of the database, say, while everything is exported to somebody who does not read."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(sock, ("127.0.0.1", int(api.url.rpartition(":")[2])))
    bearer = api.site.tokens[Role.ADMIN].encode()
    one = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + bearer + b"\r\n\r\n"
    asking = asyncio.create_task(loop.sock_sendall(sock, one * 500))
    async with asyncio.timeout(WITHIN_S):
        while not timed_out:
            assert (await api.ask("GET", "/api/v1/jobs", role=Role.VIEWER))[0] == 200
    assert timed_out == ["(none)"]
    asking.cancel()
    with suppress(ConnectionError, asyncio.CancelledError):
        await asking
    sock.close()
    assert api.failed == []
