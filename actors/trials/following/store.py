"""What followers have not seen yet, as rows.

A follower is a name in the table trial_followers, put there by its migration. Whatever it makes of a trial it writes in
the transaction in which it took the trial:

    async with db.transaction():
        while ids := await take(db, "mesh"): …
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from schema import query

PAGES_AT_ONCE = 1  # of at most a thousand trials each


class Database(Protocol):
    async def fetch(self, statement: str, *values: object) -> Sequence[Any]: ...
    async def execute(self, statement: str, *values: object) -> str: ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """How far behind a follower is; `since` is None where it has seen everything."""

    follower: str
    trials: int
    since: datetime | None


async def take(db: Database, follower: str, pages: int = PAGES_AT_ONCE) -> list[int]:
    """Trials that are due, each once; empty when none is, and while a scrape brings very many.

    In a transaction, which takes them away when it commits.
    """
    rows = await db.fetch(query("following.take"), follower, pages)
    return list(dict.fromkeys(id_ for row in rows for id_ in row["trial_ids"]))


async def again(db: Database, trial_ids: Sequence[int]) -> None:
    """These were read anew: they are due to every follower."""
    await db.execute(query("following.again"), list(trial_ids))


async def everything(db: Database, follower: str) -> None:
    """Begin again with every trial there is."""
    await db.execute(query("following.everything"), follower)


async def waiting(db: Database) -> list[Waiting]:
    return [Waiting(**row) for row in await db.fetch(query("following.waiting"))]
