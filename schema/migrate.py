"""Applies and reverses the numbered files of migrations/, each in one transaction.

A file NNNN_title.sql has two sections, each opened by a line of its own: `-- forward` and `-- back`. Both run
inside a transaction, under an advisory lock that lets one process migrate at a time; the lock is the
transaction's, so this works through a transaction-mode pool too. A statement that refuses transactions
(CREATE INDEX CONCURRENTLY) has no place here: `-- no transaction` is refused.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

from schema import query

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[asyncpg.Record]
    AnyConnection = Connection | PoolConnectionProxy[asyncpg.Record]

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK_KEY = 0x747269616C64  # "triald"
FILE_NAME = re.compile(r"(?P<number>\d{4})_(?P<title>[a-z0-9_]+)\.sql")
SECTION_LINE = re.compile(r"^--[ \t]*(forward|back)[ \t]*$", re.MULTILINE)
NO_TRANSACTION = re.compile(r"^--[ \t]*no transaction", re.MULTILINE | re.IGNORECASE)


class MigrationError(Exception):
    """The files, or the files and the database, do not fit together; the message names the migration."""


class Direction(StrEnum):
    FORWARD = "forward"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class Migration:
    number: int
    title: str
    sha256: str  # of the whole file
    forward: str
    back: str


@dataclass(frozen=True, slots=True)
class Applied:
    number: int
    title: str
    sha256: str
    applied_at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    migration: Migration
    direction: Direction


async def migrate(db: "Connection", to: int | None = None, *, folder: Path = MIGRATIONS) -> list[Step]:
    """Bring the database to migration `to` (default: the last file), forward or back; gives the steps taken.

    Each step is a transaction of its own: when one fails, those before it stand. Raises MigrationError.
    """
    migrations = read_migrations(folder)
    steps: list[Step] = []
    while step := await _step(db, migrations, to):
        steps.append(step)
    if steps:
        await db.reload_schema_state()
    await _open_to_web(db)
    return steps


async def _open_to_web(db: "Connection") -> None:
    """Those who answer requests may read and write what there is by now."""
    async with db.transaction():
        await db.execute(query("migrations.lock"), LOCK_KEY)
        if await db.fetchval(query("migrations.has_web")):
            await db.execute("select open_to_web()")  # a function of the schema itself


async def applied(db: "AnyConnection") -> list[Applied]:
    """What this database has gone through, in order; empty when it never was migrated."""
    if not await db.fetchval(query("migrations.record_exists")):
        return []
    return [Applied(**row) for row in await db.fetch(query("migrations.applied"))]


async def pending(db: "AnyConnection", *, folder: Path = MIGRATIONS) -> list[Migration]:
    """The migrations that this database still lacks. Raises MigrationError."""
    migrations, done = read_migrations(folder), await applied(db)
    check_history(migrations, done)
    return list(migrations[len(done) :])


async def _step(db: "Connection", migrations: Sequence[Migration], to: int | None) -> Step | None:
    async with db.transaction():
        await db.execute(query("migrations.lock"), LOCK_KEY)
        await db.execute(query("migrations.create_record"))
        await db.execute(query("migrations.act_for_all"))
        step = next_step(migrations, await applied(db), to)
        if step is not None:
            await _take(db, step)
        return step


async def _take(db: "Connection", step: Step) -> None:
    migration = step.migration
    match step.direction:
        case Direction.FORWARD:
            await _run(db, migration, migration.forward)
            await db.execute(query("migrations.add"), migration.number, migration.title, migration.sha256)
        case Direction.BACK:
            await _run(db, migration, migration.back)
            await db.execute(query("migrations.remove"), migration.number)


async def _run(db: "Connection", migration: Migration, section: str) -> None:
    ours = await db.fetchval(query("migrations.transaction"))
    try:
        await db.execute(section)
    except asyncpg.PostgresError as error:
        raise MigrationError(f"{_label(migration)}: {error}{_at_line(section, error)}") from error
    if await db.fetchval(query("migrations.transaction")) != ours:
        raise MigrationError(f"{_label(migration)} ends its transaction by itself; take BEGIN and COMMIT out")


def _at_line(section: str, error: asyncpg.PostgresError) -> str:
    position = getattr(error, "position", None)  # in characters from 1, when the server knows it
    if position is None:
        return ""
    at = int(position) - 1
    start, end = section.rfind("\n", 0, at) + 1, section.find("\n", at)
    return f" in the line: {section[start : end if end >= 0 else None].strip()}"


def next_step(migrations: Sequence[Migration], done: Sequence[Applied], to: int | None) -> Step | None:
    """The one step to take now; None when the database is there. No I/O. Raises MigrationError."""
    check_history(migrations, done)
    target = len(migrations) if to is None else to
    if not 0 <= target <= len(migrations):
        raise MigrationError(f"there is no migration {target}: they go from 0 (empty) to {len(migrations)}")
    if len(done) < target:
        return Step(migrations[len(done)], Direction.FORWARD)
    if len(done) > target:
        return Step(migrations[len(done) - 1], Direction.BACK)
    return None


def check_history(migrations: Sequence[Migration], done: Sequence[Applied]) -> None:
    """Refuse a database that other files than ours have made. No I/O. Raises MigrationError."""
    for at, was in enumerate(done, start=1):
        if was.number != at:
            raise MigrationError(f"the database has migration {was.number:04} but not {at:04}")
        if at > len(migrations):
            raise MigrationError(f"the database is newer than this triald: {was.number:04}_{was.title} is unknown here")
        if was.sha256 != migrations[at - 1].sha256:
            raise MigrationError(
                f"{_label(migrations[at - 1])} was changed after it was applied ({was.applied_at:%Y-%m-%d}): "
                "put it back and make the change in a new migration"
            )


def read_migrations(folder: Path = MIGRATIONS) -> tuple[Migration, ...]:
    """The migrations of a folder, in order, numbered from 1 without gaps. Raises MigrationError."""
    return in_order(parse(file.name, file.read_bytes()) for file in sorted(folder.glob("*.sql")))


def in_order(migrations: Iterable[Migration]) -> tuple[Migration, ...]:
    """The same migrations by number; gaps and duplicates are refused. No I/O. Raises MigrationError."""
    ordered = tuple(sorted(migrations, key=lambda migration: migration.number))
    for at, migration in enumerate(ordered, start=1):
        if migration.number < at:
            raise MigrationError(f"two migrations have the number {migration.number:04}")
        if migration.number > at:
            raise MigrationError(f"migration {at:04} is missing: after it comes {_label(migration)}")
    return ordered


def parse(file_name: str, content: bytes) -> Migration:
    """One migration from its file's name and bytes. No I/O. Raises MigrationError."""
    name = FILE_NAME.fullmatch(file_name)
    if name is None:
        raise MigrationError(f"{file_name} is not named NNNN_title.sql")
    text = content.decode("utf-8")
    if NO_TRANSACTION.search(text):
        raise MigrationError(f"{file_name} asks for no transaction: every migration runs in one")
    head, *sections = SECTION_LINE.split(text)
    if sections[::2] != ["forward", "back"] or _has_code(head):
        raise MigrationError(f"{file_name} needs a `-- forward` section and then a `-- back` section")
    forward, back = (section.strip() for section in sections[1::2])
    if not _has_code(forward) or not _has_code(back):
        raise MigrationError(f"{file_name} has an empty section: what cannot be reversed must say so by failing")
    sha256 = hashlib.sha256(content).hexdigest()
    return Migration(int(name["number"]), name["title"], sha256, forward, back)


def _has_code(text: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("--") for line in text.splitlines())


def _label(migration: Migration) -> str:
    return f"{migration.number:04}_{migration.title}.sql"
