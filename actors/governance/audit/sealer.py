"""The sealer: gives entries of the audit their places in the chain, in batches; one process at a time does."""

from typing import TYPE_CHECKING, Any

from actors.governance.audit import store
from actors.runtime.life import Life, pause
from actors.runtime.telemetry import emit

if TYPE_CHECKING:
    import asyncpg

EVERY_S = 0.5


class Sealer:
    """An actor; every process has one."""

    def __init__(self, pool: "asyncpg.Pool[Any]", *, every_s: float = EVERY_S) -> None:
        self._pool = pool
        self._every_s = every_s

    async def run(self, life: Life) -> None:
        while not life.draining.is_set():
            life.beat()
            await seal_all(self._pool)
            await pause(life, self._every_s)


async def seal_all(pool: "asyncpg.Pool[Any]") -> int:
    """Seals until nothing waits, or another process does it; how many entries this one sealed."""
    sealed = 0
    while True:
        async with pool.acquire() as db, db.transaction():
            made = await store.seal(db)
        sealed += made or 0
        if not made or made < store.PAGE:
            break
    if sealed:
        emit("audit.sealed", number=sealed)
    return sealed
