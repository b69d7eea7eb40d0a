"""Proves that a backup can be restored: makes one, restores it into a scratch database, and compares all."""

import asyncio
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from actors.backup import copying, programs, store
from actors.backup.copying import Tell
from actors.backup.keeping import Rule
from actors.backup.make import Made, make
from actors.backup.place import Place, database_of, with_database
from actors.backup.restoring import fill, maintenance, scratch_name
from actors.backup.sets import Set
from actors.backup.store import Content, Snapshot
from actors.errors import Refusal


class AnotherDrill(Refusal):
    """One at a time on a server: each clears away what killed ones left."""


@dataclass(frozen=True, slots=True)
class Table:
    """`same`: each row, whatever its order."""

    table: str
    rows: int
    restored: int | None
    same: bool


@dataclass(frozen=True, slots=True)
class Drill:
    made: Made
    tables: tuple[Table, ...]
    sequences_differ: tuple[str, ...]
    files: int
    without: tuple[str, ...]
    took_s: float

    @property
    def ok(self) -> bool:
        return all(one.same for one in self.tables) and not self.sequences_differ

    @property
    def says(self) -> str:
        """What differs."""
        differ = [one.table for one in self.tables if not one.same]
        return f"restored differently: {', '.join([*differ, *self.sequences_differ])}"


@dataclass(frozen=True, slots=True)
class Seen:
    """All that a database holds, at one moment."""

    content: Mapping[str, Content]
    sequences: Mapping[str, int | None]


async def drill(place: Place, folder: Path, *, rule: Rule, tell: Tell = copying.silent) -> Drill:
    """Raises Refusal, Unavailable. The set stays, also where it could not be restored."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    was: list[Seen] = []

    async def look(moment: Snapshot) -> None:
        was.append(await _seen(moment.db))

    made = await make(place, folder, rule=rule, tell=tell, look=look)
    await asyncio.to_thread(copying.verify, made.set.path, made.set.manifest, tell)
    restored, without = await _restored(place, made.set, tell)
    tables, differ = compared(was[0], restored, without)
    files = len(made.set.manifest.files)
    return Drill(made, tables, differ, files, without, round(loop.time() - began_s, 3))


async def _seen(db: "asyncpg.Connection[asyncpg.Record]") -> Seen:
    return Seen(await store.content(db, await store.tables(db)), await store.sequences(db))


async def _restored(place: Place, one: Set, tell: Tell) -> tuple[Seen, tuple[str, ...]]:
    """What a scratch database holds that the set was restored into; the scratch is gone afterwards."""
    ours = database_of(place.url)
    async with maintenance(place.url) as db:
        postgres, may_create = await store.server(db)
        if not may_create:
            raise Refusal("the database's user may not make databases, which a drill needs: alter role … createdb")
        if not await store.drills_alone(db):
            raise AnotherDrill("another drill is under way on this server: this one is not")
        for left in await store.unused_databases(db, scratch_name(ours, "drill", "")):  # of drills that were killed
            with suppress(asyncpg.ObjectInUseError):
                await store.drop_database(db, left)
        scratch = scratch_name(ours, "drill", f"{datetime.now(UTC):%Y%m%d%H%M%S}_{secrets.token_hex(2)}")
        await store.create_database(db, scratch, ours)
        try:
            url = with_database(place.url, scratch)
            least = max(one.manifest.dumped_by, postgres // 10_000)
            program = await programs.find("pg_restore", place.bin_dirs, least=least)
            without = await fill(place, one, url, program, tell)
            async with store.connected(url) as there:
                tell("compared", 0, 0)
                return await _seen(there), without
        finally:
            await store.drop_database(db, scratch)


def compared(was: Seen, now: Seen, without: tuple[str, ...]) -> tuple[tuple[Table, ...], tuple[str, ...]]:
    """Each table of either, and the sequences that are not where they were. No I/O."""
    names = sorted((was.content.keys() | now.content.keys()) - set(without))
    tables = tuple(_table(name, was.content.get(name), now.content.get(name)) for name in names)
    differ = [
        name
        for name in was.sequences.keys() | now.sequences.keys()
        if was.sequences.get(name) != now.sequences.get(name)
    ]
    return tables, tuple(sorted(differ))


def _table(name: str, was: Content | None, now: Content | None) -> Table:
    return Table(name, was.rows if was else 0, now.rows if now else None, was == now)
