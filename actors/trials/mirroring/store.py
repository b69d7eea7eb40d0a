"""The mirror as a scrape writes it: its turn at the registry, its pages, what is counted of it, its end.

`db` is a connection within the caller's transaction wherever several statements belong together; else also a pool.
"""

import asyncio
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from typing import Protocol

import orjson

from actors.errors import Refusal
from actors.runtime.database import Database
from actors.trials.history import changes
from actors.trials.mirroring import rows
from actors.trials.mirroring.arrival import Sorted, Stored, Verdict, sort_page
from actors.trials.mirroring.copying import CopyConnection, copy
from actors.trials.mirroring.rows import VERSION_COLUMNS, Placed
from actors.trials.pack import ID_COLUMNS, RAW_COLUMNS, TRIAL_COLUMNS, PackedPage, PackedTrial
from actors.trials.scrapes import Compared, End, Met, Mode, Named, PageCounts, Removed, TooManyVanished, too_many
from actors.trials.store import scrape
from schema import query

NOTHING_LISTED = Compared()
DIFFS_AT_ONCE = 32  # some 0.1 ms each; then the loop gets a turn


class Connection(Database, CopyConnection, Protocol):
    """asyncpg's connection, from a pool or not, in a transaction."""


class ScrapeEnded(Refusal):
    """The scrape that this page belongs to is over: another attempt ended it, or somebody cancelled it."""


# ── a turn ──


async def lock_registry(db: Connection, registry: str) -> None:
    """Waits until nobody else writes a page of the registry, or takes its turn there; to the end of the transaction."""
    await db.execute(query("trials.lock_registry"), registry)


async def take_turn(db: Connection, registry: str, *, job_id: int, fence: int) -> int | None:
    """None when the registry is this attempt's from now on, else the job that is at it; after lock_registry."""
    if await db.fetchval(query("trials.take_turn"), registry, job_id, fence):
        return None
    return int(await db.fetchval(query("trials.turn"), registry))


# ── a page ──


async def write_page(
    db: Connection,
    page: PackedPage,
    *,
    scrape_id: int,
    total: int | None = None,
    part_of: str = "",
    anew: bool = False,
    listed: Compared = NOTHING_LISTED,
) -> PageCounts:
    """Write a page, in the caller's transaction: what is new by COPY, what changed as a new version with its diff.

    `part_of`: the query, with whose count what was met is compared. `anew`: some of it may have been met before in this
    scrape; that is not counted again. `listed`: records that the page only names. Pages of one registry are written one
    after the other. Raises ScrapeEnded; then nothing may be committed.
    """
    source = page.source
    await lock_registry(db, source.registry)
    sorted_ = await _sort(db, page)
    new = await _place_new(db, sorted_.new)
    rewritten = await _place_rewritten(db, sorted_.rewritten)
    days = [listed.reached, *(one.last_updated_on for one in page.trials)]
    reached = max((day for day in days if day), default=None)
    if new or rewritten:
        await _write(db, new, rewritten, page=page, scrape_id=scrape_id)
        returned = sum(1 for one in rewritten if one.event == "returned")
        await db.execute(query("trials.count"), source.registry, len(new), returned, reached, source.fetched_at)
    await _set_aside(db, page, scrape_id)
    numbers = list(dict.fromkeys([*_numbers(page), *listed.same, *listed.differing]))
    before = {row["id"] for row in await db.fetch(query("trials.met_before"), scrape_id, numbers)} if anew else set()
    counts = _counted(page, sorted_, rewritten, listed.same, new=len(new), before=before)
    await _account(db, scrape_id, counts, total=total, reached=reached, at=source.fetched_at)
    unnamed = sum(one.registry_id is None for one in page.refused)
    await db.execute(query("trials.see"), scrape_id, part_of, numbers, unnamed)
    return counts


def _counted(
    page: PackedPage,
    sorted_: Sorted,
    rewritten: Sequence[Placed],
    same: Sequence[str],
    *,
    new: int,
    before: AbstractSet[str],
) -> PageCounts:
    reread = [one.packed.registry_id for one in rewritten if one.event is None]
    unchanged = [*(one.registry_id for one in sorted_.unchanged), *reread, *same]
    return PageCounts(
        new=new,
        changed=len(rewritten) - len(reread),
        unchanged=sum(number not in before for number in unchanged) + page.repeated,
        refused=sum(one.registry_id not in before for one in page.refused),
    )


def _numbers(page: PackedPage) -> list[str]:
    """Of every record on a page that has one, read or refused."""
    read, refused = (one.registry_id for one in page.trials), (one.registry_id for one in page.refused)
    return list(dict.fromkeys([*read, *(number for number in refused if number is not None)]))


async def compare(db: Connection, registry: str, listed: Sequence[Named]) -> Compared:
    """Which of these records are held as their source updated them last."""
    if not listed:
        return NOTHING_LISTED
    await lock_registry(db, registry)
    days = {one.registry_id: one.updated for one in listed}
    found = await db.fetch(query("trials.same"), registry, list(days), list(days.values()))
    same = tuple([row["registry_id"] for row in found])
    differing = tuple(dict.fromkeys(days).keys() - set(same))
    return Compared(same, tuple(sorted(differing)), max((day for day in days.values() if day), default=None))


async def _sort(db: Connection, page: PackedPage) -> Sorted:
    given = [trial.registry_id for trial in page.trials]
    found = await db.fetch(query("trials.stored"), page.source.registry, given) if given else []
    return sort_page(page, {row["registry_id"]: Stored(**row) for row in found})


