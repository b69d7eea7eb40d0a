"""PostgreSQL's binary COPY format: values as the fields of a row. No I/O.

A field is its length (int32, -1 for null) and its bytes; a row is the number of its fields (int16) and the fields.
Rows made of ready bytes can be put together, and sent, without looking into them.
Format: PostgreSQL manual, COPY, "Binary Format"; each type's own `…recv` function.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from struct import Struct

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # no flags, no extension
TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"

_EPOCH_DAY = date(2000, 1, 1).toordinal()
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_TEXT_OID = 25
_INT4_OID = 23
_EMPTY_ARRAY = Struct(">iiii").pack(12, 0, 0, _TEXT_OID)

_int32 = Struct(">i").pack
_int4 = Struct(">ii").pack
_int8 = Struct(">iq").pack
_float8 = Struct(">id").pack
_count = Struct(">h").pack
_array_head = Struct(">iiiiii").pack


def row(*fields: bytes) -> bytes:
    return _count(len(fields)) + b"".join(fields)


def raw(value: bytes | None) -> bytes:
    return NULL if value is None else _int32(len(value)) + value


def text(value: str | None) -> bytes:
    """Raises UnicodeEncodeError for a lone surrogate. PostgreSQL refuses NUL; the caller looks for it."""
    if value is None:
        return NULL
    data = value.encode()
    return _int32(len(data)) + data


@lru_cache(maxsize=4096)
def word(value: str | None) -> bytes:
    """As text, for values of which there are few."""
    return text(value)


def integer(value: int) -> bytes:
    """Raises struct.error beyond 32 bits."""
    return _int4(4, value)


def bigint(value: int | None) -> bytes:
    """Raises struct.error beyond 64 bits."""
    return NULL if value is None else _int8(8, value)


def float8(value: float) -> bytes:
    return _float8(8, value)


def boolean(value: bool | None) -> bytes:
    return NULL if value is None else b"\0\0\0\1" + (b"\1" if value else b"\0")


@lru_cache(maxsize=65_536)
def day(value: date | None) -> bytes:
    return NULL if value is None else _int4(4, value.toordinal() - _EPOCH_DAY)


def instant(value: datetime) -> bytes:
    return _int8(8, (value - _EPOCH) // timedelta(microseconds=1))


def texts(values: Sequence[str]) -> bytes:
    """text[], of one dimension."""
    if not values:
        return _EMPTY_ARRAY
    items = b"".join(map(text, values))
    return _array_head(20 + len(items), 1, 0, _TEXT_OID, len(values), 1) + items


def bigints(values: Sequence[int]) -> bytes:
    """bigint[], of one dimension."""
    items = b"".join(map(bigint, values))
    return raw(Struct(">iiiii").pack(1, 0, 20, len(values), 1) + items) if values else raw(bytes(8) + _int32(20))


def integers(values: Sequence[int]) -> bytes:
    """integer[], of one dimension. Raises struct.error beyond 32 bits."""
    if not values:
        return raw(bytes(8) + _int32(_INT4_OID))
    items = b"".join(map(integer, values))
    return _array_head(20 + len(items), 1, 0, _INT4_OID, len(values), 1) + items


def json(data: bytes) -> bytes:
    """jsonb, from JSON as bytes."""
    return _int32(len(data) + 1) + b"\1" + data


def index_words(values: Iterable[str]) -> bytes:
    """tsvector without places, from words that are sorted and each there once, 2046 bytes at most."""
    lexemes = [value.encode() + b"\0\0\0" for value in values]
    return raw(_int32(len(lexemes)) + b"".join(lexemes))
