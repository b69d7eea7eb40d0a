"""Streams ready rows into a table by binary COPY."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, Protocol

from actors.trials import wire

CHUNK_BYTES = 256 * 1024


class CopyConnection(Protocol):
    """asyncpg's connection, from a pool or not."""

    async def copy_to_table(self, table_name: str, *, source: Any, columns: Any, format: Any) -> str: ...  # noqa: A002


async def copy(db: CopyConnection, table: str, columns: Sequence[str], data: Iterable[bytes]) -> None:
    """`data` is rows in the binary format, cut anywhere, without header and trailer."""
    await db.copy_to_table(table, source=_stream(data), columns=columns, format="binary")


async def _stream(data: Iterable[bytes]) -> AsyncIterator[bytes]:
    waiting, size = [wire.HEADER], 0
    for part in data:
        waiting.append(part)
        size += len(part)
        if size >= CHUNK_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join((*waiting, wire.TRAILER))
