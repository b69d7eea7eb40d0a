"""What is held of one person, row by row, and erasing it. `db` is a connection in a transaction that sees all."""

import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any, Protocol

from actors.governance.persons import ERASED_BY, PLACES, Person
from schema import query

AT_ONCE = 100  # rows


class Database(Protocol):
    """asyncpg's connection, in a transaction."""

    async def fetch(self, query: str, *args: Any) -> list[Any]: ...
    async def fetchrow(self, query: str, *args: Any) -> Any: ...
    async def fetchval(self, query: str, *args: Any) -> Any: ...
    async def execute(self, query: str, *args: Any) -> str: ...
    def cursor(self, query: str, *args: Any, prefetch: int | None = None) -> Any: ...


async def told(db: Database, one: Person) -> AsyncIterator[tuple[str, str]]:
    """Everything that is held of them: what it is, and each row as JSON; never a secret."""
    whom = json.dumps({"id": one.id, "login": one.login})
    for name in (place.told for place in PLACES if place.told is not None):
        async for row in db.cursor(query(f"persons.told_{name}"), whom, prefetch=AT_ONCE):
            yield name, row[0]


async def heir(db: Database, one: Person) -> int | None:
    """Another admin of their tenant, where there is one."""
    found = await db.fetchval(query("persons.heir"), one.id, one.tenant_id)
    return None if found is None else int(found)


async def erase(db: Database, one: Person, heir: int | None) -> None:
    """Afterwards nothing names them any more; `heir` owns the projects that they alone owned."""
    whom = asdict(one) | {
        "alias": one.alias, "own": one.own_words, "telling": one.telling_words, "heir": heir,
    }  # fmt: skip
    for name in ERASED_BY:
        await db.execute(query(f"persons.{name}"), json.dumps(whom))
