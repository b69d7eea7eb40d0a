"""Makes a set: the database and the files as they were at one moment."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from actors.backup import copying, programs, sets, store
from actors.backup.copying import Tell
from actors.backup.keeping import Rule
from actors.backup.manifest import DUMP, FILES, FORMAT, Entry, Manifest
from actors.backup.place import Place
from actors.backup.sets import Set
from actors.backup.store import Snapshot
from actors.errors import Unavailable

LOOK_EVERY_S = 0.5


class Inconsistent(Unavailable):
    """Rows name files that are not there: the set would not be whole, so there is none."""


@dataclass(frozen=True, slots=True)
class Made:
    """A new set, and what went for it."""

    set: Set
    removed: tuple[str, ...]
    took_s: float


Look = Callable[[Snapshot], Awaitable[None]]


async def make(
    place: Place,
    folder: Path,
    *,
    rule: Rule,
    tell: Tell = copying.silent,
    look: Look | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Made:
    """Raises Unavailable or Refusal; then there is no new set, and the others are as they were.

    `look` sees the moment that is backed up, while it lasts.
    """
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    try:
        with sets.alone(folder):
            await asyncio.to_thread(sets.clear_away, folder)
            made = await _made(place, folder, tell, look)
            removed = await asyncio.to_thread(sets.prune, folder, rule, now())
    except OSError as error:
        raise copying.told(error, folder) from error
    return Made(made, removed, round(loop.time() - began_s, 3))


async def _made(place: Place, folder: Path, tell: Tell, look: Look | None) -> Set:
    there = await asyncio.to_thread(sets.good, folder)
    whole = [one for one in there if not one.manifest.files_removed_at]
    last = (whole[-1].path, whole[-1].manifest) if whole else None
    making = sets.begin(folder)
    try:
        async with store.snapshot(place.url) as moment:
            program = await programs.find("pg_dump", place.bin_dirs, least=moment.major)
            async with asyncio.TaskGroup() as group:
                dumping = group.create_task(_dump(program, place, moment, making, tell))
                rows = group.create_task(_rows(moment))
            named = {key for keys in (await place.named(moment.db)).values() for key in keys}
            files = await asyncio.to_thread(copying.copy_all, place.files, making, last, tell)
            if look:
                await look(moment)
        _check(named, files)
        manifest = Manifest(
            FORMAT, place.version, moment.at, moment.schema_version, moment.postgres, program.major, moment.lsn,
            moment.name, rows.result(), [dumping.result(), *files],
        )  # fmt: skip
        return await asyncio.to_thread(sets.publish, making, manifest)
    except BaseExceptionGroup as group_of:
        await asyncio.to_thread(copying.remove, making)
        raise group_of.exceptions[0] from None
    except BaseException:
        await asyncio.to_thread(copying.remove, making)
        raise


async def _dump(program: programs.Program, place: Place, moment: Snapshot, making: Path, tell: Tell) -> Entry:
    into = making / DUMP
    tell("database", 0, 0)
    growing = asyncio.create_task(_follow(into, tell))
    try:
        await programs.dump(program, place.url, snapshot=moment.name, into=into)
    finally:
        growing.cancel()
    return await asyncio.to_thread(copying.entry_of, making, DUMP)


async def _rows(moment: Snapshot) -> dict[str, int]:
    return await store.rows(moment.db, await store.tables(moment.db))


async def _follow(file: Path, tell: Tell) -> None:
    """Tells how large the dump is by now; how large it will be nobody knows."""
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        tell("database", await asyncio.to_thread(_size, file), 0)


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _check(named: set[str], files: list[Entry]) -> None:
    """Raises Inconsistent."""
    copied = {one.path.removeprefix(f"{FILES}/") for one in files}
    missing = sorted(named - copied)
    if missing:
        raise Inconsistent(f"rows name files that are not there, {missing[0]} for one ({len(missing)} in all)")
