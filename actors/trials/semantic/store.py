"""The statements of semantic search. Vectors are asked for only where `standing` has no reason against it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from actors.trials.search import Limits
from schema import query

FEW = 5_000  # trials that are all compared; of more the index is asked


class Database(Protocol):
    async def fetch(self, statement: str, *values: object) -> Sequence[Any]: ...
    async def fetchrow(self, statement: str, *values: object) -> Any: ...
    async def fetchval(self, statement: str, *values: object) -> Any: ...
    async def execute(self, statement: str, *values: object) -> str: ...


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether there is semantic search: `refused` says why not. `due`: trials that are still to be embedded."""

    embedder: str | None
    refused: str | None
    since: datetime
    due: int


@dataclass(frozen=True, slots=True)
class Alike:
    """A trial, the cosine of its vector with what was asked, and the cluster that it is in."""

    id: int
    likeness: float
    cluster: int | None


async def open_for(db: Database, embedder: str, dimensions: int) -> str | None:
    """Make ready what an embedder's vectors need; why that cannot be, where it cannot. May be done again."""
    refused: str | None = await db.fetchval(query("semantic.open"), embedder, dimensions)
    return refused


async def close(db: Database, reason: str) -> None:
    await db.execute(query("semantic.close"), reason)


async def standing(db: Database) -> Standing:
    return Standing(**await db.fetchrow(query("semantic.standing")))


async def embedder(db: Database) -> str | None:
    """Whose vectors are to be made, to the end of the transaction; None for nobody's."""
    found: str | None = await db.fetchval(query("semantic.embedder"))
    return found


async def others_due(db: Database) -> int:
    """For how many trials the follower that is most behind is due."""
    return int(await db.fetchval(query("semantic.others_due")))


async def wording(db: Database, ids: Sequence[int]) -> list[tuple[int, str]]:
    """What is embedded of each trial."""
    return [(row["id"], row["wording"]) for row in await db.fetch(query("semantic.wording"), list(ids))]


async def put(db: Database, vectors: Mapping[int, str]) -> None:
    """Keep the (written) vector of each trial; where it is empty there is none."""
    said = {trial: vector for trial, vector in vectors.items() if vector}
    await db.execute(query("semantic.put"), list(said), list(said.values()))
    await db.execute(query("semantic.forget"), [trial for trial in vectors if trial not in said])


async def nearest(db: Database, vector: str, question: str, limits: Limits, rows: int) -> list[Alike]:
    """The nearest of the trials that a question and limits let pass: exactly where these are few."""
    given = (vector, question or None, *limits.given, rows)
    if question:
        found = await db.fetch(query("semantic.nearest_of_few"), *given, FEW)
        if found[0]["trials"] <= FEW:
            return [_alike(row) for row in found if row["id"] is not None]
    return [_alike(row) for row in await db.fetch(query("semantic.nearest"), *given)]


async def like_trial(db: Database, trial: int, rows: int) -> list[Alike]:
    """The nearest to a trial that are other trials, some more than asked for: several may be one trial's records."""
    return [_alike(row) for row in await db.fetch(query("semantic.like_trial"), trial, rows)]


async def clusters(db: Database, ids: Sequence[int]) -> dict[int, int]:
    """The cluster of each trial that is in one."""
    return {row["id"]: row["cluster_id"] for row in await db.fetch(query("semantic.clusters"), list(ids))}


def _alike(row: Any) -> Alike:
    return Alike(row["id"], 1.0 - row["distance"], row["cluster_id"])
