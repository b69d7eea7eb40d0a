"""Which part of a file a request asks for (RFC 9110, section 14). No I/O."""

import re
from dataclasses import dataclass

_ONE = re.compile(r"bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})", re.I)


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes from `start`, up to and without `end`."""

    start: int
    end: int

    @property
    def size_bytes(self) -> int:
        return self.end - self.start


class NoSuchPart(Exception):
    """What is asked for begins behind the end of the file, or is empty."""


def span_of(asked: str | None, size_bytes: int) -> Span | None:
    """The part; None for all of it, also where several parts are asked for, or something else. Raises NoSuchPart."""
    match = _ONE.fullmatch(asked.strip()) if asked else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        start, end = max(0, size_bytes - int(last)), size_bytes
    else:
        start, end = int(first), min(int(last) + 1, size_bytes) if last else size_bytes
        if last and int(last) < int(first):
            return None
    if start >= end:
        raise NoSuchPart
    return Span(start, end)


def names(header: str | None, etag: str, *, weakly: bool) -> bool:
    """Whether an If-None-Match (which may compare `weakly`) or an If-Range names this entity tag."""
    if header is None:
        return False
    told = [one.strip() for one in header.split(",")]
    if weakly:
        told = [one.removeprefix("W/") for one in told]
    return f'"{etag}"' in told or (weakly and told == ["*"])
