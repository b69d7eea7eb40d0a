"""Brings a set back: into a scratch database first, which takes the place of the old one only when all is there."""

import asyncio
import os
import re
import secrets
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from actors.backup import copying, programs, store
from actors.backup.copying import Tell
from actors.backup.manifest import DUMP, Manifest
from actors.backup.place import Place, database_of, with_database
from actors.backup.sets import Set
from actors.errors import Refusal, Unavailable

JOBS_MOST = 4
MAINTENANCE = ("postgres", "template1")  # databases to be in while others are made and renamed
NAME_BYTES = 63
LOOKS = 20  # whether others are in a database
LOOK_EVERY_S = 0.1
VECTORS = re.compile(r"\bEXTENSION (- )?vector\b| trial_vectors(_\w+)?\b")  # in pg_restore's list of contents


class NotEmpty(Refusal):
    """There is something in the way; the message says what would let it be replaced."""


class InUse(Refusal):
    """Others work in the database that would be replaced."""


class Differs(Unavailable):
    """What was restored is not what was backed up; nothing was replaced."""


@dataclass(frozen=True, slots=True)
class Restored:
    set: Set
    database: str
    rows: int
    files: int | None  # None where they were left alone
    kept_database: str | None  # the one whose place it took, under its new name
    kept_files: Path | None
    without: tuple[str, ...]  # what this server cannot hold


