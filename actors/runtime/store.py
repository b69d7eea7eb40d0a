"""What politeness keeps in the database: the last slot of each limit, and what pages looked like last."""

from collections.abc import Awaitable
from typing import Any, Protocol

from actors.runtime.politeness import Limit, Validators, spacing_s
from schema import query


class Database(Protocol):
    """An asyncpg pool or connection."""

    def execute(self, query: str, *args: object) -> Awaitable[str]: ...

    def fetch(self, query: str, *args: object) -> Awaitable[list[Any]]: ...

    def fetchrow(self, query: str, *args: object) -> Awaitable[Any]: ...

    def fetchval(self, query: str, *args: object) -> Awaitable[Any]: ...


async def reserve_slot(db: Database, limit: Limit, patience_s: float) -> float | None:
    """Seconds from now to the slot that is now ours; None, and nothing taken, if that is beyond patience."""
    wait_s: float | None = await db.fetchval(
        query("fetch.reserve_slot"), limit.name, limit.per_min, spacing_s(limit.per_min), patience_s
    )
    return wait_s


async def slot_free_in_s(db: Database, limit: Limit) -> float:
    """Seconds from now to the next free slot, taking none."""
    wait_s: float = await db.fetchval(query("fetch.slot_free_in"), limit.name, spacing_s(limit.per_min))
    return wait_s


async def close_limit(db: Database, limit: Limit, for_s: float) -> None:
    """Nobody calls under this limit for a while: the source asked for it."""
    await db.execute(query("fetch.close_limit"), limit.name, limit.per_min, for_s)


async def closed_for_s(db: Database, limit: Limit) -> float:
    """Seconds until this limit opens again, 0 if it is open."""
    wait_s: float = await db.fetchval(query("fetch.closed_for"), limit.name)
    return wait_s


async def validators(db: Database, url: str) -> Validators | None:
    """What a page looked like when it was last kept; None if it never was."""
    row = await db.fetchrow(query("fetch.validators"), url)
    return Validators(**row) if row else None


async def keep_validators(db: Database, url: str, seen: Validators) -> None:
    """Writes down what a page looks like now, in the transaction that keeps what was read from it.

    Kept any earlier, a crash in between would have the page come back as unchanged, and its content never.
    """
    await db.execute(query("fetch.keep_validators"), url, seen.etag, seen.last_modified)
