"""The keys that access tokens are signed with: in the database, so that all processes have the same."""

import asyncio
import math
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from actors.governance.accounts import bearer, store
from actors.governance.accounts.bearer import Key

if TYPE_CHECKING:
    import asyncpg

FRESH_S = 30.0  # for which a key that another process has retired still signs here
UNKNOWN_S = 1.0  # the database is asked for an unknown key at most so often, whoever makes up how many
BELIEVED = timedelta(days=2)  # what a retired key has signed; longer than any access token lives
SALT_BYTES = 32


class Keys:
    """Read now and then. `masters`: secrets outside of the database, the newest first."""

    def __init__(
        self, pool: "asyncpg.Pool[Any]", masters: Sequence[str] = (), *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._pool, self._masters, self._clock = pool, tuple(masters), clock
        self._keys: dict[str, Key] = {}
        self._read_s = self._missed_s = -math.inf
        self._turn = asyncio.Lock()

    async def signing(self) -> Key:
        """The newest; makes the first one ever."""
        await self.known(None)
        if not self._keys:
            async with self._pool.acquire() as db, db.transaction():
                await store.add_first_key(db, *new_key(), datetime.now(UTC))
            await self._read(self._clock())
        return next(iter(self._keys.values()))

    async def known(self, id_: str | None) -> Mapping[str, Key]:
        """Every key that is believed; looks again for one that is not there: another process may have just made it."""
        if self._clock() - self._read_s < FRESH_S and (id_ is None or id_ in self._keys):
            return self._keys
        async with self._turn:
            now_s = self._clock()
            is_old, is_missed = now_s - self._read_s >= FRESH_S, id_ is not None and id_ not in self._keys
            if is_old:
                await self._read(now_s)
            elif is_missed and now_s - self._missed_s >= UNKNOWN_S:
                self._missed_s = now_s
                await self._read(now_s)
            return self._keys

    async def _read(self, now_s: float) -> None:
        kept = await store.keys(self._pool, datetime.now(UTC) - BELIEVED)
        self._keys = {id_: bearer.key_of(id_, salt, self._masters) for id_, salt in kept}
        self._read_s = now_s


def new_key() -> tuple[str, bytes]:
    """An id that says nothing, and a salt."""
    return secrets.token_hex(8), secrets.token_bytes(SALT_BYTES)


async def rotate(pool: "asyncpg.Pool[Any]") -> str:
    """From now on a fresh key signs; what older ones signed is believed until it ends. Its id."""
    now = datetime.now(UTC)
    id_, salt = new_key()
    async with pool.acquire() as db, db.transaction():
        await store.rotate(db, id_, salt, now)
        await store.trim_keys(db, now - BELIEVED)
    return id_
