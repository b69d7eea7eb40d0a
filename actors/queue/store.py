"""The queue's statements. The first argument is a pool or a connection: a caller can put two into one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from operator import itemgetter
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import asyncpg
import orjson

from actors.errors import NotFound, Refusal, Unavailable
from actors.queue.explain import Facts
from actors.queue.job import Job, NewJob, QueueRules
from schema import query

_ENQUEUE = query("jobs.enqueue")
_ENQUEUE_ONE = query("jobs.enqueue_one")
_CLAIM = query("jobs.claim")
_CLAIM_FROM = query("jobs.claim_from")
_CLAIM_WITHIN_LIMITS = query("jobs.claim_within_limits")
_FINISH = query("jobs.finish")


class Database(Protocol):
    """asyncpg's pool and connection both fit."""

    async def fetch(self, query: str, *args: Any) -> list[Any]: ...
    async def fetchrow(self, query: str, *args: Any) -> Any: ...
    async def fetchval(self, query: str, *args: Any) -> Any: ...
    async def execute(self, query: str, *args: Any) -> str: ...


# ── asking for work ──


async def enqueue(db: Database, jobs: Sequence[NewJob]) -> list[int]:
    """The ids in order; a job whose unique key is taken gets the id of the job that has it.

    Jobs with dependencies must be enqueued within a transaction. Raises NotFound for a dependency that never was,
    Refusal for one that was given up.
    """
    waits_for = [await _take_dependencies(db, job.depends_on) for job in jobs]
    rows = [(*_columns(job), len(parents)) for job, parents in zip(jobs, waits_for, strict=True)]
    ids: list[int | None]
    if len(rows) == 1:
        ids = [await db.fetchval(_ENQUEUE_ONE, *rows[0])]
    else:
        fresh = await db.fetch(_ENQUEUE, *zip(*rows, strict=True)) if rows else []
        ids = [row["id"] for row in fresh] if len(fresh) == len(jobs) else _match(jobs, fresh)
    for id_, parents in zip(ids, waits_for, strict=True):
        if parents and id_ is not None:
            await db.execute(query("jobs.add_dependencies"), id_, parents)
    return await _with_holders(db, jobs, ids)


async def warm(db: Database) -> None:
    """Enqueues nothing: the first job that a new connection enqueues would take ten times as long as the next."""
    await db.fetch(_ENQUEUE, *[[]] * 14)


async def end_when_idle(db: Database, within_s: int) -> None:
    """Has the server end this session, should it neither go on with a transaction nor end it for so long."""
    await db.execute(query("jobs.end_when_idle"), within_s)


def _columns(j: NewJob) -> tuple[object, ...]:
    return (
        j.kind, j.queue, j.payload, j.priority, j.delay_s, j.held, j.max_attempts, j.timeout_s, j.unique_key, j.tenant,
        j.trace_id, j.parent_id, j.schedule_id,
    )  # fmt: skip


async def _take_dependencies(db: Database, ids: Sequence[int]) -> list[int]:
    if not ids:
        return []
    waiting = {row["id"] for row in await db.fetch(query("jobs.take_dependencies"), list(ids))}
    given_up = {row["id"]: row["given_up"] for row in await db.fetch(query("jobs.known"), list(ids))}
    if missing := set(ids) - given_up.keys():
        raise NotFound(f"depends_on: there is no job {min(missing)}")
    if dropped := [id_ for id_ in ids if given_up[id_]]:
        raise Refusal(f"depends_on: job {min(dropped)} was cancelled or discarded: what waits for it would never run")
    return sorted(waiting)


def _match(jobs: Sequence[NewJob], rows: Sequence[Any]) -> list[int | None]:
    """The id that each job was given; None for one whose key is taken, also by a job before it."""
    fresh: dict[tuple[str, str | None], list[int]] = {}
    for row in reversed(rows):
        fresh.setdefault((row["kind"], row["unique_key"]), []).append(row["id"])
    return [mine.pop() if (mine := fresh.get((job.kind, job.unique_key))) else None for job in jobs]


