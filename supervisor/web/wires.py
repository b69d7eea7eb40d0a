"""Connections of those who watch: bytes that are the same for all of them, written without waiting for anybody."""

import asyncio
from typing import Protocol

from supervisor.frames import Frame, chunk, closing

GOODBYE_WITHIN_S = 2.0  # what a client that reads may take to hear why it is dropped
PING = chunk(b": ping\n\n")


class Transport(Protocol):
    """asyncio's and uvloop's."""

    def write(self, data: bytes) -> None: ...
    def get_write_buffer_size(self) -> int: ...
    def is_closing(self) -> bool: ...
    def abort(self) -> None: ...


class _Wire:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def unread_bytes(self) -> int:
        return 0 if self._transport.is_closing() else self._transport.get_write_buffer_size()

    def _put(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def _end(self) -> None:
        """At once for one that does not read: it would not hear of it."""
        if self.unread_bytes():
            self._transport.abort()
        else:
            asyncio.get_running_loop().call_later(GOODBYE_WITHIN_S, self._transport.abort)


class SocketWire(_Wire):
    """A WebSocket. aiohttp writes to it too (pings, the answer to a close), each time a whole frame."""

    def write(self, frame: Frame) -> None:
        self._put(frame.frame)

    def drop(self, code: int, reason: str) -> None:
        """The client hears why, if it reads."""
        self._put(closing(code, reason))
        self._end()


class StreamWire(_Wire):
    """Server-sent events, in an answer of chunks."""

    def __init__(self, transport: Transport, gone: asyncio.Event) -> None:
        super().__init__(transport)
        self._gone = gone

    def write(self, frame: Frame) -> None:
        self._put(frame.chunk)

    def ping(self) -> None:
        """A comment: what is between us closes no connection that says nothing."""
        self._put(PING)

    def drop(self, code: int, reason: str) -> None:
        self._put(Frame(b'{"type":"closed","code":%d,"reason":"%b"}' % (code, reason.encode())).chunk)
        self._gone.set()
        self._end()
