"""The queue's statements. The first argument is a pool or a connection: a caller can put two into one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID

import orjson

from actors.errors import NotFound, Refusal
from actors.queue.job import Job, NewJob, QueueRules
from actors.runtime.database import Database as Database
from schema import query

_ENQUEUE = query("jobs.enqueue")
_ENQUEUE_ONE = query("jobs.enqueue_one")
_CLAIM = query("jobs.claim")
_CLAIM_FROM = query("jobs.claim_from")
_CLAIM_WITHIN_LIMITS = query("jobs.claim_within_limits")
_FINISH = query("jobs.finish")


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
    return await take_along(db, await db.fetch(query("jobs.drop_claimed"), ids, fences, reasons, worker))


async def take_along(db: Database, gone: Sequence[Any]) -> list[int]:
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
