"""One attempt at a job, as its handler sees it: progress, checkpoint, and an end in the handler's own transaction."""

import asyncio
from typing import Protocol
from uuid import UUID

import orjson

from actors.errors import LeaseLost
from actors.queue import store
from actors.queue.job import Job
from actors.queue.outcome import Outcome, Settled, storable

MOST_COUNTED = 2**53  # beyond it JSON's readers lose digits


class Desk(Protocol):
    """What an attempt needs of the desk that it is made at."""

    @property
    def worker(self) -> UUID: ...
    def note_progress(self, job: Job, progress: dict[str, object]) -> None: ...


class Attempt:
    """Given to the handler. Every write names the fence: what a rescued job's old worker writes is refused."""

    __slots__ = ("deadline_s", "desk", "job", "started_s", "stop", "task")

    def __init__(self, job: Job, desk: Desk, task: "asyncio.Task[None]", started_s: float) -> None:
        self.job = job
        self.desk = desk
        self.task = task
        self.started_s = started_s  # of the monotonic clock
        self.deadline_s = started_s + job.timeout_s
        self.stop: Outcome | None = None  # why the handler is being cancelled, as the outcome that this gives

    def progress(self, done: int, total: int | None = None, note: str | None = None) -> None:
        """Costs nothing: it is written with others', at most twice a second."""
        most = total if total is None else _countable(total)
        self.desk.note_progress(self.job, {"done": _countable(done), "total": most, "note": note and storable(note)})

    def checkpoint(self) -> object:
        """What an earlier attempt saved last, or None."""
        return orjson.loads(self.job.checkpoint) if self.job.checkpoint else None

    async def save(self, db: store.Database, checkpoint: object) -> None:
        """Saves where a next attempt goes on, in the transaction of `db`, which LeaseLost must end.

        The attempts before it are forgiven: should this one fail now, it counts as the first.
        """
        if not await store.save_checkpoint(db, self.job, self.desk.worker, orjson.dumps(checkpoint).decode()):
            raise LeaseLost(f"job {self.job.id} is held by another worker")
        self.job = self.job._replace(attempt=1)

    async def is_ours(self, db: store.Database) -> bool:
        """Whether the job is still held under this attempt's fence."""
        held = await store.still_held(db, [self.job.id], [self.job.fence], self.desk.worker)
        return bool(held)

    async def finish(self, db: store.Database, result: object = None) -> Settled:
        """Ends the job in the transaction of `db`, so that effect and end are one. Raises LeaseLost."""
        text = None if result is None else orjson.dumps(result).decode()
        if not await store.finish(db, [self.job.id], [self.job.fence], [text], self.desk.worker):
            raise LeaseLost(f"job {self.job.id} is held by another worker")
        return Settled()

    def interrupt(self, outcome: Outcome) -> None:
        """Cancels the handler; whatever it does then, the job ends with `outcome`."""
        if self.stop is None:
            self.stop = outcome
            self.task.cancel()


def _countable(number: float) -> int:
    """What JSON holds. Raises TypeError, ValueError or OverflowError for what is no number."""
    return max(-MOST_COUNTED, min(int(number), MOST_COUNTED))
