"""How many rows are older than they are kept."""

from datetime import datetime

from actors.runtime.database import Database
from schema import query


async def older(db: Database, name: str, before: datetime) -> int:
    """Rows that the rule of this name would remove."""
    return int(await db.fetchval(query(f"retention.older_{name}"), before))


async def tables(db: Database) -> list[str]:
    return [row["name"] for row in await db.fetch(query("retention.tables"))]


async def backups_are_away(db: Database) -> bool:
    """Whether none is made just now; one that begins waits until the transaction ends."""
    return bool(await db.fetchval(query("retention.keep_backups_away")))
