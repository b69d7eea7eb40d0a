"""A process's desk: the jobs that it holds, waiting in memory, running, and ended but not yet settled.

It outlives the actors that work at it: the claimer fills it, slots empty it, the settler takes away what ended. So a
crash of one of them loses nothing. What is on the desk when the process dies is rescued by others.
"""

import asyncio
import time
from collections import Counter
from typing import NamedTuple
from uuid import UUID

from actors.queue.attempt import Attempt
from actors.queue.job import Job, QueueRules
from actors.queue.outcome import Cancel, Settlement
from actors.runtime.channel import Channel

MOST_AHEAD = 4000  # jobs claimed beyond what runs: bounds memory, and what is handed back at the end
MOST_ENDED = 2000  # jobs that wait to be settled; with more, claims would only take the settler's turn
AHEAD_S = 0.1  # jobs for so long are claimed ahead, by the rate at which they ended last
GRACE_S = 10.0  # after its time limit an attempt that did not end is taken off its slot, by the thread that beats


_new = tuple.__new__  # what Ended(…) does, at a third of the time


class Ended(NamedTuple):
    job: Job
    settlement: Settlement
    took_s: float


class Desk:
    def __init__(self, name: str, queues: tuple[str, ...], worker: UUID, *, slots: int = 4) -> None:
        self.name = name
        self.queues = queues
        self.worker = worker
        self.slots = slots  # of all copies of the actor together; the supervisor's scaling changes it
        self.rules: dict[str, QueueRules] = {}
        self.waiting: Channel[Job] = Channel(MOST_AHEAD * 2)
        self.running: dict[int, Attempt] = {}
        self.ended: list[Ended] = []
        self.progress: dict[int, tuple[Job, dict[str, object]]] = {}
        self.look = asyncio.Event()  # there may be room, or something to claim
        self.heard: set[str] = set()  # queues that were told to hold something; '' is any of them
        self.settle = asyncio.Event()  # there is something to settle
        self.claiming = False  # a claim is under way: should its connection break, its answer is lost
        self.draining = False  # nothing new is claimed
        self.in_doubt: list[Ended] = []  # the batch that is being settled
        self.unsettled = 0  # taken by the settler, not yet acknowledged by the database
        self.moved_at = time.monotonic()  # when the claim loop came round last
        self.ended_per_s = 0.0
        self.counts: Counter[str] = Counter()
        self._measured = (time.monotonic(), 0)
        self.ended_total = 0
        self.run_s_total = 0.0

    # ── claiming ──

    def wake(self, queue: str = "") -> None:
        """A queue of this desk may hold something; without a name, any of them may."""
        if not queue or queue in self.queues:
            self.heard.add(queue)
            self.look.set()

    def room(self) -> int:
        """How many more jobs to claim: what runs soon, less what is here. Zero until a batch is worth it."""
        if len(self.ended) + self.unsettled > MOST_ENDED:
            return 0
        ahead = max(self.slots, min(MOST_AHEAD, int(self.ended_per_s * AHEAD_S)))
        held = len(self.waiting) + len(self.running)
        free = self.slots + ahead - held
        return free if free * 2 > ahead or not self.waiting else 0

    def measure(self) -> None:
        """Brings the rate at which jobs end up to date; cheap, called at each round of the claim loop."""
        now_s = time.monotonic()
        since_s = now_s - self._measured[0]
        if since_s < 0.02:
            return
        rate = (self.ended_total - self._measured[1]) / since_s
        self.ended_per_s = rate if rate > self.ended_per_s else 0.7 * self.ended_per_s + 0.3 * rate
        self._measured = (now_s, self.ended_total)

    def holds(self) -> set[int]:
        """The jobs that are here: waiting, running, ended."""
        ended = {one.job.id for one in (*self.ended, *self.in_doubt)}
        return {job.id for job in self.waiting.items()} | self.running.keys() | ended

    def overdue(self, older_than_s: float) -> list[Job]:
        """Takes jobs off the desk that no slot could start for so long: others may have them."""
        return self.waiting.take_all() if self._stuck(older_than_s) else []

    def _stuck(self, older_than_s: float) -> bool:
        return bool(self.waiting) and all(
            time.monotonic() - a.started_s > older_than_s for a in self.running.values()
        ) and len(self.running) >= self.slots  # fmt: skip

    # ── working ──

    def end(self, job: Job, settlement: Settlement, took_s: float) -> None:
        self.ended.append(_new(Ended, (job, settlement, took_s)))
        self.ended_total += 1
        self.run_s_total += took_s
        if not self.settle.is_set():
            self.settle.set()

    def note_progress(self, job: Job, progress: dict[str, object]) -> None:
        self.progress[job.id] = (job, progress)

    def past_deadline(self) -> list[tuple[int, int]]:
        """Id and fence of attempts that did not end though they were cancelled. Called from the thread that beats."""
        now_s = time.monotonic()
        return [(a.job.id, a.job.fence) for a in tuple(self.running.values()) if now_s > a.deadline_s + GRACE_S]

    def cancel(self, job: int, reason: str) -> bool:
        """Cancels a job that runs here."""
        attempt = self.running.get(job)
        if attempt is not None:
            attempt.interrupt(Cancel(reason))
        return attempt is not None

    @property
    def idle(self) -> bool:
        return not (self.waiting or self.running or self.ended or self.unsettled)
