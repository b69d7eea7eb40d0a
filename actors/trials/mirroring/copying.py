"""Streams ready rows into a table by binary COPY."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Protocol

import asyncpg

from actors.errors import Unavailable
from actors.trials import wire

CHUNK_BYTES = 256 * 1024
COPY_WITHIN_S = 120.0  # the rows of a page into one table take well below a second


class CopyBroken(Unavailable):
    """The connection was lost in the midst of a COPY, or took nothing more for too long."""


class CopyConnection(Protocol):
    """asyncpg's connection, from a pool or not."""

    async def copy_to_table(self, table_name: str, *, source: Any, columns: Any, format: Any) -> str: ...  # noqa: A002 - asyncpg's word
    def add_termination_listener(self, callback: Callable[..., Any]) -> None: ...
    def remove_termination_listener(self, callback: Callable[..., Any]) -> None: ...
    def terminate(self) -> None: ...


async def copy(db: CopyConnection, table: str, columns: Sequence[str], data: Iterable[bytes]) -> None:
    """`data` is rows in the binary format, cut anywhere, without header and trailer. Raises CopyBroken.

    While the server takes no more, asyncpg waits for leave to write, without a time limit, and nobody wakes it when
    the connection is lost meanwhile: so that is watched here.
    """
    copying = asyncio.ensure_future(db.copy_to_table(table, source=_stream(data), columns=columns, format="binary"))
    lost = asyncio.Event()

    def break_off(_: object) -> None:
        lost.set()
        copying.cancel()

    db.add_termination_listener(break_off)
    try:
        async with asyncio.timeout(COPY_WITHIN_S):
            await copying
    except TimeoutError as error:
        db.terminate()  # else it would be waited for once more when it goes back to the pool
        raise CopyBroken(f"{table} took no more rows for {COPY_WITHIN_S:g} s") from error
    except asyncio.CancelledError:
        if not lost.is_set():
            raise
        raise CopyBroken(f"the connection was lost in the midst of a COPY into {table}") from None
    finally:
        with suppress(asyncpg.InterfaceError):  # the pool has taken it back already: it is lost
            db.remove_termination_listener(break_off)


async def _stream(data: Iterable[bytes]) -> AsyncIterator[bytes]:
    waiting, size = [wire.HEADER], 0
    for part in data:
        waiting.append(part)
        size += len(part)
        if size >= CHUNK_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join((*waiting, wire.TRAILER))
