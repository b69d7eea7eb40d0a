"""Those who watch, in a process of their own: as many WebSockets as there are tokens, and how late each event comes.

    python -m bench.listeners --url … --rooms service < tokens

Says `ready` once all are in their rooms. Then each line that it reads is a command: `begin` forgets what came so far,
`tell` prints what came since as JSON; at the end of its input it ends. A silent one connects and never reads.
"""

import argparse
import asyncio
import json
import socket
import struct
import sys
import time
from collections.abc import Sequence
from typing import cast
from urllib.parse import urlsplit

import orjson
import uvloop

from bench.measure import percentile

AT_ONCE = 20  # that connect side by side
PING, PONG, TEXT = 0x9, 0xA, 0x1


class Counted:
    """What came to all of them."""

    def __init__(self) -> None:
        self.late_s: list[float] = []
        self.frames = 0
        self.lost = 0


class Listener(asyncio.Protocol):
    """One WebSocket; only as much of RFC 6455 as a server like ours sends."""

    def __init__(self, counted: Counted, request: bytes) -> None:
        self._counted, self._request = counted, request
        self._buffer = b""
        self._is_open = False
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self.transport.write(self._request)

    def connection_lost(self, error: Exception | None) -> None:
        self._counted.lost += 1
        if not self.joined.done():
            self.joined.set_exception(ConnectionError(f"closed before it was in its room: {self._buffer[:200]!r}"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._is_open:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            if b" 101 " not in head:
                self.joined.set_exception(ConnectionError(head.decode(errors="replace")))
                return
            self._is_open, self._buffer = True, rest
        while (frame := self._take()) is not None:
            self._read(*frame)

    def _take(self) -> tuple[int, bytes] | None:
        if len(self._buffer) < 2:
            return None
        opcode, length, at = self._buffer[0] & 0xF, self._buffer[1], 2
        if length >= 126:
            size = 2 if length == 126 else 8
            if len(self._buffer) < 2 + size:
                return None
            length, at = int.from_bytes(self._buffer[2 : 2 + size]), 2 + size
        if len(self._buffer) < at + length:
            return None
        payload, self._buffer = self._buffer[at : at + length], self._buffer[at + length :]
        return opcode, payload

    def _read(self, opcode: int, payload: bytes) -> None:
        if opcode == PING and self.transport is not None:
            self.transport.write(struct.pack("!BB4s", 0x80 | PONG, 0x80, b"\0\0\0\0"))
        if opcode != TEXT:
            return
        now, told = time.monotonic(), orjson.loads(payload)
        if told["type"] == "events":
            self._counted.frames += 1
            self._counted.late_s += [now - one["data"]["sent"] for one in told["events"]]
        elif told["type"] == "joined":
            self.joined.set_result(None)
        elif told["type"] == "refused":
            self.joined.set_exception(ConnectionError(f"refused: {told}"))


def request(host: str, rooms: str, token: str) -> bytes:
    return (
        f"GET /ws/events?rooms={rooms} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Authorization: Bearer {token}\r\n\r\n"
    ).encode()


async def connect(url: str, rooms: str, tokens: Sequence[str], counted: Counted) -> None:
    parts, loop, gate = urlsplit(url), asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE)
    host, port = str(parts.hostname), parts.port or 80

    async def one(token: str) -> None:
        asked = request(parts.netloc, rooms, token)
        async with gate:
            _, protocol = await loop.create_connection(lambda: Listener(counted, asked), host, port)
            await protocol.joined

    await asyncio.gather(*(one(token) for token in tokens))


async def silent(url: str, rooms: str, token: str) -> socket.socket:
    """One that asks, and never reads."""
    parts, loop = urlsplit(url), asyncio.get_running_loop()
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.setblocking(False)
    await loop.sock_connect(one, (parts.hostname, parts.port))
    await loop.sock_sendall(one, request(parts.netloc, rooms, token))
    return one


async def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.listeners", description="Those who watch.")
    parser.add_argument("--url", required=True)
    parser.add_argument("--rooms", required=True)
    given = parser.parse_args(arguments)
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    tokens = (await reader.readline()).decode().split()
    counted = Counted()
    await connect(given.url, given.rooms, tokens, counted)
    print("ready", flush=True)
    while command := (await reader.readline()).strip():
        if command == b"begin":
            counted.late_s, counted.frames = [], 0
        late = sorted(counted.late_s)
        shares = {"p50_ms": 0.5, "p99_ms": 0.99, "max_ms": 1.0}
        told = {"events": len(late), "frames": counted.frames, "lost": counted.lost}
        print(json.dumps(told | {name: 1000 * percentile(late, share) for name, share in shares.items()}), flush=True)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