async def _with_holders(db: Database, jobs: Sequence[NewJob], ids: Sequence[int | None]) -> list[int]:
    """The ids, with the holder's for each job whose key is taken; one whose holder ended just now is enqueued."""
    if not (taken := [job for job, id_ in zip(jobs, ids, strict=True) if id_ is None]):
        return [id_ for id_ in ids if id_ is not None]
    holders: dict[tuple[str, str | None], int] = {}
    for kind in {job.kind for job in taken}:
        keys = [job.unique_key for job in taken if job.kind == kind]
        holders |= {(kind, r["unique_key"]): r["id"] for r in await db.fetch(query("jobs.by_unique_key"), kind, keys)}
    free = [job for job in taken if (job.kind, job.unique_key) not in holders]
    late = iter(await enqueue(db, free) if free else ())
    return [
        id_ if id_ is not None else holders.get((job.kind, job.unique_key)) or next(late)
        for job, id_ in zip(jobs, ids, strict=True)
    ]


async def enqueue_alike(db: Database, like: NewJob, payloads: Sequence[str]) -> int:
    """Many jobs that differ in their payload alone, in one statement; answers with their number."""
    return int(
        await db.fetchval(
            query("jobs.enqueue_alike"),
            like.kind, like.queue, like.priority, like.max_attempts, like.timeout_s, like.tenant, like.trace_id,
            payloads,
        )
    )  # fmt: skip


# ── working ──


async def claim(db: Database, queue: str, limit: int, worker: UUID, grace_s: float) -> list[Job]:
    rows = await db.fetch(_CLAIM, queue, limit, worker, grace_s)
    return _in_order(rows)


async def claim_from(
    db: Database, queue: str, limit: int, worker: UUID, grace_s: float, *, priority: int, first_id: int
) -> list[Job]:
    return _in_order(await db.fetch(_CLAIM_FROM, queue, limit, worker, grace_s, priority, first_id))


async def claim_within_limits(
    db: Database, queue: str, limit: int, worker: UUID, grace_s: float, *, priority: int | None = None,
    first_id: int | None = None,
) -> list[Job]:  # fmt: skip
    return _in_order(await db.fetch(_CLAIM_WITHIN_LIMITS, queue, limit, worker, grace_s, priority, first_id))


_new = tuple.__new__  # what Job._make does, without its call
_id, _priority = itemgetter(Job._fields.index("id")), itemgetter(Job._fields.index("priority"))


def _in_order(rows: list[Any]) -> list[Job]:
    jobs = [_new(Job, row) for row in rows]
    jobs.sort(key=_id)
    jobs.sort(key=_priority, reverse=True)  # keeps the order of ids
    return jobs


async def stage(db: Database, limit: int) -> int:
    return int(await db.fetchval(query("jobs.stage"), limit))


async def next_due_s(db: Database) -> float | None:
    due_s: float | None = await db.fetchval(query("jobs.next_due_s"))
    return due_s


async def held_by(db: Database, worker: UUID, queues: Sequence[str]) -> dict[int, int]:
    """The fences of the jobs that a worker holds, by their ids."""
    rows = await db.fetch(query("jobs.held_by"), worker, list(queues))
    return {row["id"]: row["fence"] for row in rows}


async def begin_attempt(db: Database, job: Job, worker: UUID) -> bool:
    """False when the job is held by somebody else now."""
    return await db.fetchval(query("jobs.begin_attempt"), job.id, job.fence, worker) is not None


async def still_held(db: Database, ids: Sequence[int], fences: Sequence[int], worker: UUID) -> set[int]:
    return {row["id"] for row in await db.fetch(query("jobs.still_held"), ids, fences, worker)}


async def finish(
    db: Database, ids: Sequence[int], fences: Sequence[int], results: Sequence[str | None], worker: UUID
) -> list[int]:
    """Ends jobs; the answer leaves out those that this worker holds no more."""
    given = results if any(results) else None
    ended: list[int] = await db.fetchval(_FINISH, _array(ids), _array(fences), given, worker)
    return ended


