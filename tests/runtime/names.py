"""A name server on this machine that answers as it is told, and a resolver that asks it."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address

from actors.runtime.guard import Resolve

A, AAAA, IN = 1, 28, 1
TTL_S = 0


@dataclass(slots=True)
class Names(asyncio.DatagramProtocol):
    """`answers` are given in turn, the last one for ever after; `asked` are the names in order."""

    answers: list[Sequence[str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    port: int = 0
    _transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # of datagrams, by the endpoint that it is made for

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self._transport is not None
        self.asked.append(_name(data)[0])
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self._transport.sendto(_reply(data, addresses), addr)


def _name(message: bytes) -> tuple[str, int]:
    """The name that is asked for, and where it ends."""
    labels, at = [], 12
    while length := message[at]:
        labels.append(message[at + 1 : at + 1 + length].decode())
        at += 1 + length
    return ".".join(labels), at + 1


def _reply(query: bytes, addresses: Sequence[str]) -> bytes:
    end = _name(query)[1] + 4
    head = query[:2] + struct.pack(">HHHHH", 0x8180, 1, len(addresses), 0, 0)
    records = b""
    for text in addresses:
        packed = ip_address(text).packed
        kind = A if len(packed) == 4 else AAAA
        records += struct.pack(">HHHIH", 0xC00C, kind, IN, TTL_S, len(packed)) + packed
    return head + query[12:end] + records


@asynccontextmanager
async def name_server(*answers: Sequence[str]) -> AsyncIterator[tuple[Names, Resolve]]:
    """A server that gives these answers in turn, and who asks it, as the system's resolver asks its own."""
    loop = asyncio.get_running_loop()
    transport, names = await loop.create_datagram_endpoint(lambda: Names(list(answers)), local_addr=("127.0.0.1", 0))
    names.port = transport.get_extra_info("sockname")[1]

    async def resolve(host: str, port: int) -> Sequence[str]:
        return await asyncio.to_thread(_ask, names.port, host)

    try:
        yield names, resolve
    finally:
        transport.close()


def _ask(port: int, host: str) -> Sequence[str]:
    question = b"".join(bytes([len(one)]) + one.encode() for one in host.split(".")) + b"\0"
    message = b"\x12\x34" + struct.pack(">HHHHH", 0x0100, 1, 0, 0, 0) + question + struct.pack(">HH", A, IN)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(5)
        one.sendto(message, ("127.0.0.1", port))
        reply = one.recv(4096)
    return _addresses(reply)


def _addresses(reply: bytes) -> list[str]:
    (number,) = struct.unpack(">H", reply[6:8])
    at, found = _name(reply)[1] + 4, []
    for _ in range(number):
        (length,) = struct.unpack(">H", reply[at + 10 : at + 12])
        found.append(str(ip_address(reply[at + 12 : at + 12 + length])))
        at += 12 + length
    return found
