"""The statements of schedules: what is due, who fires it, and what came of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from actors.errors import NotFound
from actors.queue.operating import plain
from actors.queue.store import Database
from schema import query


async def every(db: Database) -> list[dict[str, Any]]:
    return [plain(row) for row in await db.fetch(query("jobs.schedules"))]


async def due(db: Database, now: datetime | None) -> list[dict[str, Any]]:
    return [dict(row) for row in await db.fetch(query("jobs.due_schedules"), now)]


async def put(
    db: Database,
    *,
    name: str,
    cron: str,
    zone: str,
    kind: str,
    payload: str,
    missed: str,
    overlap: str,
    next_due_at: datetime,
) -> int:
    return int(
        await db.fetchval(query("jobs.put_schedule"), name, cron, zone, kind, payload, missed, overlap, next_due_at)
    )


async def drop(db: Database, prefix: str, *, except_for: Sequence[str]) -> list[str]:
    return [row["name"] for row in await db.fetch(query("jobs.drop_schedules"), prefix, except_for)]


async def enable(db: Database, name: str, *, enabled: bool, next_due_at: datetime) -> None:
    """Raises NotFound."""
    if await db.fetchval(query("jobs.enable_schedule"), name, enabled, next_due_at) is None:
        raise NotFound(f"schedule: there is no schedule {name!r}")


async def tick(db: Database, schedule: int, due_at: datetime, outcome: str) -> bool:
    """True for the one scheduler that may fire it."""
    return await db.fetchval(query("jobs.tick"), schedule, due_at, outcome) is not None


async def tick_enqueued(db: Database, schedule: int, due_at: datetime, job: int) -> None:
    await db.execute(query("jobs.tick_enqueued"), schedule, due_at, job)


async def still_running(db: Database, schedule: int) -> int | None:
    job: int | None = await db.fetchval(query("jobs.still_running"), schedule)
    return job


async def advance(db: Database, schedule: int, next_due_at: datetime) -> None:
    await db.execute(query("jobs.advance"), schedule, next_due_at)


async def ticks(db: Database, schedule: int, limit: int = 20) -> list[dict[str, Any]]:
    return [dict(row) for row in await db.fetch(query("jobs.ticks"), schedule, limit)]