def _array(numbers: Sequence[int]) -> str:
    return "{" + ",".join(map(str, numbers)) + "}"


async def put_off(
    db: Database, ids: Sequence[int], fences: Sequence[int], delays_s: Sequence[float],
    errors: Sequence[str | None], gives_back: Sequence[bool], worker: UUID,
) -> list[int]:  # fmt: skip
    rows = await db.fetch(query("jobs.put_off"), ids, fences, delays_s, errors, gives_back, worker)
    return [row["id"] for row in rows]


async def bury(
    db: Database, ids: Sequence[int], fences: Sequence[int], errors: Sequence[str], worker: UUID
) -> list[int]:
    return [row["id"] for row in await db.fetch(query("jobs.bury"), ids, fences, errors, worker)]


async def drop(
    db: Database, ids: Sequence[int], fences: Sequence[int], reasons: Sequence[str], worker: UUID
) -> list[int]:
    """Cancels jobs that this worker holds, and what waited for them."""
    return await _take_along(db, await db.fetch(query("jobs.drop_claimed"), ids, fences, reasons, worker))


async def _take_along(db: Database, gone: Sequence[Any]) -> list[int]:
    """Cancels what began to wait for these jobs while they were on their way out: their statement could not see it."""
    if parents := [row["id"] for row in gone if row["has_dependents"]]:
        await db.fetch(query("jobs.cancel_dependents"), parents, "what it waited for was cancelled")
    return [row["id"] for row in gone]


async def save_checkpoint(db: Database, job: Job, worker: UUID, checkpoint: str) -> bool:
    """False when the job is held by somebody else now: the caller's transaction must not be committed."""
    return await db.fetchval(query("jobs.save_checkpoint"), job.id, job.fence, worker, checkpoint) is not None


async def save_progress(
    db: Database, ids: Sequence[int], fences: Sequence[int], progress: Sequence[str], worker: UUID
) -> list[tuple[int, int]]:
    rows = await db.fetch(query("jobs.save_progress"), ids, fences, progress, worker)
    return [(row["id"], row["rev"]) for row in rows]


async def tell(db: Database, channel: str, payload: str) -> None:
    await db.execute(query("jobs.tell"), channel, payload)


async def asked_to_stop(db: Database, ids: Sequence[int]) -> list[int]:
    return [row["id"] for row in await db.fetch(query("jobs.asked_to_stop"), ids)]


async def add_events(db: Database, events: Iterable[tuple[int, str, Mapping[str, object]]]) -> None:
    """Rows of (job, event, detail), for what an operator wants to read later."""
    rows = list(events)
    await db.execute(
        query("jobs.add_events"),
        [job for job, _, _ in rows], [event for _, event, _ in rows], [orjson.dumps(d).decode() for _, _, d in rows],
    )  # fmt: skip


# ── living, and noticing who does not ──


async def register(
    db: Database, worker: UUID, *, host: str, pid: int, version: str, lag_s: float, slots: int, running: int,
    draining: bool, actors: Sequence[Mapping[str, object]], lately: Mapping[str, object],
    queues: Sequence[str],
) -> int:  # fmt: skip
    beats = await db.fetchval(
        query("jobs.register"),
        worker, host, pid, version, lag_s, slots, running, draining, orjson.dumps(actors).decode(),
        orjson.dumps(lately).decode(), list(queues),
    )  # fmt: skip
    return int(beats)


async def unregister(db: Database, worker: UUID) -> None:
    await db.execute(query("jobs.unregister"), worker)


async def beats(db: Database) -> dict[UUID, int]:
    """The count of beats of every process, also of those that died lately."""
    return {row["id"]: row["beats"] for row in await db.fetch(query("jobs.beats"))}


async def strays(db: Database) -> set[UUID]:
    """Processes that hold jobs and have no row: killed before their first beat, most likely."""
    return {row["worker"] for row in await db.fetch(query("jobs.strays"))}


