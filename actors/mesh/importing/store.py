"""A file of MeSH taken into the database: staged by COPY, then taken over in one transaction."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import orjson

from actors.errors import Refusal, Unavailable
from actors.mesh.tables import COLUMNS, Row
from actors.mesh.xml import Kind
from actors.runtime.database import Database as Database
from schema import query

COPY_WITHIN_S = 120.0
MOST_LISTED = 1000  # records of each kind of change that are kept by name
TABLES = ("concepts", "terms", "places", "actions", "headings")
LETTERS: dict[Kind, str] = {"descriptors": "D", "supplementary": "C"}


class Connection(Database, Protocol):
    """asyncpg's connection."""

    async def copy_records_to_table(self, table_name: str, *, records: Any, columns: Any, timeout: Any) -> str: ...
    def transaction(self) -> Any: ...


class Busy(Refusal):
    """Another import is at work."""


class CopyBroken(Unavailable):
    """The database took no more rows."""


@dataclass(frozen=True, slots=True)
class Import:
    """One file that was taken over; `year` as the file or its name has it."""

    id: int
    at: datetime
    kind: Kind
    year: int | None
    reading: int
    sha256: bytes
    size_bytes: int
    file: str
    counts: dict[str, int]
    changes: dict[str, Any]


async def lock(db: Connection) -> None:
    """One import at a time; held by the session. Raises Busy."""
    if not await db.fetchval(query("mesh.try_lock")):
        raise Busy("another import of MeSH is at work: try again when it has ended")


async def unlock(db: Connection) -> None:
    with suppress(OSError):
        await db.fetchval(query("mesh.unlock"))


async def latest(db: Database, kind: Kind) -> Import | None:
    row = await db.fetchrow(query("mesh.latest"), kind)
    return _import(row) if row else None


async def empty_staging(db: Connection) -> None:
    await db.execute(query("mesh.empty_staging"))


async def stage(db: Connection, table: str, rows: Sequence[Row]) -> None:
    """Raises CopyBroken."""
    if not rows:
        return
    try:
        await db.copy_records_to_table(
            f"mesh_staged_{table}", records=rows, columns=COLUMNS[table], timeout=COPY_WITHIN_S
        )
    except TimeoutError as error:
        raise CopyBroken(f"mesh_staged_{table} took no more rows for {COPY_WITHIN_S:g} s") from error


async def weigh(db: Connection) -> None:
    """The planner gets to know what is staged."""
    for name in ("weigh_records", "weigh_terms", "weigh_places"):
        await db.execute(query(f"mesh.{name}"))


async def without_parent(db: Connection) -> tuple[int, list[str]]:
    """How many staged places have no place above them, though they should; and some of them."""
    rows = await db.fetch(query("mesh.without_parent"))
    return (rows[0]["number"] if rows else 0), [row["place"] for row in rows]


async def mend_parents(db: Connection) -> None:
    """A place whose parent is missing is put under the nearest that is there, so that it is found from above."""
    await db.execute(query("mesh.mend_parents"))


async def changes(db: Connection, kind: Kind) -> dict[str, Any]:
    """What the staged records change, in numbers and, as far as they are few, by name."""
    letter = LETTERS[kind]
    added = await db.fetch(query("mesh.added"), letter, MOST_LISTED)
    renamed = await db.fetch(query("mesh.renamed"), letter, MOST_LISTED)
    removed = await db.fetch(query("mesh.removed"), letter, MOST_LISTED)
    counted = {"added": _number(added), "removed": _number(removed), "renamed": _number(renamed)}
    listed = {
        "added": [{"ui": row["ui"], "name": row["name"]} for row in added],
        "removed": [{"ui": row["ui"], "name": row["name"], "now": row["now"]} for row in removed],
        "renamed": [{"ui": row["ui"], "before": row["before"], "after": row["after"]} for row in renamed],
    }
    return {**counted, "listed": {name: rows if counted[name] <= MOST_LISTED else [] for name, rows in listed.items()}}


async def held(db: Connection) -> dict[str, int]:
    """How many records there are, by kind."""
    return dict(await db.fetchrow(query("mesh.held")))


async def take_over(db: Connection, kind: Kind) -> None:
    """The staged records are MeSH from now on; in a transaction. Who reads meanwhile sees what was before."""
    letter = LETTERS[kind]
    await db.execute(query("mesh.forget_records"), letter)
    await db.execute(query("mesh.take_records"), letter)
    await db.execute(query("mesh.follow_gone"))
    for table in TABLES:
        await db.execute(query(f"mesh.forget_{table}"), letter)
        await db.execute(query(f"mesh.take_{table}"))
    await db.execute(query("mesh.forget_words"), letter)
    await db.execute(query("mesh.take_words"))
    await db.execute(query("mesh.weigh"))
    await db.execute(query("mesh.refresh_view" if await db.fetchval(query("mesh.is_filled")) else "mesh.fill_view"))


async def note(
    db: Connection, kind: Kind, *, year: int | None, reading: int, sha256: bytes, size_bytes: int, file: str,
    counts: dict[str, int], changes: dict[str, Any],
) -> int:  # fmt: skip
    """Keeps account of an import; its id."""
    told = (orjson.dumps(counts).decode(), orjson.dumps(changes).decode())
    return int(await db.fetchval(query("mesh.note_import"), kind, year, reading, sha256, size_bytes, file, *told))


async def imports(db: Database, limit: int = 20) -> list[Import]:
    """The last first."""
    return [_import(row) for row in await db.fetch(query("mesh.imports"), limit)]


def _import(row: Any) -> Import:
    told = dict(row)
    return Import(**{**told, "counts": orjson.loads(told["counts"]), "changes": orjson.loads(told["changes"])})


def _number(rows: Sequence[Any]) -> int:
    return int(rows[0]["number"]) if rows else 0
