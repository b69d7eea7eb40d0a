"""What was found lately, for those who ask the same again: each answer for a while, of each database its own."""

import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

import asyncpg
from asyncpg.pool import PoolConnectionProxy

T = TypeVar("T")


class OnOne:
    """One connection for all statements of a search; what is kept of it is kept of the pool that it came from."""

    def __init__(self, connection: Any, pool: object) -> None:
        self.pool = pool
        self.fetch = connection.fetch
        self.fetchrow = connection.fetchrow
        self.fetchval = connection.fetchval
        self.execute = connection.execute


# In one round trip, as asyncpg's own transaction does not.
_BEGIN = "begin read only; set local plan_cache_mode = force_generic_plan; set local jit = off"


@asynccontextmanager
async def on_one(pool: Any) -> AsyncIterator[Any]:
    """A connection of a pool, on which each statement is planned once, whatever is asked; what is no pool stays.

    The statements of a search are long, and their plans do not depend on what is asked. PostgreSQL plans each anew five
    times before it trusts that: on twenty connections that is most of the work for a while.
    """
    if not hasattr(pool, "acquire"):
        yield pool
        return
    async with pool.acquire() as connection:
        await connection.execute(_BEGIN)
        try:
            yield OnOne(connection, pool)
        finally:
            await connection.execute("rollback")  # nothing was written


class Lately(Generic[T]):
    """Answers by question; of more than `most` those go that were asked for longest ago.

    Kept of pools alone: a connection may be in a transaction that sees something else.
    """

    def __init__(self, most: int, lasts_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._lasts_s, self._clock = most, lasts_s, clock
        self._of: WeakKeyDictionary[object, OrderedDict[Hashable, tuple[float, T]]] = WeakKeyDictionary()

    def get(self, db: object, question: Hashable) -> T | None:
        """None where nothing is kept, or not any more."""
        kept = self._book(db)
        if kept is None or (found := kept.get(question)) is None:
            return None
        until, answer = found
        if self._clock() >= until:
            del kept[question]
            return None
        kept.move_to_end(question)
        return answer

    def keep(self, db: object, question: Hashable, answer: T) -> None:
        kept = self._book(db)
        if kept is None:
            return
        kept[question] = (self._clock() + self._lasts_s, answer)
        kept.move_to_end(question)
        if len(kept) > self._most:
            kept.popitem(last=False)

    def _book(self, db: object) -> OrderedDict[Hashable, tuple[float, T]] | None:
        db = db.pool if isinstance(db, OnOne) else db
        if isinstance(db, asyncpg.Connection | PoolConnectionProxy) or not hasattr(db, "__weakref__"):
            return None  # asyncpg's own pool cannot be referred to weakly
        return self._of.setdefault(db, OrderedDict())
