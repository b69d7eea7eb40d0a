"""The log of events in PostgreSQL. `db` is a pool or a connection."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

import orjson

from actors.errors import Refusal
from actors.events.event import MOST_PAYLOAD_BYTES, Event
from actors.runtime.database import Database as Database
from schema import query

MOST_AT_ONCE = 1000


async def append(
    db: Database, *, room: str, kind: str, payload: Mapping[str, object], tenant: int | None = None,
    key: str | None = None, is_final: bool = False,
) -> None:  # fmt: skip
    """Adds an event, in the transaction of what it tells of. Raises Refusal for a payload that is too large.

    `tenant` is None for what concerns the service as a whole. `room` is one of rooms.py, or `user:LOGIN`. The payload
    holds numbers and names, never patient text: whoever is in the room hears it.
    """
    given = orjson.dumps(payload)
    if len(given) > MOST_PAYLOAD_BYTES:
        raise Refusal(f"payload: expected at most {MOST_PAYLOAD_BYTES:,} bytes of JSON, got {len(given):,}")
    await db.execute(query("events.append"), tenant, is_final, room, kind, key, given.decode())
    await db.execute(query("events.hint"))


async def after(db: Database, last: int, most: int = MOST_AT_ONCE) -> list[Event]:
    """The events after a number, in order; what was committed and had no number yet gets it now."""
    return [_event(row) for row in await db.fetch(query("events.after"), last, most)]


async def latest(db: Database, number: int) -> list[Event]:
    """The latest events, in order."""
    return [_event(row) for row in await db.fetch(query("events.latest"), number)]


async def replay(
    db: Database, since: int, up_to: int, *, room: str, prefix: str | None, most: int
) -> list[Event] | None:
    """The events of a room between two numbers; None where some of them were removed, or more than `most` there are."""
    if not await db.fetchval(query("events.reaches"), since):
        return None
    rows = await db.fetch(query("events.replay"), since, up_to, room, prefix, most + 1)
    return [_event(row) for row in rows] if len(rows) <= most else None


async def trim(db: Database, before: datetime) -> int:
    """Removes older events; the number of them."""
    return int(await db.fetchval(query("events.trim"), before))


async def forget(db: Database, login: str) -> int:
    """Removes what was told to one person alone; the number of it."""
    return int(await db.fetchval(query("events.forget"), login))


@dataclass(frozen=True, slots=True)
class JobState:
    """How a job stands. `rev` grows with each change; None once it is in the history."""

    id: int
    state: str
    rev: int | None
    attempts: int
    kind: str
    queue: str
    tenant: str | None
    progress: str | None  # JSON


async def jobs(db: Database, ids: Collection[int]) -> list[JobState]:
    """How these jobs stand, those that ended included; who is not among them never was, or is forgotten."""
    return [JobState(**row) for row in await db.fetch(query("events.jobs"), sorted(ids))]


class Asked(NamedTuple):
    """Whether somebody may be in the room of a project."""

    user: int
    project: int
    tenant: int
    is_admin: bool  # of their tenant


async def in_projects(db: Database, asked: Sequence[Asked]) -> set[tuple[int, int]]:
    """The users and projects of those who may."""
    given = [list(column) for column in zip(*asked, strict=True)]
    return {(row["user_id"], row["project_id"]) for row in await db.fetch(query("events.in_projects"), *given)}


Mark: TypeAlias = tuple[str, int]  # user, token or session, and its number


async def marks(
    db: Database, users: Collection[int], tokens: Collection[int], sessions: Collection[int]
) -> dict[Mark, int]:
    """Of each that there is a number, which is another one when anything has changed that decides what one may do."""
    rows = await db.fetch(query("events.marks"), list(users), list(tokens), list(sessions))
    return {(row["what"], row["id"]): row["mark"] for row in rows}


def _event(row: Any) -> Event:
    return Event(
        row["id"], row["at"], row["tenant_id"], row["is_final"], row["room"], row["kind"], row["key"],
        row["payload"].encode(),
    )  # fmt: skip
