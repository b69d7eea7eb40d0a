"""Empties a desk: settles what ended, in batches, and writes progress, twice a second at most."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Set
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson

from actors.queue import store
from actors.queue.desk import Desk, Ended
from actors.queue.job import Job
from actors.queue.outcome import Bury, Drop, Fail, Finish, Leave, PutOff, settle
from actors.runtime.life import Life
from actors.runtime.telemetry import emit

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection: TypeAlias = "asyncpg.Connection[Any] | PoolConnectionProxy[Any]"

BATCH = 1000
PROGRESS_S = 0.5
TELL_MOST = 60  # job events in one message; more say "look for yourself"
TELL_S = 0.2  # between two messages
EVENTS = "triald_job_events"
WORDS = {Finish: "done", PutOff: "put_off", Bury: "dead", Drop: "cancelled", Leave: "done"}


class Settler:
    """One per desk. Ends when it is told to drain and the desk is empty: the last of its desk to go."""

    def __init__(self, desk: Desk, pool: "asyncpg.Pool[Any]") -> None:
        self.desk = desk
        self.pool = pool
        self.again: set[tuple[int, int]] = set()  # ids and fences of ends that may be written already
        self.progress_at = 0.0
        self.told_at = 0.0
        self.telling: list[str] = []

    async def run(self, life: Life) -> None:
        self._take_again()
        async with self.pool.acquire() as db:
            writing: asyncio.Task[None] | None = None
            try:
                while not (life.draining.is_set() and self.desk.draining and self.desk.idle):
                    life.beat()
                    await self._wait(life)
                    writing = asyncio.create_task(self._round(db))
                    await asyncio.shield(writing)
                await self._told(db, at_once=True)
            except asyncio.CancelledError:
                await self._end(db, life, writing)
                raise

    async def _end(self, db: "Connection", life: Life, writing: "asyncio.Task[None] | None") -> None:
        """When all drain, the others were stopped before: what they handed back is the last to settle.

        What is being written then comes to its end: a statement that is cancelled can take the next one with it.
        """
        if not life.draining.is_set():
            if writing is not None and writing.cancel():
                await asyncio.wait([writing])
            return
        if writing is not None:
            await writing
        await self._round(db)

    async def _round(self, db: "Connection") -> None:
        if time.monotonic() - self.progress_at >= PROGRESS_S:
            await self._write_progress(db)
        while self.desk.ended:
            await self._settle(db)
        await self._told(db)

    def _take_again(self) -> None:
        """What the last settler did not bring to its end. Settling twice is harmless: the fence refuses the second."""
        if self.desk.unsettled:
            emit("jobs.settled_again", number=self.desk.unsettled)
        self.again |= {(one.job.id, one.job.fence) for one in self.desk.in_doubt}
        self.desk.ended[:0] = self.desk.in_doubt
        self.desk.in_doubt = []
        self.desk.unsettled = 0
        if self.desk.ended:
            self.desk.settle.set()

    async def _wait(self, life: Life) -> None:
        if self.desk.ended:
            return
        limit_s = TELL_S if self.telling else PROGRESS_S if self.desk.progress or life.draining.is_set() else 1.0
        try:
            async with asyncio.timeout(limit_s):
                await self.desk.settle.wait()
        except TimeoutError:
            pass

    async def _settle(self, db: "Connection") -> None:
        batch, self.desk.ended = self.desk.ended[:BATCH], self.desk.ended[BATCH:]
        if not self.desk.ended:
            self.desk.settle.clear()
        self.desk.in_doubt, self.desk.unsettled = batch, len(batch)
        written = await write(db, batch, self.desk, self.again)
        self.again.clear()
        self.desk.in_doubt, self.desk.unsettled = [], 0
        self.desk.look.set()
        await self._tell(db, batch, written)
        report(self.desk, batch, written)

    async def _write_progress(self, db: store.Database) -> None:
        self.progress_at = time.monotonic()
        changed, self.desk.progress = self.desk.progress, {}
        if not changed:
            return
        jobs = [job for job, _ in changed.values()]
        rows = await store.save_progress(
            db, [j.id for j in jobs], [j.fence for j in jobs],
            [orjson.dumps(progress).decode() for _, progress in changed.values()], self.desk.worker,
        )  # fmt: skip
        self.telling += [f"{id_}:progress" for id_, _ in rows]
        await self._told(db)

    async def _tell(self, db: store.Database, batch: list[Ended], written: set[int]) -> None:
        """Ends are told to whoever listens, a few times a second; more at once say only: look for yourself."""
        room = TELL_MOST + 1 - len(self.telling)
        ended = (e for e in batch if e.job.id in written)
        self.telling += [f"{e.job.id}:{WORDS[type(e.settlement)]}" for e in islice(ended, max(0, room))]
        await self._told(db)

    async def _told(self, db: store.Database, *, at_once: bool = False) -> None:
        if self.telling and (at_once or time.monotonic() - self.told_at >= TELL_S):
            told, self.telling = self.telling, []
            self.told_at = time.monotonic()
            await store.tell(db, EVENTS, "resync" if len(told) > TELL_MOST else " ".join(told))


async def write(db: "Connection", batch: list[Ended], desk: Desk, again: Set[tuple[int, int]]) -> set[int]:
    """Settles a batch: a statement for each way to end that occurs in it. Answers with the ids that were still ours.

    Of those that are written `again` it cannot be told whether they were refused or had been written: they count as
    written, since one that was taken away has an event of its own.
    """
    finished = [ended for ended in batch if type(ended.settlement) is Finish]
    written = set(await _finish(db, finished, desk)) if finished else set()
    if len(finished) == len(batch) == len(written):
        return written
    async with db.transaction():  # what an operator reads of an end is there once the end is
        if len(finished) < len(batch):
            await _mistrust(db, batch, desk)
            written |= await _write_others(db, batch, desk)
        if again:
            written.update(one.job.id for one in batch if (one.job.id, one.job.fence) in again)
        await _record(db, batch, written)
    return written


async def _finish(db: store.Database, ended: list[Ended], desk: Desk) -> list[int]:
    results = [e.settlement.result for e in ended]  # type: ignore[union-attr]  # all are Finish
    return await store.finish(db, [e.job.id for e in ended], [e.job.fence for e in ended], results, desk.worker)


async def _mistrust(db: store.Database, batch: list[Ended], desk: Desk) -> None:
    """A job whose handler says that it ended it, and did not, has failed."""
    left = [one.job for one in batch if type(one.settlement) is Leave]
    if not left:
        return
    held = await store.still_held(db, [job.id for job in left], [job.fence for job in left], desk.worker)
    for i, (job, settlement, took_s) in enumerate(batch):
        if type(settlement) is Leave and job.id in held:
            batch[i] = Ended(
                job, settle(job, Fail("the handler said that it had ended the job, and had not"), 0.5), took_s
            )


async def _write_others(db: store.Database, batch: list[Ended], desk: Desk) -> set[int]:
    by: dict[type, list[tuple[Job, Any]]] = defaultdict(list)
    for job, settlement, _ in batch:
        by[type(settlement)].append((job, settlement))
    written = {job.id for job, _ in by[Leave]}
    if rows := by[PutOff]:
        errors = [None if s.error is None else _error(job, s.error) for job, s in rows]
        back = [s.gives_back for _, s in rows]
        written.update(
            await store.put_off(db, _ids(rows), _fences(rows), [s.delay_s for _, s in rows], errors, back, desk.worker)
        )
    if rows := by[Bury]:
        errors_ = [_error(job, s.error) for job, s in rows]
        written.update(await store.bury(db, _ids(rows), _fences(rows), errors_, desk.worker))
    if rows := by[Drop]:
        written.update(await store.drop(db, _ids(rows), _fences(rows), [s.reason for _, s in rows], desk.worker))
    return written


def _ids(rows: list[tuple[Job, Any]]) -> list[int]:
    return [job.id for job, _ in rows]


def _fences(rows: list[tuple[Job, Any]]) -> list[int]:
    return [job.fence for job, _ in rows]


def _error(job: Job, error: str) -> str:
    return orjson.dumps({"attempt": job.attempt, "at": datetime.now(UTC), "error": error}).decode()


async def _record(db: store.Database, batch: list[Ended], written: set[int]) -> None:
    """Keeps what an operator wants to read later: failures, cancellings, and results that came too late."""
    events: list[tuple[int, str, dict[str, object]]] = []
    for job, settlement, _ in batch:
        if job.id not in written:
            events.append((job.id, "late_result_refused", {"fence": job.fence, "attempt": job.attempt}))
            continue
        match settlement:
            case Bury(error):
                events.append((job.id, "dead", {"error": error, "attempt": job.attempt}))
            case PutOff(delay_s, str(error), _):
                events.append((job.id, "retry", {"error": error, "attempt": job.attempt, "delay_s": round(delay_s, 1)}))
            case Drop(reason):
                events.append((job.id, "cancelled", {"reason": reason}))
    if events:
        await store.add_events(db, events)


def report(desk: Desk, batch: list[Ended], written: set[int]) -> None:
    """One line for a job that somebody can trace or that did not go well, one per kind for the many."""
    took: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for job, settlement, took_s in batch:
        state = "done" if type(settlement) is Finish else _state(settlement)
        if job.id not in written:
            state = "refused"
        took[job.kind, job.queue, state].append(took_s)
        if job.trace_id or state not in ("done", "handed_back"):
            emit("job.settled", job=job.id, kind=job.kind, state=state, attempt=job.attempt, took_s=round(took_s, 4),
                 trace_id=job.trace_id or "", fence=job.fence)  # fmt: skip
    for (kind, queue, state), each in took.items():
        desk.counts[state] += len(each)
        emit("jobs.settled", kind=kind, state=state, number=len(each), took_s=sum(each), queue=queue)


def _state(settlement: object) -> str:
    match settlement:
        case Finish() | Leave():
            return "done"
        case PutOff(_, None, _):
            return "handed_back"
        case PutOff():
            return "retry"
        case Bury():
            return "dead"
        case _:
            return "cancelled"
