"""The keys that access tokens are signed with: in the database, so that all processes have the same."""

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
        self._read_s: float | None = None

    async def signing(self) -> Key:
        """The newest; makes the first one ever."""
        await self._refresh(FRESH_S)
        if not self._keys:
            async with self._pool.acquire() as db, db.transaction():
                await store.add_first_key(db, *new_key(), datetime.now(UTC))
            await self._refresh(0.0)
        return next(iter(self._keys.values()))

    async def known(self, id_: str) -> Mapping[str, Key]:
        """Every key that is believed; looks again for one that is not there."""
        await self._refresh(FRESH_S if id_ in self._keys else UNKNOWN_S)
        return self._keys

    async def _refresh(self, older_than_s: float) -> None:
        now_s = self._clock()
        if self._read_s is not None and now_s - self._read_s < older_than_s:
            return
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
