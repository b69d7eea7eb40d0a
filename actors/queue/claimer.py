"""Fills a desk: claims jobs in batches, wakes on a signal, and looks by itself when no signal comes."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actors.queue import store
from actors.queue.desk import GRACE_S, Desk
from actors.queue.job import Job
from actors.queue.outcome import Drop, HandBack
from actors.runtime.life import Life, pause
from actors.runtime.telemetry import emit

if TYPE_CHECKING:
    import asyncpg

POLL_S = 1.0  # looks by itself so often when nothing wakes it
SOON_S = 0.004  # looks again so soon after it found something; the wait doubles up to POLL_S
RULES_FOR_S = 5.0  # rules of the queues are read again after so long, should their signal be lost
STALE_S = 2.0  # claimed jobs that no slot could start for so long are handed back
SLOW_S = 0.02  # a claim that takes longer, and SLOWER times what the fastest one took for each of its jobs,
SLOWER = 4.0  # walks over rows that cannot be vacuumed yet
FASTEST_S = 0.0005  # a job, before any claim was measured
ENOUGH = 32  # jobs of a claim whose time says what one job takes
MARK_EVERY_S = 0.25
BATCH = 750
SWEEP_EVERY_S = 300.0  # what the database says that this process holds, and it does not, is looked for so often
DOUBTS = 10  # looks, a poll apart, for what a claim took whose answer was lost: its statement may last a while


@dataclass(frozen=True, slots=True)
class Pace:
    """When a queue is looked at next: at once while it holds more, soon after it held some, ever later while empty."""

    wait_s: float
    next_s: float

    def after(self, found: int, room: int, now_s: float, soon_s: float, poll_s: float) -> "Pace":
        if found >= room:
            return Pace(soon_s, now_s)
        if found:
            return Pace(soon_s, now_s + soon_s)
        return Pace(min(poll_s, self.wait_s * 2), now_s + self.wait_s)


class Claimer:
    """One per desk. Ends when it is told to drain, after it has handed back what nobody started."""

    def __init__(
        self,
        desk: Desk,
        pool: "asyncpg.Pool[Any]",
        *,
        may_claim: Callable[[], bool] = lambda: True,
        stands_by: Callable[[], bool] = lambda: False,
        poll_s: float = POLL_S,
        soon_s: float = SOON_S,
    ) -> None:
        self.desk = desk
        self.pool = pool
        self.may_claim = may_claim  # not while others take this process for dead
        self.stands_by = stands_by  # what it holds is to be put down, too
        self.poll_s = poll_s
        self.soon_s = soon_s
        self.rules_at = -RULES_FOR_S
        self.staged_at = -poll_s
        self.next_due_at: float | None = None
        self.shortcut: dict[str, Shortcut] = {}
        self.doubts = 0
        self.swept_at = time.monotonic()
        self.held_before: set[tuple[int, int]] = set()  # ids and fences
        self.turn = 0
        self.pace = {queue: Pace(soon_s, 0.0) for queue in desk.queues}
        self.walk: asyncio.Task[None] | None = None

    async def run(self, life: Life) -> None:
        self.doubts = DOUBTS if self.desk.claiming else 0
        self.held_before = self.desk.held()
        try:
            async with self.pool.acquire() as db:
                await self._claim_until_draining(db, life)
            await self._end_walk()
        finally:
            if self.walk is not None and self.walk.cancel():
                self.desk.claiming = True  # what it claimed is not here: the next claimer hands it back
            self.walk = None
        self.desk.draining = True
        self._hand_back(self.desk.waiting.take_all())

    async def _claim_until_draining(self, db: store.Database, life: Life) -> None:
        while not life.draining.is_set():
            life.beat()
            self.desk.moved_at = time.monotonic()
            if not self.desk.rules:
                await self._upkeep(db)
            if self.stands_by():
                self._put_down()
            self._hear()
            await self._claim(db)
            await self._upkeep(db)
            if (wait_s := self._wait_s()) > 0:
                await pause(life, wait_s, self.desk.look)

    def _hear(self) -> None:
        """What was told to hold something is looked at now, and for a while after: others may commit a moment later."""
        heard, self.desk.heard = self.desk.heard, set()
        for queue in self.desk.queues if "" in heard else heard:
            self.pace[queue] = Pace(self.soon_s, time.monotonic())

    def _wait_s(self) -> float:
        """Until a queue is to be looked at, or a job comes due; without room, until somebody tells of some."""
        now_s = time.monotonic()
        may_look = self.desk.room() and self.may_claim()
        looks = [pace.next_s for pace in self.pace.values()] if may_look else []
        due = [] if self.next_due_at is None else [max(self.next_due_at, now_s + 0.001)]
        return max(0.0, min([now_s + self.poll_s, *looks, *due]) - now_s)

    async def _upkeep(self, db: store.Database) -> None:
        """Rules, what came due, and what lies here too long: each no more often than it must."""
        now_s = time.monotonic()
        if now_s - self.rules_at >= RULES_FOR_S or not self.desk.rules:
            self.desk.rules = await store.queue_rules(db)
            self.rules_at = now_s
            paused = {name for name, rules in self.desk.rules.items() if rules.paused}
            self._hand_back(self.desk.waiting.take_where(lambda job: job.queue in paused))
        due = self.next_due_at is not None and now_s >= self.next_due_at
        if due or now_s - self.staged_at >= self.poll_s:
            if await store.stage(db, BATCH):
                self.desk.wake()
            soon_s = await store.next_due_s(db)
            self.next_due_at = None if soon_s is None else time.monotonic() + max(0.0, soon_s)
            self.staged_at = now_s
            self._hand_back(self.desk.overdue(STALE_S))
            if now_s - self.swept_at >= SWEEP_EVERY_S:
                self.doubts, self.swept_at = max(1, self.doubts), now_s
            if self.doubts and self.walk is None:
                self.doubts -= 1
                await self._hand_back_lost(db)
            if self.desk.running:
                for job in await store.asked_to_stop(db, list(self.desk.running)):
                    self.desk.cancel(job, "cancelled by request")

    async def _claim(self, db: store.Database) -> None:
        """Claims from the queues that are to be looked at. They take turns at being the first."""
        self.desk.measure()
        self.turn = (self.turn + 1) % len(self.desk.queues)
        self.desk.claiming = True
        for queue in self.desk.queues[self.turn :] + self.desk.queues[: self.turn]:
            room = min(BATCH, self.desk.room())
            if room <= 0 or not self.may_claim():
                break
            now_s = time.monotonic()
            if self.pace[queue].next_s > now_s:
                continue
            jobs = await self._claim_from(db, queue, room)
            self._take(jobs)
            self.pace[queue] = self.pace[queue].after(len(jobs), room, now_s, self.soon_s, self.poll_s)
        self.desk.claiming = False

    def _is_plain(self, queue: str) -> bool:
        rules = self.desk.rules.get(queue)
        return rules is None or rules.plain

    def _take(self, jobs: list[Job]) -> None:
        """Puts claimed jobs on the desk, but for those that are to be cancelled, and those that are here already.

        The claim of one that is here was forgotten by a server that crashed, and made again: under the same fence, so
        that the attempt which goes on is the one that holds it.
        """
        if self.held_before:
            self.held_before &= self.desk.held()
            jobs = [job for job in jobs if (job.id, job.fence) not in self.held_before]
        for job in jobs:
            if job.cancel_asked:
                self.desk.end(job, Drop("cancelled by request"), 0.0)
        self.desk.waiting.offer_all([job for job in jobs if not job.cancel_asked])
        self.desk.counts["claimed"] += len(jobs)

    async def _claim_from(self, db: store.Database, queue: str, room: int) -> list[Job]:
        rules = self.desk.rules.get(queue)
        if rules is not None and rules.paused:
            return []
        shortcut = self.shortcut.setdefault(queue, Shortcut())
        began = time.monotonic()
        if (start := shortcut.start(began)) is None:
            jobs = await self._claim_any(db, queue, room)
            shortcut.walked(jobs, time.monotonic() - began, time.monotonic())
        else:
            await self._walk_beside(shortcut, queue, began)
            jobs = await self._claim_on(db, queue, room, *start)
        shortcut.mark(jobs, time.monotonic())
        return jobs

    async def _claim_any(self, db: store.Database, queue: str, room: int) -> list[Job]:
        if self._is_plain(queue):
            return await store.claim(db, queue, room, self.desk.worker, GRACE_S)
        return await store.claim_within_limits(db, queue, room, self.desk.worker, GRACE_S, priority=None, first_id=None)

    async def _claim_on(self, db: store.Database, queue: str, room: int, priority: int, first_id: int) -> list[Job]:
        claim = store.claim_from if self._is_plain(queue) else store.claim_within_limits
        return await claim(db, queue, room, self.desk.worker, GRACE_S, priority=priority, first_id=first_id)

    async def _walk_beside(self, shortcut: "Shortcut", queue: str, now_s: float) -> None:
        """Starts a walk when it is due; raises what stopped the last one, as if it had been the claimer's own."""
        if self.walk is not None and self.walk.done():
            await self._end_walk()
        if self.walk is None and shortcut.walk_is_due(now_s):
            self.walk = asyncio.create_task(self._walk(shortcut, queue))

    async def _walk(self, shortcut: "Shortcut", queue: str) -> None:
        """A claim from the very start, beside the others: it may take long."""
        began = time.monotonic()
        jobs = await self._claim_any(self.pool, queue, max(1, min(BATCH, self.desk.room())))
        self._take(jobs)
        shortcut.walked(jobs, time.monotonic() - began, time.monotonic())

    async def _end_walk(self) -> None:
        if self.walk is not None:
            walk, self.walk = self.walk, None
            await walk

    def _put_down(self) -> None:
        """Nothing is begun any more, and what runs is left to whoever goes on later: no attempt is spent."""
        self._hand_back(self.desk.waiting.take_all())
        for attempt in tuple(self.desk.running.values()):
            attempt.interrupt(HandBack())

    def _hand_back(self, jobs: list[Job]) -> None:
        if jobs:
            self.desk.give_back(jobs)
            emit("jobs.handed_back", number=len(jobs), queue=self.desk.name)

    async def _hand_back_lost(self, db: store.Database) -> None:
        """What this desk holds as the database sees it, and has not. Anything that ends meanwhile its fence keeps."""
        held = await store.held_by(db, self.desk.worker, self.desk.queues)
        here = self.desk.holds()
        lost = {id_: fence for id_, fence in held.items() if id_ not in here}
        if lost:
            n = len(lost)
            await store.put_off(
                db, list(lost), list(lost.values()), [0.0] * n, [None] * n, [True] * n, self.desk.worker
            )
            emit("jobs.handed_back", number=n, queue=self.desk.name)


