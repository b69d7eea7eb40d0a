"""What goes to those who watch, as bytes: encoded once, however many get it. No I/O."""

import struct
from collections.abc import Mapping, Sequence

import orjson

from actors.events.event import Event, last_id

MOST_EVENTS = 10  # in one frame


class Frame:
    """A message, as a WebSocket and as a stream of server-sent events carry it: the same bytes for all.

    Frames of a server are not masked, and chunks of HTTP bear no name, so nothing in them is one client's own.
    """

    __slots__ = ("_chunk", "_frame", "id", "json")

    def __init__(self, json: bytes, id: int | None = None) -> None:  # noqa: A002 - as the protocol names it
        self.json = json
        self.id = id  # of the last event of the log that is in it
        self._frame: bytes | None = None
        self._chunk: bytes | None = None

    @property
    def frame(self) -> bytes:
        """Of a WebSocket, RFC 6455 section 5.2: final, text."""
        if self._frame is None:
            self._frame = _header(len(self.json)) + self.json
        return self._frame

    @property
    def chunk(self) -> bytes:
        """Of an answer in chunks, with one event of a stream; only what is in the log has an id to come back with."""
        if self._chunk is None:
            id_line = b"" if self.id is None else b"id: %d\n" % self.id
            self._chunk = chunk(id_line + b"data: " + self.json + b"\n\n")
        return self._chunk


def chunk(data: bytes) -> bytes:
    """A chunk of an HTTP/1.1 answer."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def _header(length: int) -> bytes:
    if length < 126:
        return struct.pack("!BB", 0x81, length)
    if length < 1 << 16:
        return struct.pack("!BBH", 0x81, 126, length)
    return struct.pack("!BBQ", 0x81, 127, length)


def closing(code: int, reason: str) -> bytes:
    """The frame that closes a WebSocket and says why."""
    body = struct.pack("!H", code) + reason.encode()[:120]
    return struct.pack("!BB", 0x88, len(body)) + body


def of_events(events: Sequence[Event]) -> list[Frame]:
    """At most ten events in each."""
    return [_events(events[at : at + MOST_EVENTS]) for at in range(0, len(events), MOST_EVENTS)]


def _events(events: Sequence[Event]) -> Frame:
    last = last_id(events)
    id_ = b"" if last is None else b'"id":%d,' % last
    return Frame(b'{"type":"events",%b"events":[%b]}' % (id_, b",".join(one.json for one in events)), last)


def of_state(room: str, topics: Mapping[str, bytes]) -> Frame:
    """The latest of each topic, of values that are JSON already."""
    told = b",".join(b"%b:%b" % (orjson.dumps(name), value) for name, value in topics.items())
    return Frame(b'{"type":"state","room":%b,"topics":{%b}}' % (orjson.dumps(room), told))


def of_message(type_: str, **fields: object) -> Frame:
    """Anything else; a field that is None is left out."""
    return Frame(orjson.dumps({"type": type_} | {name: value for name, value in fields.items() if value is not None}))