async def restore(
    place: Place,
    one: Set,
    *,
    into: str | None = None,
    files_into: Path | None = None,
    replace: bool = False,
    tell: Tell = copying.silent,
) -> Restored:
    """Raises BadSet, NotEmpty, InUse, Refusal, Unavailable; then everything is as it was.

    `into` another database the files go nowhere, unless `files_into` says where. Only with `replace` is something taken
    the place of; it is kept under another name.
    """
    check_version(one.manifest)
    target = into or database_of(place.url)
    files = files_into or (None if into else place.files)
    _check_files(one, files, replace=replace)
    await asyncio.to_thread(copying.verify, one.path, one.manifest, tell)
    async with maintenance(place.url) as db:
        postgres, may_create = await store.server(db)
        program = await programs.find(
            "pg_restore", place.bin_dirs, least=max(one.manifest.dumped_by, postgres // 10_000)
        )
        await _check_target(db, place.url, target, may_create=may_create, replace=replace)
        stamp = f"{datetime.now(UTC):%Y%m%d%H%M%S}_{secrets.token_hex(2)}"
        scratch = scratch_name(target, "restoring", stamp)
        await store.create_database(db, scratch, database_of(place.url))
        try:
            without = await fill(place, one, with_database(place.url, scratch), program, tell)
            staged = await _stage_files(one, files, stamp, tell)
            kept = await _swap(db, scratch, target, scratch_name(target, "before", stamp))
        except BaseException:
            with suppress(asyncpg.PostgresError, OSError):
                await store.drop_database(db, scratch)
            raise
    kept_files = await asyncio.to_thread(_put_in_place, staged, files, stamp) if staged and files else None
    rows = sum(one.manifest.rows.values())
    return Restored(one, target, rows, len(one.manifest.files) if files else None, kept, kept_files, without)


def check_version(manifest: Manifest) -> None:
    """Raises Refusal for a set that a later triald has made."""
    newest = store.newest_schema()
    if manifest.schema_version > newest:
        raise Refusal(
            f"the backup has migration {manifest.schema_version} (triald {manifest.triald}), and this triald knows "
            f"{newest}: restore it with a triald as new as that"
        )


async def fill(place: Place, one: Set, url: str, program: programs.Program, tell: Tell) -> tuple[str, ...]:
    """Everything into an empty database, counted; gives what this server cannot hold. Raises Differs."""
    tell("database", 0, 0)
    manifest = one.manifest
    async with store.connected(url) as db:
        has_vectors = "vector" in await store.extensions(db)
        postgres, _ = await store.server(db)
    jobs = min(JOBS_MOST, os.cpu_count() or 1)
    with tempfile.TemporaryDirectory(prefix="triald-restore-") as folder:
        only: Path | None = None
        without: tuple[str, ...] = ()
        if not has_vectors:
            only, without = await _without_vectors(program, one.path / DUMP, Path(folder))
        await programs.restore(program, url, one.path / DUMP, jobs=jobs, server=postgres // 10_000, only=only)
    async with store.connected(url) as db:
        await store.settle(db, manifest.schema_version)
        expected = {name: rows for name, rows in manifest.rows.items() if name not in without}
        tables = await store.tables(db)
        found = await store.rows(db, tables)
    wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    if wrong:
        name = wrong[0]
        raise Differs(
            f"table {name} should have {expected.get(name)} rows and has {found.get(name)}: nothing was replaced"
        )
    return without


async def _without_vectors(program: programs.Program, dump: Path, folder: Path) -> tuple[Path | None, tuple[str, ...]]:
    """What to restore where there is no pgvector: all else. Vectors are made anew where there is."""
    lines = await programs.contents(program, dump)
    kept = [line for line in lines if not VECTORS.search(line)]
    if len(kept) == len(lines):
        return None, ()
    only = folder / "contents"
    only.write_text("\n".join(kept) + "\n", "utf-8")
    return only, ("trial_vectors",)


@asynccontextmanager
async def maintenance(url: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    """A session in a database of the same server that is none of ours. Raises Unavailable."""
    async with AsyncExitStack() as stack:
        for last, name in enumerate(MAINTENANCE, start=1):
            try:
                db = await stack.enter_async_context(store.connected(with_database(url, name)))
                break
            except Unavailable:
                if last == len(MAINTENANCE):
                    raise
        yield db


def scratch_name(database: str, what: str, stamp: str) -> str:
    """The name of a database beside another, short enough for PostgreSQL."""
    end = f"_{what}_{stamp}"
    return database.encode()[: NAME_BYTES - len(end)].decode("utf-8", "ignore") + end


async def _check_target(
    db: "asyncpg.Connection[asyncpg.Record]", url: str, target: str, *, may_create: bool, replace: bool
) -> None:
    if not may_create:
        raise Refusal("the database's user may not make databases, which a restore needs: alter role … createdb")
    if await store.sessions(db, target) is None:
        return
    async with store.connected(with_database(url, target)) as there:
        empty = await store.is_empty(there)
    if not empty and not replace:
        raise NotEmpty(f"the database {target} is not empty; with --yes it is put aside under another name")
    if sessions := await _sessions(db, target):
        raise InUse(f"{sessions} others are in the database {target}: stop triald and all else that uses it first")


async def _sessions(db: "asyncpg.Connection[asyncpg.Record]", target: str) -> int:
    """How many others stay in a database; one that was closed is gone only a moment later."""
    found = 0
    for _ in range(LOOKS):
        found = await store.sessions(db, target) or 0
        if not found:
            break
        await asyncio.sleep(LOOK_EVERY_S)
    return found


def _check_files(one: Set, files: Path | None, *, replace: bool) -> None:
    if files is None:
        return
    if one.manifest.files_removed_at:
        raise Refusal(
            f"{one.path} has its database alone (its files went on {one.manifest.files_removed_at:%Y-%m-%d}): "
            "restore it --into another database"
        )
    if files.is_dir() and any(files.iterdir()) and not replace:
        raise NotEmpty(f"there are files in {files}; with --yes they are put aside under another name")


async def _stage_files(one: Set, files: Path | None, stamp: str, tell: Tell) -> Path | None:
    """Beside the place where they shall be, so that a rename puts them there."""
    if files is None:
        return None
    staged = files.with_name(f"{files.name}.restoring-{stamp}")
    try:
        await asyncio.to_thread(copying.bring_back, one.path, one.manifest, staged, tell)
    except BaseException as error:
        await asyncio.to_thread(copying.remove, staged)
        if isinstance(error, OSError):
            raise copying.told(error, staged) from error
        raise
    return staged


async def _swap(db: "asyncpg.Connection[asyncpg.Record]", scratch: str, target: str, kept: str) -> str | None:
    """The scratch database gets the name, and what had it another: both or neither."""
    try:
        async with db.transaction():
            there = await store.sessions(db, target) is not None
            if there:
                await store.rename_database(db, target, kept)
            await store.rename_database(db, scratch, target)
    except asyncpg.ObjectInUseError as error:
        raise InUse(f"others are in the database {target}: stop triald and all else that uses it first") from error
    return kept if there else None


def _put_in_place(staged: Path, files: Path, stamp: str) -> Path | None:
    """A kill between the two leaves no files where they are looked for: the same restore again puts them there."""
    kept = None
    if files.is_dir():
        kept = files.with_name(f"{files.name}.before-{stamp}")
        files.rename(kept)
    staged.rename(files)
    copying.sync(files.parent)
    return kept
