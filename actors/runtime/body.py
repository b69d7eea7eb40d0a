"""Reads the body of an answer, and never more of it than was agreed: on the wire, and unpacked."""

import zlib

import aiohttp

from actors.errors import Refusal
from actors.runtime.politeness import SourceUnavailable

STEP_BYTES = 1 << 20  # unpacked at once: about 2 ms of the event loop
WINDOW_BYTES = 1 << 14  # given to zlib at once: what it does not take it copies, again and again where pieces are small
MOST_MEMBERS = 10_000  # pieces of a gzip body; packed in blocks of 64 KB, the largest answer has a thousand


class BodyTooLarge(Refusal):
    """An answer is larger than agreed, as sent or unpacked, or comes in too many pieces; it was not read to its end."""

    def __init__(self, max_bytes: int, reason: str | None = None) -> None:
        super().__init__(reason or f"the answer is larger than the agreed {max_bytes} bytes")
        self.max_bytes = max_bytes


class BodyTruncated(SourceUnavailable):
    """An answer broke off, or cannot be unpacked."""


async def read_body(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    """The whole body, unpacked. Raises BodyTooLarge, BodyTruncated; SourceUnavailable for a foreign packing.

    The session must leave bodies packed (`auto_decompress=False`): what a bomb grows to is decided here.
    """
    if (response.content_length or 0) > max_bytes:
        raise BodyTooLarge(max_bytes)
    unpack = unpacker(response.headers.get("Content-Encoding", ""), max_bytes)
    parts: list[bytes] = []
    try:
        async for packed in response.content.iter_any():
            parts.append(unpack.feed(packed))
    except aiohttp.ClientPayloadError as error:
        raise BodyTruncated("the answer broke off", status=response.status) from error
    unpack.end()
    return b"".join(parts)


def unpacker(encoding: str, max_bytes: int) -> "Plain | Inflate":
    """What undoes a Content-Encoding. Raises SourceUnavailable for one that we did not ask for."""
    match encoding.strip().lower():
        case "" | "identity":
            return Plain(max_bytes)
        case "gzip" | "x-gzip" | "deflate":
            return Inflate(max_bytes)
        case other:
            raise SourceUnavailable(f"the answer is packed as {other!r}, unasked for", again=False)


class Plain:
    """Counts what is not packed."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._left = max_bytes

    def feed(self, data: bytes) -> bytes:
        self._left -= len(data)
        if self._left < 0:
            raise BodyTooLarge(self._max_bytes)
        return data

    def end(self) -> None:
        """Whether the body is complete is known from the framing alone."""


class Inflate:
    """Unpacks gzip (also several members in a row), zlib, and deflate without a header: servers send all."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._left = max_bytes
        self._wire_left = max_bytes
        self._members_left = MOST_MEMBERS
        self._stream: zlib._Decompress | None = None

    def feed(self, data: bytes) -> bytes:
        """What these bytes unpack to. Raises BodyTooLarge before it holds more than agreed, BodyTruncated."""
        self._wire_left -= len(data)
        if self._wire_left < 0:
            raise BodyTooLarge(self._max_bytes)
        parts: list[bytes] = []
        for at in range(0, len(data), WINDOW_BYTES):
            self._unpack(data[at : at + WINDOW_BYTES], parts)
        return b"".join(parts)

    def _unpack(self, data: bytes, parts: list[bytes]) -> None:
        while data:
            stream = self._stream = self._stream or self._open(data)
            try:
                part = stream.decompress(data, min(self._left + 1, STEP_BYTES))
            except zlib.error as error:
                raise BodyTruncated(f"the answer cannot be unpacked: {error}") from error
            self._left -= len(part)
            if self._left < 0:
                raise BodyTooLarge(self._max_bytes)
            parts.append(part)
            data = stream.unused_data if stream.eof else stream.unconsumed_tail
            if stream.eof:
                self._stream = None

    def _open(self, data: bytes) -> "zlib._Decompress":
        self._members_left -= 1
        if self._members_left < 0:
            raise BodyTooLarge(self._max_bytes, f"the answer is packed in more than {MOST_MEMBERS} pieces")
        return _stream_for(data)

    def end(self) -> None:
        """Raises BodyTruncated if more was to come."""
        if self._stream is not None:
            raise BodyTruncated("the packed answer broke off")


def _stream_for(data: bytes) -> "zlib._Decompress":
    # The first byte tells: 0x1f opens gzip; the low half of a zlib header is 8; else it is deflate alone.
    headless = data[0] != 0x1F and data[0] & 0x0F != 8
    return zlib.decompressobj(-zlib.MAX_WBITS if headless else zlib.MAX_WBITS | 32)
