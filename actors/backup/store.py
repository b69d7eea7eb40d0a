"""What backups ask of a database. `db` is a connection of its own: snapshots and locks are a session's."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import asyncpg

from actors.backup import runs
from actors.backup.runs import Run, Standing
from actors.errors import Refusal, Unavailable
from actors.runtime.database import Database
from schema import query
from schema.migrate import MigrationError, migrate, read_migrations

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

CONNECT_S = 10.0
# One text of a row on every server and in every session, so that hashes of it can be compared.
SESSION = {
    "triald.tenant": "*", "application_name": "triald backup", "timezone": "UTC", "datestyle": "ISO, YMD",
    "intervalstyle": "postgres", "extra_float_digits": "1", "bytea_output": "hex", "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0", "client_min_messages": "warning",
}  # fmt: skip


class NotMigrated(Refusal):
    """There is nothing of ours in the database."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A moment that pg_dump can read too, while its transaction lasts."""

    db: "Connection"
    name: str
    at: datetime
    lsn: str
    postgres: int
    schema_version: int

    @property
    def major(self) -> int:
        return self.postgres // 10_000


@dataclass(frozen=True, slots=True)
class Content:
    """Of a table: its rows, and a sum of their hashes that does not depend on their order."""

    rows: int
    content: str


@asynccontextmanager
async def connected(url: str) -> "AsyncIterator[Connection]":
    try:
        db = await asyncpg.connect(url, timeout=CONNECT_S, server_settings=SESSION, statement_cache_size=0)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise Unavailable(f"the database cannot be used: {error or type(error).__name__}") from error
    try:
        yield db
    finally:
        await db.close()


@asynccontextmanager
async def snapshot(url: str) -> AsyncIterator[Snapshot]:
    """Raises NotMigrated, Unavailable."""
    async with connected(url) as db:
        await db.execute(query("backup.keep_sweeps_away"))
        async with db.transaction(isolation="repeatable_read", readonly=True):
            if not await db.fetchval(query("backup.is_migrated")):
                raise NotMigrated("the database has no schema of triald yet: triald migrate makes it")
            row = await _row(db, query("backup.begin"))
            version = await db.fetchval(query("backup.schema_version")) or 0
            yield Snapshot(db, row["snapshot"], row["at"], row["lsn"], row["postgres"], version)


async def tables(db: "Connection") -> list[str]:
    """As their names are written in statements."""
    return [row["name"] for row in await db.fetch(query("backup.tables"))]


async def rows(db: "Connection", names: Iterable[str]) -> dict[str, int]:
    """How many each table has."""
    return {name: await db.fetchval(await db.fetchval(query("backup.count_of"), name)) for name in names}


async def content(db: "Connection", names: Iterable[str]) -> dict[str, Content]:
    """What each table holds, to compare it with another's of the same schema."""
    found: dict[str, Content] = {}
    for name in names:
        row = await _row(db, await db.fetchval(query("backup.content_of"), name))
        found[name] = Content(row["rows"], row["content"])
    return found


async def sequences(db: "Connection") -> dict[str, int | None]:
    return {row["name"]: row["last_value"] for row in await db.fetch(query("backup.sequences"))}


async def server(db: "Connection") -> tuple[int, bool]:
    """The server's version (180004), and whether we may make databases there."""
    row = await _row(db, query("backup.server"))
    return row["postgres"], row["may_create"]


async def _row(db: Database, statement: str) -> Any:
    """The one that there always is."""
    return await db.fetchrow(statement)


async def drills_alone(db: "Connection") -> bool:
    """Whether no other drill is under way on the server; none begins until the session ends."""
    return bool(await db.fetchval(query("backup.keep_drills_away")))


async def sessions(db: "Connection", database: str) -> int | None:
    """How many others are in a database; None where there is none of that name."""
    row = await db.fetchrow(query("backup.database"), database)
    return row["sessions"] if row else None


async def is_empty(db: "Connection") -> bool:
    return not await db.fetchval(query("backup.objects"))


async def create_database(db: "Connection", name: str, like: str | None) -> None:
    await db.execute(await db.fetchval(query("backup.create_database"), name, like))


async def rename_database(db: "Connection", name: str, to: str) -> None:
    await db.execute(await db.fetchval(query("backup.rename_database"), name, to))


async def drop_database(db: "Connection", name: str) -> None:
    await db.execute(await db.fetchval(query("backup.drop_database"), name))


async def unused_databases(db: "Connection", start: str) -> list[str]:
    return [row["datname"] for row in await db.fetch(query("backup.databases_like"), start)]


async def extensions(db: "Connection") -> set[str]:
    """Those that the server could make."""
    return {row["name"] for row in await db.fetch(query("backup.extensions"))}


def newest_schema() -> int:
    """The last migration that this triald knows."""
    return read_migrations()[-1].number


async def settle(db: "Connection", schema_version: int) -> None:
    """After a restore: who answers requests may read again, and the planner knows what there is. Raises Refusal."""
    try:
        await migrate(db, schema_version)
    except MigrationError as error:
        raise Refusal(f"what was restored is not of this triald: {error}") from error
    await db.execute(query("backup.analyze"))


# ── what became of them ──


async def add_run(db: Database, run: Run) -> None:
    await db.execute(
        query("backup.add_run"), run.started_at, run.ended_at, run.database_bytes, run.files_bytes, run.rows, run.files,
        run.kind, run.state, run.host, run.folder, run.name, run.error,
    )  # fmt: skip


async def standing(db: Database) -> Standing:
    return runs.standing([Run(**row) for row in await db.fetch(query("backup.runs"))])


async def age_s(db: Database, now: datetime, *, wanted: bool) -> float | None:
    """Since the last good backup; where none was ever made and they are `wanted`, since there is a database."""
    last = (await standing(db)).backup
    since = last.ended_at if last else await db.fetchval(query("backup.since")) if wanted else None
    return max(0.0, (now - since).total_seconds()) if since else None


async def trim(db: Database, before: datetime) -> int:
    """Removes what became of backups long ago; the last of each kind is kept."""
    return int(await db.fetchval(query("backup.trim"), before))