class Shortcut:
    """Where to go on claiming while rows that were claimed before cannot be vacuumed.

    A transaction that somebody holds open keeps the index entries of claimed jobs in the way: every claim walks over
    all of them. Once that shows in the time that a claim takes, claims start at the ids claimed SAFE_S ago, and a walk
    from the very start is made beside them, after a rest of REST times what the last one took: so walks cost a bounded
    share, nobody waits for them, and a job of another priority, or one that committed late, waits for the next of them.
    """

    SAFE_S = 5.0
    REST = 20.0

    def __init__(self) -> None:
        self.taken = False
        self.walk_at_s = 0.0
        self.best_s = FASTEST_S  # a job, of the fastest claim
        self.priority = 0
        self.marks: list[tuple[float, int]] = []  # (when, first id of a batch)

    def start(self, now_s: float) -> tuple[int, int] | None:
        """(priority, id) to start from, or None for the very start."""
        if not self.taken or not self.marks:
            return None
        while len(self.marks) > 1 and self.marks[1][0] < now_s - self.SAFE_S:
            del self.marks[0]
        return self.priority, self.marks[0][1]

    def walk_is_due(self, now_s: float) -> bool:
        return now_s >= self.walk_at_s

    def walked(self, jobs: list[Job], took_s: float, now_s: float) -> None:
        """A claim from the very start found these and took so long: the shortcut is taken while that is slow."""
        if len(jobs) >= ENOUGH:
            self.best_s = min(self.best_s, took_s / len(jobs))
        self.taken = took_s > SLOW_S + SLOWER * self.best_s * len(jobs)
        self.walk_at_s = now_s + took_s * self.REST

    def mark(self, jobs: list[Job], now_s: float) -> None:
        """These were claimed; those of the lowest priority among them tell where to go on."""
        if not jobs:
            return
        if self.priority != jobs[-1].priority:
            self.priority, self.marks = jobs[-1].priority, []
        if not self.marks or now_s - self.marks[-1][0] > MARK_EVERY_S:
            self.marks.append((now_s, min(job.id for job in jobs if job.priority == self.priority)))
