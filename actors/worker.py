"""The worker: slots that run handlers, one after another, off a desk. The scraper is a worker of the scraping desk."""

import asyncio
from time import monotonic
from typing import Any

from actors.errors import LeaseLost
from actors.jobs import BadPayload, Kinds
from actors.queue import store
from actors.queue.attempt import Attempt
from actors.queue.desk import Desk
from actors.queue.job import Job
from actors.queue.outcome import Fail, HandBack, Settled, Snooze, failure, settle
from actors.queue.retry import USUAL, RetryRule
from actors.runtime.life import Life
from actors.runtime.telemetry import emit, running, trace_id
from actors.tools import Tools

SLOTS = 4  # handlers that one copy runs at once
TICK_S = 0.25  # how exactly a time limit is kept
DEAF_S = 10.0  # a handler that does not end so long after it was cancelled makes its worker count as hung
TURN = 64  # handlers that may run without a pause before others get the loop
UNKNOWN_AGAIN_S = 30.0


class Worker:
    """Any number of copies share a desk."""

    def __init__(self, desk: Desk, kinds: Kinds, tools: Tools, *, slots: int = SLOTS, retry: RetryRule = USUAL) -> None:
        self.desk = desk
        self.kinds = kinds
        self.tools = tools
        self.slots = slots
        self.retry = retry
        self.current: list[Attempt | None] = [None] * slots
        self.ending = False

    async def run(self, life: Life) -> None:
        self.desk.slots += self.slots
        slots = [asyncio.create_task(self._slot(i, life), name=f"{life.name}/{i}") for i in range(self.slots)]
        try:
            await self._watch(life, slots)
        finally:
            self.ending = True
            self.desk.slots -= self.slots
            for slot in slots:
                slot.cancel()
            await asyncio.wait(slots)

    async def _watch(self, life: Life, slots: "list[asyncio.Task[None]]") -> None:
        """Keeps time limits and beats, until a slot crashes or, draining, all have ended."""
        while any(not slot.done() for slot in slots):
            if self._ends_late():
                life.beat()
            if life.draining.is_set():
                self._release_idle(slots)
            await asyncio.wait(slots, timeout=TICK_S, return_when=asyncio.FIRST_EXCEPTION)
            for slot in slots:
                if slot.done() and not slot.cancelled() and (error := slot.exception()) is not None:
                    raise error

    def _ends_late(self) -> bool:
        """Cancels what ran past its limit; False once something has not ended long after that."""
        now_s = monotonic()
        for attempt in self.current:
            if attempt is not None and now_s > attempt.deadline_s:
                attempt.interrupt(Fail(f"it ran longer than its limit of {attempt.job.timeout_s:g} s"))
                if now_s > attempt.deadline_s + DEAF_S:
                    return False
        return True

    def _release_idle(self, slots: "list[asyncio.Task[None]]") -> None:
        for i, slot in enumerate(slots):
            if self.current[i] is None:
                slot.cancel()

    async def _slot(self, i: int, life: Life) -> None:
        desk, waiting, draining = self.desk, self.desk.waiting, life.draining
        turn = 0
        task: asyncio.Task[Any] = asyncio.current_task()  # type: ignore[assignment]  # a slot runs in one
        while not (draining.is_set() or self.ending):
            job = waiting.take() if waiting else await waiting.get()
            if len(waiting) < self.slots:
                desk.look.set()
            await self._attempt(i, job, task)
            turn += 1
            if turn % TURN == 0:
                await asyncio.sleep(0)

    async def _attempt(self, i: int, job: Job, task: "asyncio.Task[Any]") -> None:
        """One job. Tens of thousands a second come through here: hence one function, and no task of its own."""
        attempt = Attempt(job, self.desk, task, monotonic())
        self.current[i] = self.desk.running[job.id] = attempt
        outcome: object = HandBack()  # unless the handler comes to an end
        try:
            if trace_id.get() != (job.trace_id or ""):
                trace_id.set(job.trace_id or "")
            running.set((job.id, job.fence))
            kind = self.kinds.get(job.kind)
            if kind is None:
                outcome = unknown(job)
            else:
                if job.start_is_noted and not await store.begin_attempt(self.tools.db, job, self.desk.worker):
                    raise LeaseLost(f"job {job.id} is held by another worker")
                outcome = await kind.run(kind.decode(job.payload), attempt, self.tools)
        except asyncio.CancelledError:
            if task.cancelling() > (attempt.stop is not None):  # the slot is to end, not its job alone
                raise
            outcome = Fail("the handler let a cancelled task of its own end it")
        except BadPayload as error:
            outcome = Fail(str(error), final=True)
        except LeaseLost:
            emit("job.lease_lost", job=job.id, fence=job.fence)
            outcome = HandBack()
        except (Exception, SystemExit) as error:  # a handler that wants to end the process ends its job
            outcome = failure(error)
        finally:
            if attempt.stop is not None and not isinstance(outcome, Settled):
                outcome = attempt.stop
            self.current[i] = None
            if self.desk.running.get(job.id) is attempt:  # one that was taken back may have begun again beside it
                del self.desk.running[job.id]
            job = attempt.job
            self.desk.end(job, settle(job, outcome, self.tools.random(), self.retry), monotonic() - attempt.started_s)
        if attempt.stop is not None:
            task.uncancel()


def unknown(job: Job) -> Snooze:
    """A kind that this version does not know may be known to another."""
    emit("job.unknown", job=job.id, kind=job.kind)
    return Snooze(UNKNOWN_AGAIN_S)
