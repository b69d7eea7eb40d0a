"""JSON whose shape nobody promises: what stands where it is looked for is read, anything else is missing. No I/O."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from actors.trials.normalise import NotReadable

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Loose:
    """A value of JSON, asked by the names of its members."""

    value: Any = None

    def __bool__(self) -> bool:
        """Whether anything stands here: an empty object counts, null does not."""
        return self.value is not None

    def at(self, *path: str) -> "Loose":
        value = self.value
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return Loose(value)

    def each(self, *path: str) -> Iterator["Loose"]:
        """The members of an array; a lone value is an array of one."""
        value = self.at(*path).value
        if isinstance(value, list):
            yield from map(Loose, value)
        elif value is not None:
            yield Loose(value)

    def members(self, *path: str) -> Iterator[tuple[str, "Loose"]]:
        value = self.at(*path).value
        if isinstance(value, dict):
            yield from ((name, Loose(one)) for name, one in value.items())

    def text(self, *path: str) -> str | None:
        """As it is written; a number in digits; None for what is blank or no scalar."""
        match self.at(*path).value:
            case str() as text if text.strip():
                return text
            case bool():
                return None
            case int() | float() as number:
                return f"{number}"
        return None

    def texts(self, *path: str) -> Iterator[str]:
        yield from (text for one in self.each(*path) if (text := one.text()))

    def flag(self, *path: str) -> bool | None:
        value = self.at(*path).value
        return value if isinstance(value, bool) else None

    def whole(self, *path: str) -> int | None:
        """A whole number, also one in digits."""
        match self.at(*path).value:
            case bool():
                return None
            case int() as number:
                return number
            case float() as number if math.isfinite(number) and number.is_integer():
                return int(number)
            case str() as text if text.strip().isascii() and text.strip().isdigit() and len(text) < 20:
                return int(text)
        return None


def loose_json(raw: bytes) -> Loose:
    """What `raw` holds. Raises NotReadable: for no JSON, and for what PostgreSQL cannot hold."""
    body = raw.removeprefix(_BOM)
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise NotReadable(f"is not valid UTF-8: byte {error.start}") from error
    if rb"\u0000" in body and _NUL.search(body):
        raise NotReadable("holds the character U+0000, which PostgreSQL text cannot hold")
    try:
        value = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise NotReadable(str(error)) from error
    except RecursionError as error:
        raise NotReadable("is nested too deep") from error
    return Loose(value)
