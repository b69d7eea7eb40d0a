"""What waits for a reviewer, as rows."""

from collections.abc import Mapping, Sequence
from typing import Any

from actors.runtime.database import Database as Database
from schema import query

Two = tuple[int, int]


async def waiting_pairs(db: Database, pairs: Sequence[Two]) -> list[Mapping[str, Any]]:
    """Those of these pairs that wait for a reviewer, as `queue` has them."""
    rows = await db.fetch(query("duplicates.waiting_pairs"), [a for a, _ in pairs], [b for _, b in pairs])
    return [dict(row) for row in rows]


async def hanging(
    db: Database, trial_ids: Sequence[int], waits: int, types: Sequence[str] = ()
) -> list[Mapping[str, Any]]:
    """Pairs with one of these that wait so."""
    return [dict(row) for row in await db.fetch(query("duplicates.hanging"), list(trial_ids), waits, list(types))]


async def records_shown(db: Database, trials: Sequence[int]) -> list[Mapping[str, Any]]:
    """All records of these clusters, and of records that are alone."""
    return [dict(row) for row in await db.fetch(query("duplicates.records_shown"), list(trials))]


async def reviews(db: Database, most: int = 10_000) -> tuple[int, int]:
    """How many pairs are held, and how many proposed, each up to `most`."""
    row = await db.fetchrow(query("duplicates.reviews"), most)
    return row["held"], row["proposed"]
