"""Takes jobs back from processes that are dead."""

import asyncio
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

from actors.queue import store
from actors.queue.watch import Watch, look
from actors.runtime.life import Life, pause
from actors.runtime.telemetry import emit

if TYPE_CHECKING:
    import asyncpg

EVERY_S = 2.0
DEAD_AFTER_S = 10.0  # with a beat each 3 s and a look each 2 s, a dead process's jobs are back within 15 s
STRAYS_EVERY_S = 60.0  # whoever holds jobs and has no row for so long has died before its first beat
AGAIN_EVERY_S = 60.0  # its jobs are looked for again so often: a frozen one may have woken and gone again


class Rescuer:
    """Every process has one; that two rescue the same job is kept from happening by the row's lock."""

    def __init__(
        self,
        pool: "asyncpg.Pool[Any]",
        *,
        dead_after_s: float = DEAD_AFTER_S,
        every_s: float = EVERY_S,
        strays_every_s: float = STRAYS_EVERY_S,
    ) -> None:
        self.pool = pool
        self.dead_after_s = dead_after_s
        self.every_s = every_s
        self.watch = Watch(time.monotonic(), {})
        self.swept: dict[UUID, float] = {}
        self.strays_every_s = strays_every_s
        self.strays: set[UUID] = set()
        self.strays_at = time.monotonic()

    async def run(self, life: Life) -> None:
        while not life.draining.is_set():
            life.beat()
            await self.look()
            await pause(life, self.every_s)

    async def look(self) -> None:
        beats, now_s = await store.beats(self.pool), time.monotonic()
        self.watch, dead = look(self.watch, beats, now_s=now_s, every_s=self.every_s, dead_after_s=self.dead_after_s)
        self.swept = {worker: at_s for worker, at_s in self.swept.items() if worker in dead}
        if due := [worker for worker in dead if now_s - self.swept.get(worker, -AGAIN_EVERY_S) >= AGAIN_EVERY_S]:
            await self.rescue(due)
            self.swept |= dict.fromkeys(due, now_s)
        if now_s - self.strays_at >= self.strays_every_s:
            await self._look_for_strays()
            self.strays_at = now_s

    async def _look_for_strays(self) -> None:
        """Two looks: one that has just begun to claim may be about to register. The scan is why they are rare."""
        before, self.strays = self.strays, await store.strays(self.pool)
        if lost := before & self.strays:
            await self.rescue(list(lost))

    async def rescue(self, dead: list[UUID]) -> None:
        if closed := await store.cut_off(self.pool, dead):
            emit("process.cut_off", number=closed, ids=[str(worker) for worker in dead])
        for row in await store.rescue(self.pool, dead):
            emit("job.rescued", job=row["id"], queue=row["queue"], state=row["state"], attempt=row["attempts"],
                 reason="worker", trace_id=row["trace_id"] or "")  # fmt: skip
        await store.forget_workers(self.pool, dead)


async def rescue_now(
    pool: "asyncpg.Pool[Any]", *, dead_after_s: float, beat_every_s: float
) -> tuple[list[UUID], list[Any]]:
    """Takes jobs back without waiting for the service to do it; answers with the dead processes and their jobs.

    Two looks, some beats apart: who was silent for long and did not beat in between either is dead.
    """
    beats, strays = await store.beats(pool), await store.strays(pool)
    ages = {process["id"]: process["beat_age_s"] for process in await store.processes(pool)}
    silent = [worker for worker in beats if ages.get(worker, dead_after_s) >= dead_after_s]
    if silent or strays:
        await asyncio.sleep(2 * beat_every_s)
    after = await store.beats(pool)
    dead = [worker for worker in silent if after.get(worker) == beats[worker]] + sorted(strays - after.keys())
    await store.cut_off(pool, dead)
    rows = await store.rescue(pool, dead)
    await store.forget_workers(pool, dead)
    return dead, rows
