"""Records in a database, ready to be compared, and what was found of them."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actors.trials.comparable import SHAPE, Comparable, packed
from actors.trials.duplicates import store
from actors.trials.duplicates.alone import store as alone
from actors.trials.duplicates.alone.renewing import renew
from actors.trials.duplicates.settling import settle
from actors.trials.duplicates.stored import Kept
from actors.trials.duplicates.sweeping.sweep import Swept, sweep

if TYPE_CHECKING:
    import asyncpg

    Pool = asyncpg.Pool[Any]

PAGE = 100
Links = dict[tuple[str, str], tuple[Any, ...]]


async def put(pool: "Pool", records: Iterable[Comparable]) -> dict[str, int]:
    """Rows of trials for these, with nothing in them but their numbers; the ids by number."""
    rows = await pool.fetch(
        "insert into trials (version, adapter_version, first_seen_at, changed_at, registry, registry_id,"
        " content_sha256, url, status, study_type, phases, conditions, keywords, interventions, countries, facets,"
        " record)"
        " select 1, 1, now(), now(), r.registry, r.id, sha256(r.id::bytea), '', 'unknown', 'unknown',"
        " '{}', '{}', '{}', '{}', '{}', '', '{}' from unnest($1::text[], $2::text[]) as r (registry, id)"
        " returning id, registry_id",
        *map(list, zip(*(one.record for one in records), strict=True)),
    )
    return {row["registry_id"]: row["id"] for row in rows}


def kept(one: Comparable, trial_id: int) -> Kept:
    return Kept(trial_id, *one.record, one.register, one.trial, packed(one))


async def keep(pool: "Pool", records: Sequence[Comparable], ids: dict[str, int]) -> None:
    """They wait to be compared."""
    await store.set_shape(pool, SHAPE)
    await store.keep(pool, [kept(one, ids[one.record.id]) for one in records])


async def compare(pool: "Pool", records: Sequence[Comparable], ids: dict[str, int]) -> None:
    """As they would come: page by page, each record by itself."""
    for page in _pages(records):
        await keep(pool, page, ids)
        await renew_all(pool)


async def renew_all(pool: "Pool") -> None:
    async with pool.acquire() as db, db.transaction():
        await store.lock(db)
        counted = (await store.state(db)).counted
        while waiting := await alone.waiting(db, 50):
            await settle(db, await renew(db, waiting, counted))


async def swept(pool: "Pool", folder: Path) -> Swept:
    return await sweep(pool, folder)


async def forget(pool: "Pool") -> None:
    """Nothing is compared yet; what words are worth stays."""
    await pool.execute("delete from duplicate_records")
    await pool.execute("update trials set cluster_id = null")


async def links(pool: "Pool") -> Links:
    rows = await pool.fetch(
        "select t.registry_id as one, u.registry_id as other, value, kind, type, decision, because, held, waits, parts"
        " from duplicate_links l join trials t on t.id = a join trials u on u.id = b"
    )
    return {(min(row["one"], row["other"]), max(row["one"], row["other"])): tuple(row)[2:] for row in rows}


async def clusters(pool: "Pool") -> set[frozenset[str]]:
    rows = await pool.fetch(
        "select array_agg(registry_id) as ids from trials where cluster_id is not null group by cluster_id"
    )
    return {frozenset(row["ids"]) for row in rows}


async def proposed(pool: "Pool") -> set[frozenset[str]]:
    rows = await pool.fetch(
        "select array_agg(registry_id) as ids from duplicate_records where proposed_id is not null group by proposed_id"
    )
    return {frozenset(row["ids"]) for row in rows}


def _pages(records: Sequence[Comparable]) -> Iterable[Sequence[Comparable]]:
    return (records[at : at + PAGE] for at in range(0, len(records), PAGE))