async def _place_new(db: Connection, new: Sequence[PackedTrial]) -> list[Placed]:
    if not new:
        return []
    ids = await db.fetchval(query("trials.new_ids"), len(new))
    return [Placed(packed, id_, 1, "new") for packed, id_ in zip(new, ids, strict=True)]


async def _place_rewritten(db: Connection, rewritten: Sequence[tuple[Stored, PackedTrial, Verdict]]) -> list[Placed]:
    if not rewritten:
        return []
    before = {
        row["id"]: row["record"] for row in await db.fetch(query("trials.records"), [was.id for was, _, _ in rewritten])
    }
    placed = []
    for number, (was, now, what) in enumerate(rewritten, start=1):
        if what == "reread":
            placed.append(Placed(now, was.id, was.version, None))
        else:
            diff = changes(orjson.loads(before[was.id]), orjson.loads(now.record))
            placed.append(Placed(now, was.id, was.version + 1, what, orjson.dumps(diff)))
        if number % DIFFS_AT_ONCE == 0:
            await asyncio.sleep(0)
    return placed


async def _write(
    db: Connection, new: Sequence[Placed], rewritten: Sequence[Placed], *, page: PackedPage, scrape_id: int
) -> None:
    at, both = page.source.fetched_at, (*new, *rewritten)
    await copy(db, "trials", TRIAL_COLUMNS, rows.trials(new, at))
    if rewritten:
        ids = [one.id for one in rewritten]
        await copy(db, "trials_incoming", TRIAL_COLUMNS, rows.trials(rewritten, at))
        await db.execute(query("trials.take_over"), ids)
        await db.execute(query("trials.forget_ids"), ids)
        reread = [one for one in rewritten if one.event is None]
        await db.execute(query("trials.forget_raw"), [one.id for one in reread], [one.version for one in reread])
        if reread:  # no version tells of these
            await db.execute(query("following.again"), [one.id for one in reread])
    versions = rows.versions(both, seen_at=at, registry=page.source.registry, scrape_id=scrape_id)
    await copy(db, "trial_ids", ID_COLUMNS, rows.ids(both))
    await copy(db, "trial_versions", VERSION_COLUMNS, versions)
    await copy(db, "trial_raw", RAW_COLUMNS, rows.raw(both))
    await db.execute(query("trials.index_now"))


async def _set_aside(db: Connection, page: PackedPage, scrape_id: int) -> None:
    source, bad = page.source, page.refused
    if bad:
        await db.execute(
            query("trials.refuse"), source.registry, scrape_id, source.url, source.fetched_at,
            [one.registry_id for one in bad], [one.reason for one in bad], [one.size_bytes for one in bad],
            [one.sha256 for one in bad], [one.body for one in bad],
        )  # fmt: skip
    await db.execute(
        query("trials.resolve"), source.registry, source.fetched_at, [one.registry_id for one in page.trials]
    )


async def _account(
    db: Connection,
    scrape_id: int,
    counts: PageCounts,
    *,
    total: int | None,
    reached: date | None,
    at: datetime,
) -> None:
    mode = await db.fetchval(
        query("trials.add_page"), scrape_id, at,
        counts.new, counts.changed, counts.unchanged, counts.refused, total, reached,
    )  # fmt: skip
    if mode is None:
        raise ScrapeEnded(f"scrape {scrape_id} is not running")


# ── a scrape ──


async def open_scrape(
    db: Database, registry: str, mode: Mode, *, since: date | None, job_id: int | None, at: datetime
) -> int:
    """The id of a scrape that begins now."""
    return int(await db.fetchval(query("trials.open_scrape"), registry, mode, since, job_id, at))


async def add_requests(db: Database, scrape_id: int, requests: int) -> None:
    await db.execute(query("trials.add_requests"), scrape_id, requests)


async def note_error(db: Database, scrape_id: int, error: str) -> None:
    """Why the last attempt at a running scrape ended; the next page that is written takes it away."""
    await db.execute(query("trials.note_error"), scrape_id, error)


async def close_scrape(
    db: Database, scrape_id: int, end: End, *, at: datetime, error: str | None = None, covers_to: date | None = None
) -> bool:
    """End a scrape, and forget what it has met; False when it had ended before."""
    return bool(await db.fetchval(query("trials.close_scrape"), scrape_id, end, at, error, covers_to))


async def met(db: Database, scrape_id: int, query_name: str | None = None) -> Met:
    """How many records a scrape has met, in one query or in all of them."""
    return Met(**await db.fetchrow(query("trials.met"), scrape_id, query_name))


async def miss(db: Database, scrape_id: int, records: int) -> None:
    """So many records of a query the source counted, and did not give when it was asked twice."""
    await db.execute(query("trials.miss"), scrape_id, records)


async def mark_removed(
    db: Connection, scrape_id: int, *, at: datetime, accept: bool = False
) -> Removed | TooManyVanished:
    """Mark what a complete full scrape has not met as gone at the source: in a transaction, before it is closed.

    `accept`: however many they are.
    """
    await lock_registry(db, (await scrape(db, scrape_id)).registry)
    row = await db.fetchrow(query("trials.vanishing"), scrape_id)
    if not accept and too_many(row["vanished"], row["present"]):
        return TooManyVanished(row["vanished"], row["present"])
    return Removed(await db.fetchval(query("trials.remove_vanished"), scrape_id, at))
