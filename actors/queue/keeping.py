"""What is kept of the queue: its history, and the answers to commands by their keys: statements, as in store.py."""

from datetime import date, datetime
from typing import NamedTuple

import asyncpg

from actors.errors import Unavailable
from actors.queue.store import Database
from schema import query


class Busy(Unavailable):
    """Somebody reads the history; its days cannot be changed just now."""


async def add_partition(db: Database, day: date) -> bool:
    """Raises Busy."""
    try:
        return bool(await db.fetchval(query("jobs.add_partition"), day))
    except asyncpg.LockNotAvailableError as error:
        raise Busy(f"the day {day} of the history could not be added") from error


async def trim_history(db: Database, before: datetime) -> int:
    """Removes jobs that ended before; whole days at once where possible. Raises Busy."""
    ended = await db.fetchval(query("retention.older_history"), before)
    try:
        await db.fetch(query("jobs.drop_partitions"), before.date())
    except asyncpg.LockNotAvailableError as error:
        raise Busy("old days of the history could not be dropped") from error
    await db.fetchval(query("jobs.trim_default"), before)
    return int(ended)


async def trim_events(db: Database, before: datetime) -> int:
    return int(await db.fetchval(query("jobs.trim_events"), before))


async def trim_ticks(db: Database, before: datetime) -> int:
    return int(await db.fetchval(query("jobs.trim_ticks"), before))


async def trim_keys(db: Database, before: datetime) -> int:
    """Answers to commands by their keys."""
    return int(await db.fetchval(query("jobs.trim_idempotency"), before))


class FirstCall(NamedTuple):
    """What is known of the first call with an idempotency key."""

    request_sha: bytes
    status: int
    answer: str  # JSON


async def begin_once(db: Database, route: str, key: str, request_sha: bytes) -> bool:
    """True for the first call with its key; waits while a twin, in another transaction, is at work."""
    return await db.fetchval(query("jobs.begin_once"), route, key, request_sha) is not None


async def first_call(db: Database, route: str, key: str) -> FirstCall:
    """The call that was the first with this key."""
    return FirstCall(**await db.fetchrow(query("jobs.once"), route, key))


async def end_once(db: Database, route: str, key: str, *, status: int, answer: str) -> None:
    """Keeps the answer, in the transaction of the effect."""
    await db.execute(query("jobs.end_once"), route, key, status, answer)
