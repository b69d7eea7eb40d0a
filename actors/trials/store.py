"""What the mirror holds, for those who read it: trials and their versions, scrapes, and records set aside."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from actors.errors import NotFound
from actors.runtime.database import Database as Database
from actors.trials import search as ask
from actors.trials import shown
from actors.trials.pack import unpack
from actors.trials.scrapes import Scrape
from schema import query

# ── trials ──


async def get(db: Database, key: int | str) -> shown.TrialShown:
    """A trial by our id, or by any number that it states, its own number before others. Raises NotFound."""
    return shown.trial(await _row(db, key))


async def told(db: Database, key: str) -> tuple[str, bytes]:
    """The same as JSON, for who only hands it on; and its registry. Raises NotFound."""
    row = await _row(db, key)
    return row["registry"], shown.trial_told(row)


async def _row(db: Database, key: int | str) -> Any:
    id_ = key if isinstance(key, int) else await _id_of(db, key)
    row = await db.fetchrow(query("trials.by_id"), id_) if abs(id_) <= ask.LAST_ID else None
    if row is None:
        raise NotFound(f"there is no trial {key}")
    return row


async def _id_of(db: Database, key: str) -> int:
    if key.isascii() and key.isdigit():
        return int(key)
    found = await find_ids(db, ask.numbers_in(key))
    if not found:
        raise NotFound(f"there is no trial {key}")
    return found[0]


async def find_ids(db: Database, numbers: Sequence[str]) -> list[int]:
    """The trials that state one of these numbers; those whose own number it is come first."""
    if not numbers:
        return []
    found = await db.fetch(query("trials.find_ids"), list(numbers))
    return [row["trial_id"] for row in sorted(found, key=lambda row: (row["nearness"], row["trial_id"]))]


async def raw(db: Database, trial_id: int, version: int | None = None) -> shown.RawRecord:
    """The record of a version as it came, the latest by default. Raises NotFound."""
    row = await db.fetchrow(query("trials.raw"), trial_id, version)
    if row is None:
        raise NotFound(f"there is no record of trial {trial_id}" + (f", version {version}" if version else ""))
    return shown.RawRecord(**{**row, "body": unpack(row["body"])})


async def versions(db: Database, trial_id: int) -> list[shown.Version]:
    """The newest first; empty where there is no such trial."""
    return [shown.version(row) for row in await db.fetch(query("trials.versions"), trial_id)]


async def counts(db: Database) -> list[shown.RegistryCount]:
    return [shown.RegistryCount(**row) for row in await db.fetch(query("trials.counts"))]


# ── scrapes ──


async def scrape(db: Database, scrape_id: int) -> Scrape:
    """Raises NotFound."""
    row = await db.fetchrow(query("trials.scrape"), scrape_id)
    if row is None:
        raise NotFound(f"there is no scrape {scrape_id}")
    return Scrape(**row)


async def scrapes(
    db: Database, registry: str | None = None, *, before: int | None = None, limit: int = 50
) -> list[Scrape]:
    """The newest first; `before` is the id of the last one seen."""
    return [Scrape(**row) for row in await db.fetch(query("trials.scrapes"), registry, before, limit)]


async def last_success(db: Database, registry: str) -> Scrape | None:
    """The latest scrape that ended well."""
    row = await db.fetchrow(query("trials.last_success"), registry)
    return Scrape(**row) if row else None


async def covered_to(db: Database, registry: str) -> date | None:
    """The day before which every update at the source is here; None before a first complete scrape."""
    day: date | None = await db.fetchval(query("trials.covered_to"), registry)
    return day


async def refusals(
    db: Database, registry: str | None = None, *, before: int | None = None, limit: int = 50
) -> list[shown.RefusedRecord]:
    """Records that wait aside, the newest first."""
    return [shown.RefusedRecord(**row) for row in await db.fetch(query("trials.refusals"), registry, before, limit)]


async def refusal_body(db: Database, refusal_id: int) -> bytes:
    """The refused record as it came. Raises NotFound."""
    body = await db.fetchval(query("trials.refusal_body"), refusal_id)
    if body is None:
        raise NotFound(f"there is no refused record {refusal_id}")
    return unpack(body)