async def cut_off(db: Database, dead: Sequence[UUID]) -> int:
    """Ends what dead processes have begun and hold locked; the number of their connections that this closed."""
    return int(await db.fetchval(query("jobs.cut_off"), list(dead)))


async def rescue(db: Database, dead: Sequence[UUID]) -> list[Any]:
    return await db.fetch(query("jobs.rescue"), list(dead))


async def take_back(db: Database, ids: Sequence[int], fences: Sequence[int], worker: UUID) -> list[Any]:
    """Takes attempts that ran past their deadline from this process's own slots."""
    return await db.fetch(query("jobs.take_back"), ids, fences, worker)


async def forget_workers(db: Database, dead: Sequence[UUID]) -> None:
    await db.execute(query("jobs.forget_workers"), list(dead))


async def processes(db: Database) -> list[dict[str, Any]]:
    rows = await db.fetch(query("jobs.processes"))
    return [dict(row) | {name: orjson.loads(row[name]) for name in ("actors", "lately")} for row in rows]


# ── queues ──


async def queue_rules(db: Database) -> dict[str, QueueRules]:
    return {row["name"]: QueueRules(**dict(row)) for row in await db.fetch(query("jobs.queue_rules"))}


async def ensure_queues(db: Database, names: Iterable[str]) -> None:
    await db.execute(query("jobs.ensure_queues"), sorted(names))


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


# ── what an operator asks ──


async def list_jobs(
    db: Database, *, states: Sequence[str] | None = None, queue: str | None = None, kind: str | None = None,
    before: int | None = None, limit: int = 50,
) -> list[dict[str, Any]]:  # fmt: skip
    """Newest first: jobs that wait, run or died, or, for the states of ended ones, the history."""
    ended = bool(states) and set(states or ()) <= ENDED
    name = "jobs.list_ended" if ended else "jobs.list"
    rows = await db.fetch(query(name), list(states) if states else None, queue, kind, before, limit)
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
    if await _take_along(db, await db.fetch(query("jobs.cancel_waiting"), job, reason)):
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
    """The state of a job that was held; None for one that was not."""
    row = await db.fetchrow(query("jobs.release"), job)
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
    return await _take_along(db, await db.fetch(query("jobs.discard"), given, since, kind))


async def ended_since(db: Database, since: datetime) -> list[dict[str, Any]]:
    return [dict(row) for row in await db.fetch(query("jobs.ended_since"), since)]


async def failures_since(db: Database, since: datetime) -> tuple[int, int]:
    """How many jobs died, and how many were done."""
    row = await db.fetchrow(query("jobs.failures_since"), since)
    return row["dead"], row["done"]


# ── keeping the history short ──


class Busy(Unavailable):
    """Somebody reads the history; its days cannot be changed just now."""


async def add_partition(db: Database, day: date) -> bool:
    """Raises Busy."""
    try:
        return bool(await db.fetchval(query("jobs.add_partition"), day))
    except asyncpg.LockNotAvailableError as error:
        raise Busy(f"the day {day} of the history could not be added") from error


async def trim(db: Database, *, history_before: datetime, events_before: datetime) -> dict[str, int]:
    """Removes ended jobs, events, ticks and idempotency keys that are older; whole days at once where possible.

    Raises Busy.
    """
    try:
        dropped = await db.fetch(query("jobs.drop_partitions"), history_before.date())
    except asyncpg.LockNotAvailableError as error:
        raise Busy("old days of the history could not be dropped") from error
    rows = await db.fetchval(query("jobs.trim_default"), history_before)
    events = await db.fetchval(query("jobs.trim_events"), events_before)
    ticks = await db.fetchval(query("jobs.trim_ticks"), history_before)
    keys = await db.fetchval(query("jobs.trim_idempotency"), events_before)
    return {"partitions": len(dropped), "rows": rows, "events": events, "ticks": ticks, "keys": keys}


# ── one key, one effect ──


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
