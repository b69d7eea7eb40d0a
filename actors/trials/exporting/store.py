"""The mirror read for an export, in a transaction of one moment."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

from actors.trials.exporting.plan import IDS_A_BLOCK, Block
from schema import query

AT_ONCE = 200  # rows; some 4 MB


class Database(Protocol):
    """asyncpg's connection, in a transaction."""

    async def fetch(self, query: str, *args: Any) -> list[Any]: ...
    def cursor(self, query: str, *args: Any, prefetch: int | None = None) -> Any: ...


async def blocks(db: Database, registries: Sequence[str] | None = None) -> list[Block]:
    """Every block that there is."""
    given = None if registries is None else list(registries)
    return [Block(**row) for row in await db.fetch(query("exporting.blocks"), IDS_A_BLOCK, given)]


async def lines(db: Database, block: Block) -> AsyncIterator[str]:
    """The trials of a block, each as a line of JSON."""
    first = block.block * IDS_A_BLOCK
    given = (block.registry, block.year, first, first + IDS_A_BLOCK)
    async for row in db.cursor(query("exporting.rows"), *given, prefetch=AT_ONCE):
        yield row["line"]
