"""What an operator asks of the queue, and does to it: statements, as in store.py."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from actors.errors import Conflict, NotFound
from actors.queue.explain import Facts
from actors.queue.store import Database, take_along
from schema import query


async def set_paused(db: Database, queue: str, *, paused: bool) -> None:
    """Raises NotFound."""
    if await db.fetchval(query("jobs.set_paused"), queue, paused) is None:
        raise NotFound(f"queue: there is no queue {queue!r}")


async def set_limits(
    db: Database, queue: str, *, most_running: int | None, per_minute: float | None, fair: bool
) -> None:
    """Raises NotFound."""
    if await db.fetchval(query("jobs.set_limits"), queue, most_running, per_minute, fair) is None:
        raise NotFound(f"queue: there is no queue {queue!r}")


async def load(db: Database) -> list[dict[str, Any]]:
    return [dict(row) for row in await db.fetch(query("jobs.load"))]


async def worker_load(db: Database) -> int:
    """The jobs that wait for workers or run at them, of all queues that are not paused."""
    return int(await db.fetchval(query("jobs.worker_load")))


async def list_jobs(
    db: Database, *, states: Sequence[str] | None = None, queue: str | None = None, kind: str | None = None,
    before: int | None = None, limit: int = 50, tenant: str | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Newest first: jobs that wait, run or died, or, for the states of ended ones, the history; of a tenant, or all."""
    ended = bool(states) and set(states or ()) <= ENDED
    name = "jobs.list_ended" if ended else "jobs.list"
    rows = await db.fetch(query(name), list(states) if states else None, queue, kind, before, limit, tenant)
    return [plain(row) for row in rows]


ENDED = frozenset({"done", "cancelled", "discarded"})

_JSON = frozenset({"payload", "result", "progress", "checkpoint", "errors", "last_error", "detail"})


def plain(row: Any) -> dict[str, Any]:
    return {k: orjson.loads(v) if k in _JSON and isinstance(v, str) else v for k, v in row.items()}


async def show(db: Database, job: int) -> dict[str, Any]:
    """Everything that is known of a job, with its events. Raises NotFound."""
    row = await db.fetchrow(query("jobs.show"), job) or await db.fetchrow(query("jobs.show_ended"), job)
    if row is None:
        raise NotFound(f"job: there is no job {job}")
    events = [plain(event) for event in await db.fetch(query("jobs.events"), job)]
    return plain(row) | {"events": events}


async def state_of(db: Database, job: int) -> str | None:
    row = await db.fetchrow(query("jobs.show"), job) or await db.fetchrow(query("jobs.show_ended"), job)
    return row["state"] if row else None


async def facts(db: Database, job: int, kinds: Iterable[str]) -> Facts:
    """What decides whether a job may run. Raises NotFound."""
    row = await db.fetchrow(query("jobs.facts"), job)
    if row is None:
        ended = await db.fetchrow(query("jobs.show_ended"), job)
        if ended is None:
            raise NotFound(f"job: there is no job {job}")
        return Facts(id=job, state=ended["state"], queue=ended["queue"], kind=ended["kind"])
    known = dict(row)
    error = orjson.loads(known.pop("last_error") or "null")
    worker = known.pop("worker")
    return Facts(
        **known,
        kind_known=row["kind"] in set(kinds),
        worker=str(worker) if worker else None,
        last_error=error["error"] if error else None,
    )


async def cancel(db: Database, job: int, reason: str) -> str:
    """`cancelled` for one that waited (and all that waited for it), `asked` for one that runs. Raises NotFound."""
    if await take_along(db, await db.fetch(query("jobs.cancel_waiting"), job, reason)):
        return "cancelled"
    if await db.fetchval(query("jobs.ask_to_stop"), job, reason) is not None:
        return "asked"
    state = await state_of(db, job)
    if state is None:
        raise NotFound(f"job: there is no job {job}")
    return state


async def revive(
    db: Database, *, ids: Sequence[int] | None = None, since: datetime | None = None, kind: str | None = None
) -> list[int]:
    """Dead letters become ready again, their attempts at zero."""
    rows = await db.fetch(query("jobs.revive"), list(ids) if ids is not None else None, since, kind)
    for queue in {row["queue"] for row in rows}:
        await db.execute(query("jobs.wake"), queue)
    return [row["id"] for row in rows]


async def release(db: Database, job: int) -> str | None:
    """The state of a job that was held; None for one that was not. Raises Conflict while it waits for an approval."""
    try:
        row = await db.fetchrow(query("jobs.release"), job)
    except asyncpg.RestrictViolationError as error:
        raise Conflict(f"job: {error}") from error
    if row is not None and row["state"] == "ready":
        await db.execute(query("jobs.wake"), row["queue"])
    return None if row is None else str(row["state"])


async def run_now(db: Database, job: int) -> bool:
    row = await db.fetchrow(query("jobs.run_now"), job)
    if row is not None:
        await db.execute(query("jobs.wake"), row["queue"])
    return row is not None


async def discard(
    db: Database, *, ids: Sequence[int] | None = None, since: datetime | None = None, kind: str | None = None
) -> list[int]:
    """Moves dead letters to the history, and cancels what waited for them."""
    given = list(ids) if ids is not None else None
    return await take_along(db, await db.fetch(query("jobs.discard"), given, since, kind))


async def ended_since(db: Database, since: datetime) -> list[dict[str, Any]]:
    return [dict(row) for row in await db.fetch(query("jobs.ended_since"), since)]


async def failures_since(db: Database, since: datetime) -> tuple[int, int]:
    """How many jobs died, and how many were done."""
    row = await db.fetchrow(query("jobs.failures_since"), since)
    return row["dead"], row["done"]
