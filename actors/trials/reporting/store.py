"""Reports in PostgreSQL, and the counts that they are made of."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import msgspec
import orjson

from actors.errors import NotFound
from actors.runtime.database import Database as Database
from actors.trials.reporting.report import Events, FlagRaised, Notable, Period, Report, StatusMove, Told
from schema import query

MOST_MOVES = 20
MOST_NAMED = 20  # trials of each kind


async def last(db: Database) -> tuple[date, datetime] | None:
    """The day of the latest report, and when it ended."""
    row = await db.fetchrow(query("reporting.last"))
    return (row["day"], row["to_at"]) if row else None


async def events(db: Database, of: Period) -> list[Events]:
    return [Events(**row) for row in await db.fetch(query("reporting.events"), of.from_at, of.to_at)]


async def moves(db: Database, of: Period) -> tuple[StatusMove, ...]:
    rows = await db.fetch(query("reporting.moves"), of.from_at, of.to_at, MOST_MOVES)
    return tuple(StatusMove(**row) for row in rows)


async def notable(db: Database, of: Period) -> tuple[Notable, ...]:
    rows = await db.fetch(query("reporting.notable"), of.from_at, of.to_at, MOST_NAMED)
    return tuple(Notable(**row) for row in rows)


async def flagged(db: Database, of: Period) -> tuple[FlagRaised, ...]:
    rows = await db.fetch(query("reporting.flagged"), of.from_at, of.to_at, MOST_NAMED)
    return tuple(FlagRaised(**row) for row in rows)


async def refused(db: Database) -> dict[str, int]:
    """Records that wait aside, by registry."""
    return {row["registry"]: row["records"] for row in await db.fetch(query("reporting.refused"))}


async def keep(db: Database, of: Period, zone: str, told: Told, at: datetime) -> bool:
    """False where there is a report of that day already: it stays as it is."""
    text = orjson.dumps(told).decode()
    return bool(await db.fetchval(query("reporting.keep"), of.day, at, of.from_at, of.to_at, zone, text))


async def report(db: Database, day: date | None = None) -> Report:
    """Of a day, or the latest. Raises NotFound."""
    row = await db.fetchrow(query("reporting.report"), day)
    if row is None:
        raise NotFound(f"day: there is no report of {day}" if day else "day: there is no report yet")
    return _report(row)


async def reports(db: Database, *, before: date | None = None, limit: int = 50) -> list[Report]:
    """The newest first, each with its figures alone; `before` is the day of the last one seen."""
    return [_report(row) for row in await db.fetch(query("reporting.reports"), before, limit)]


def _report(row: Mapping[str, Any]) -> Report:
    return Report(**{**row, "told": msgspec.json.decode(row["told"], type=Told)})


async def trim(db: Database, before: date) -> int:
    """How many reports were removed."""
    return int(await db.fetchval(query("reporting.trim"), before))
