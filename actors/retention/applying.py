"""Removes what is older than it is kept, or counts it; finds files that no row names."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from actors.retention import DAYS, Aged, Kept, rules, store
from actors.runtime.catalog import catalog
from actors.runtime.database import Database
from actors.runtime.files import LocalFiles

if TYPE_CHECKING:
    import asyncpg

GRACE = timedelta(days=1)  # a file is there before the row that names it, and backups read both


@dataclass(frozen=True, slots=True)
class Applied:
    """What a rule found: `number` rows or files that were removed, or would be."""

    area: str
    name: str
    table: str
    setting: str
    days: int
    number: int


def kept() -> dict[str, Kept]:
    """Every area, by its name."""
    return catalog(rules, "KEPT", Kept)


def aged() -> list[tuple[str, Aged]]:
    """Every rule by age, with its area."""
    return [(area.name, one) for area in kept().values() for one in area.aged]


async def apply(db: Database, days: Mapping[str, int], now: datetime, *, dry_run: bool) -> list[Applied]:
    """Each rule once. `days` are the settings in force; one that is not given has our default."""
    in_force = {**DAYS, **days}
    found: list[Applied] = []
    for area, rule in aged():
        kept_days = in_force[rule.days]
        before = now - timedelta(days=kept_days)
        number = await store.older(db, rule.name, before) if dry_run else await rule.remove(db, before)
        found.append(Applied(area, rule.name, rule.table, rule.days, kept_days, number))
    return found


async def named_files(db: Database) -> dict[str, set[str]]:
    """By the prefix of an area's files: the keys that its rows name."""
    return {one.prefix: await one.keys(db) for area in kept().values() for one in area.names}


async def sweep(
    pool: "asyncpg.Pool[Any]", files: LocalFiles, now: datetime, *, dry_run: bool
) -> tuple[list[str], list[str]]:
    """As `swept`; nothing where a backup is under way: what its rows name must stay until it is copied."""
    async with pool.acquire() as db, db.transaction():
        if not await store.backups_are_away(db):
            return [], []
        return await swept(files, await named_files(db), now, dry_run=dry_run)


async def swept(
    files: LocalFiles, named: Mapping[str, set[str]], now: datetime, *, dry_run: bool
) -> tuple[list[str], list[str]]:
    """Files older than a day that no row names, removed unless `dry_run`, and those that no area calls its own.

    `named` must have been read after `now`: a file that was named before then and is old is named still.
    """
    orphans: list[str] = []
    strange: list[str] = []
    for key in await asyncio.to_thread(files.older, now - GRACE):
        prefix = next((one for one in named if key.startswith(one)), None)
        if prefix is None:
            strange.append(key)
        elif key not in named[prefix]:
            orphans.append(key)
    for key in () if dry_run else orphans:
        await files.delete(key)
    return orphans, strange
