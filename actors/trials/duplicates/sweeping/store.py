"""What a sweep reads and takes over, as rows. In a transaction after `lock`, unless it says otherwise."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from actors.trials.duplicates import store
from schema import query

if TYPE_CHECKING:
    import asyncpg

FILES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "keys": ("duplicate_incoming_records", ("trial_id", "words", "numbers", "codes")),
    "words": ("duplicate_incoming_words", ("about", "word", "records")),
    "links": ("duplicate_incoming_links", (*store.LINK_COLUMNS, "parts")),
    "clusters": ("duplicate_incoming_clusters", ("trial_id", "cluster_id", "proposed_id")),
    "held": ("duplicate_incoming_held", ("a", "b", "because")),
}
CLUSTERS_AT_ONCE = 5_000
WITHIN_S = 600.0  # of one statement of half a million rows


async def begin(db: store.Database, run: UUID) -> None:
    """Nobody else compares while it is heard of."""
    await db.execute(query("duplicates.begin_run"), run)


async def hear(db: store.Database, run: UUID) -> bool:
    """Whether it still is the one under way; by itself."""
    return bool(await db.fetchval(query("duplicates.hear_run"), run))


async def snapshot(db: store.Database, last: int, limit: int) -> list[tuple[int, bytes]]:
    """What is compared of each record, in order; by itself."""
    return [(row["trial_id"], row["body"]) for row in await db.fetch(query("duplicates.snapshot"), last, limit)]


async def empty(pool: "asyncpg.Pool[Any]", names: Sequence[str]) -> None:
    """Nothing of these waits to be taken over; by itself."""
    for name in names:
        await pool.execute(query(f"duplicates.empty_{name}"))


async def fill(pool: "asyncpg.Pool[Any]", name: str, path: Path) -> None:
    """What a file holds waits to be taken over, beside what does already; by itself."""
    table, columns = FILES[name]
    async with pool.acquire() as db:
        await db.copy_to_table(table, source=path, columns=columns, format="binary", timeout=WITHIN_S)


async def look_at(pool: "asyncpg.Pool[Any]", names: Sequence[str]) -> None:
    """Before it is taken over: PostgreSQL knows what there is of these; by itself."""
    for name in names:
        await pool.execute(query(f"duplicates.look_at_{name}"), timeout=WITHIN_S)


async def spoil(db: store.Database) -> None:
    """From now on until its end no record can be compared by itself."""
    await db.execute(query("duplicates.spoil"))


async def take_keys(db: store.Database, last: int, limit: int) -> int | None:
    """By what some records are looked for is what the sweep found; the last of them; by itself."""
    to: int | None = await db.fetchval(query("duplicates.step"), last, limit)
    if to is not None:
        await db.fetchval(query("duplicates.take_records"), last, to)
    return to


async def take_links(db: store.Database) -> tuple[int, int, int]:
    """Words and pairs are what the sweep found: how many pairs went, are new, and differ."""
    await db.execute(query("duplicates.forget_words"))
    await db.execute(query("duplicates.take_words"))
    gone = await db.fetchval(query("duplicates.drop_links"))
    taken = await db.fetchrow(query("duplicates.take_links"))
    return gone, taken["new"], taken["changed"]


async def clusters(db: store.Database) -> tuple[dict[int, int], dict[int, int]]:
    """Trial id → cluster: as it is, and as the sweep found it."""
    before = await db.fetch(query("duplicates.clusters_now"))
    after = await db.fetch(query("duplicates.incoming_clusters"))
    return {row["id"]: row["cluster_id"] for row in before}, {row["trial_id"]: row["cluster_id"] for row in after}


async def set_clusters(db: store.Database, before: Mapping[int, int], after: Mapping[int, int]) -> None:
    """The clusters are those, and what waits for reviewers follows from them."""
    differ = sorted(one for one in {*before, *after} if before.get(one) != after.get(one))
    await store.lock_registries(db, differ)
    for at in range(0, len(differ), CLUSTERS_AT_ONCE):
        await store.set_clusters(db, {one: after.get(one) for one in differ[at : at + CLUSTERS_AT_ONCE]})
    await db.execute(query("duplicates.take_proposed"))
    await db.execute(query("duplicates.take_held"))
    await db.execute(query("duplicates.set_all_waits"))


async def finish(db: store.Database, run: UUID, counted: int) -> None:
    """The words are those of so many records; others may compare again."""
    await db.execute(query("duplicates.decided_meanwhile"))
    await db.execute(query("duplicates.end_run"), run, counted)
