"""A process's desk: the jobs that it holds, waiting in memory, running, and ended but not yet settled.

It outlives the actors that work at it: the claimer fills it, slots empty it, the settler takes away what ended. So a
crash of one of them loses nothing. What is on the desk when the process dies is rescued by others.
"""

import asyncio
import math
import sys
import time
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from actors.queue.attempt import Attempt
from actors.queue.job import Job, QueueRules
from actors.queue.outcome import Cancel, Drop, PutOff, Settlement
from actors.runtime.channel import Channel

MOST_AHEAD = 4000  # jobs claimed beyond what runs: bounds memory, and what is handed back at the end
MOST_ENDED = 2000  # jobs that wait to be settled; with more, claims would only take the settler's turn
AHEAD_S = 0.1  # jobs for so long are claimed ahead, by the rate at which they ended last
MEASURE_S = 0.02
RATE_FADES_S = 0.3  # a rate that is no more is forgotten in this time, but for a third
GRACE_S = 10.0  # after its time limit an attempt that did not end is taken off its slot, by the thread that beats


HANDED_BACK = PutOff(0.0, None, gives_back=True)

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
        self.waiting: Channel[Job] = Channel(sys.maxsize)  # `room` is its bound: what was claimed must find its place
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
        self.mean_run_s = 0.0
        self.counts: Counter[str] = Counter()
        self._measured = (time.monotonic(), 0, 0.0)
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
        ahead = self.ahead()
        free = self.free() + ahead
        return free if free * 2 > ahead or not self.waiting else 0

    def free(self) -> int:
        """Slots that nothing here is for."""
        return self.slots - len(self.waiting) - len(self.running)

    def ahead(self) -> int:
        """How many jobs may wait here: as many as the slots run within AHEAD_S; slow ones had better go to others."""
        if self.mean_run_s <= 0.0:
            return 0
        return min(MOST_AHEAD, int(AHEAD_S * min(self.ended_per_s, self.slots / self.mean_run_s)))

    def measure(self) -> None:
        """Brings the rate at which jobs end up to date; cheap, called at each round of the claim loop."""
        now_s = time.monotonic()
        at_s, ended, run_s = self._measured
        since_s = now_s - at_s
        if since_s < MEASURE_S:
            return
        number = self.ended_total - ended
        rate = number / since_s
        if number:
            self.mean_run_s = (self.run_s_total - run_s) / number
        fading = math.exp(-since_s / RATE_FADES_S)
        self.ended_per_s = max(rate, rate + (self.ended_per_s - rate) * fading)
        self._measured = (now_s, self.ended_total, self.run_s_total)

    def holds(self) -> set[int]:
        """The jobs that are here: waiting, running, ended."""
        return {id_ for id_, _ in self.held()}

    def held(self) -> set[tuple[int, int]]:
        """Ids and fences of the jobs that are here."""
        ended = (one.job for one in (*self.ended, *self.in_doubt))
        running = (attempt.job for attempt in self.running.values())
        return {(job.id, job.fence) for jobs in (self.waiting.items(), running, ended) for job in jobs}

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

    def give_back(self, jobs: Iterable[Job]) -> None:
        """They were not run: others may have them at once. Nothing has ended, so nothing counts."""
        self.ended += [Ended(job, HANDED_BACK, 0.0) for job in jobs]
        self.settle.set()

    def note_progress(self, job: Job, progress: dict[str, object]) -> None:
        self.progress[job.id] = (job, progress)

    def past_deadline(self) -> list[tuple[int, int]]:
        """Id and fence of attempts that did not end though they were cancelled. Called from the thread that beats."""
        now_s = time.monotonic()
        return [(a.job.id, a.job.fence) for a in tuple(self.running.values()) if now_s > a.deadline_s + GRACE_S]

    def cancel(self, job: int, reason: str) -> bool:
        """Cancels a job that runs here, or waits for a slot."""
        attempt = self.running.get(job)
        if attempt is not None:
            attempt.interrupt(Cancel(reason))
            return True
        waited = self.waiting.take_where(lambda one: one.id == job)
        for one in waited:
            self.end(one, Drop(reason), 0.0)
        return bool(waited)

    @property
    def idle(self) -> bool:
        return not (self.waiting or self.running or self.ended or self.unsettled)
