"""Gates in the database: whoever comes to a step waits there, so that it can be killed in the midst of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from tests.survive.processes import until

KEY = 7_001  # of the advisory lock that the gate is
FUNCTION = f"""
    create or replace function wait_at_gate() returns trigger language plpgsql as $$
    begin
        perform pg_advisory_xact_lock_shared({KEY});
        return new;
    end $$
"""
WAITING = "select pid from pg_locks where locktype = 'advisory' and objid = $1 and not granted"


@dataclass(slots=True)
class Gate:
    db: "asyncpg.Connection[Any]"
    table: str

    async def reached(self) -> int:
        """Waits until somebody stands at the gate: the process of PostgreSQL that does."""
        return int(await until(lambda: self.db.fetchval(WAITING, KEY)))

    async def unlock(self) -> None:
        """Lets those that wait go on, and whoever comes later; waits for nobody who holds the table."""
        await self.db.execute("select pg_advisory_unlock($1)", KEY)

    async def open(self, *, cut_off: bool) -> None:
        """Lets those that wait go on, unless they are cut off; whoever comes later passes."""
        if cut_off:
            for waiting in await self.db.fetch(WAITING, KEY):
                await self.db.execute("select pg_terminate_backend($1, 10000)", waiting["pid"])
        await self.unlock()
        await self.db.execute(f"drop trigger if exists gate on {self.table}")


@asynccontextmanager
async def gate(dsn: str, table: str, step: str, when: str) -> AsyncIterator[Gate]:
    """A gate before a step on the rows of a table: "insert", or "update" with a condition on `old` and `new`."""
    db = await asyncpg.connect(dsn)
    try:
        await db.execute("select pg_advisory_lock($1)", KEY)
        await db.execute(FUNCTION)
        await db.execute(
            f"create trigger gate before {step} on {table} for each row when ({when}) execute function wait_at_gate()"
        )
        yield Gate(db, table)
    finally:
        db.terminate()
