"""The scheduler: enqueues what is due by the clock. Any number of them fire each time once, and none leads."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from actors.errors import Refusal
from actors.jobs import Kinds
from actors.queue import cron, schedules, store
from actors.queue.job import MAX_ATTEMPTS, NewJob
from actors.runtime.life import Life, pause
from actors.runtime.telemetry import emit

if TYPE_CHECKING:
    import asyncpg

LOOK_EVERY_S = 5.0


class Scheduler:
    """`now` is for those who bring a clock of their own; by default the database's decides."""

    def __init__(
        self,
        pool: "asyncpg.Pool[Any]",
        kinds: Kinds,
        *,
        now: Callable[[], datetime | None] = lambda: None,
        may_fire: Callable[[], bool] = lambda: True,
    ) -> None:
        self.pool = pool
        self.kinds = kinds
        self.now = now
        self.may_fire = may_fire

    async def run(self, life: Life) -> None:
        while not life.draining.is_set():
            life.beat()
            if self.may_fire():
                await self.fire()
            await pause(life, LOOK_EVERY_S)

    async def fire(self) -> list[int]:
        """Fires all that is due; the ids of the jobs that this made."""
        jobs = []
        for schedule in await schedules.due(self.pool, self.now()):
            try:
                due = cron.due(
                    schedule["cron"], schedule["zone"], next_due_at=schedule["next_due_at"], now=schedule["now"],
                    missed=schedule["missed"],
                )  # fmt: skip
            except (Refusal, ValueError) as error:
                emit("schedule.failed", schedule=schedule["name"], error=str(error))
                continue
            for moment in due.missed:
                await schedules.tick(self.pool, schedule["id"], moment, "missed")
            for moment in due.fire:
                if (job := await self._fire_one(schedule, moment)) is not None:
                    jobs.append(job)
            await schedules.advance(self.pool, schedule["id"], due.next_at)
        return jobs

    async def _fire_one(self, schedule: dict[str, Any], due_at: datetime) -> int | None:
        """One firing, in one transaction: the tick is this scheduler's, or it is somebody else's."""
        async with self.pool.acquire() as db, db.transaction():
            busy = schedule["overlap"] == "skip" and await schedules.still_running(db, schedule["id"]) is not None
            outcome = "overlapped" if busy else "enqueued"
            if not await schedules.tick(db, schedule["id"], due_at, outcome):
                return None
            emit("schedule.fired", schedule=schedule["name"], due_at=due_at.isoformat(), state=outcome,
                 trace_id=_trace(schedule, due_at))  # fmt: skip
            if busy:
                return None
            [job] = await store.enqueue(db, [self._job(schedule, due_at)])
            await schedules.tick_enqueued(db, schedule["id"], due_at, job)
            return job

    def _job(self, schedule: dict[str, Any], due_at: datetime) -> NewJob:
        kind = self.kinds.get(schedule["kind"])
        fields: dict[str, Any] = {}
        if kind is not None:
            fields = {"queue": kind.queue, "priority": kind.priority}
            fields |= {"max_attempts": kind.max_attempts or MAX_ATTEMPTS, "timeout_s": kind.timeout_s}
            fields["unique_key"] = kind.key_of(schedule["payload"])
        trace = _trace(schedule, due_at)
        return NewJob(
            kind=schedule["kind"], payload=schedule["payload"], schedule_id=schedule["id"], trace_id=trace, **fields
        )


def _trace(schedule: dict[str, Any], due_at: datetime) -> str:
    """What the log lines of a firing, and of the job that comes of it, are found by."""
    return f"{schedule['name']}@{due_at:%Y%m%dT%H%MZ}"
