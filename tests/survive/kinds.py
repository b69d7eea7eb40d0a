"""Job kinds for tests: each notes that it ran, in a transaction of its own, before it does anything else."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from actors.jobs import JobKind
from actors.queue.attempt import Attempt
from actors.queue.outcome import Done, Outcome
from actors.tools import Tools

TABLES = """
    create table runs (job bigint not null, fence integer not null, worker uuid not null,
                       at timestamptz not null default clock_timestamp());
    create table effects (job bigint not null, fence integer not null);
    create table released (job bigint not null);
"""
NOTE = "insert into runs (job, fence, worker) values ($1, $2, $3)"
RELEASED = "select count(*) from released where job = $1"
EFFECT = "insert into effects (job, fence) values ($1, $2)"


@dataclass(frozen=True, slots=True)
class Payload:
    seconds: float = 0.0


async def _note(attempt: Attempt, tools: Tools) -> None:
    await tools.db.execute(NOTE, attempt.job.id, attempt.job.fence, attempt.desk.worker)


async def note(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    await _note(attempt, tools)
    return Done()


async def slow(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    """Takes its time, and leaves the loop to others."""
    await _note(attempt, tools)
    await asyncio.sleep(payload.seconds)
    return Done({"slept": payload.seconds})


async def wait(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    """Ends once it is released."""
    await _note(attempt, tools)
    while not await tools.db.fetchval(RELEASED, attempt.job.id):  # noqa: ASYNC110 - another process: nothing to wait on
        await asyncio.sleep(0.2)
    return Done()


async def block(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    """Keeps the event loop to itself."""
    await _note(attempt, tools)
    time.sleep(payload.seconds)  # noqa: ASYNC251 - the fault that is tried
    return Done()


async def effect(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    """Takes its time, then has its effect in the transaction that ends the job."""
    await _note(attempt, tools)
    await asyncio.sleep(payload.seconds)
    async with tools.db.acquire() as db, db.transaction():
        await db.execute(EFFECT, attempt.job.id, attempt.job.fence)
        return await attempt.finish(db, {"effect": attempt.job.fence})


KINDS: dict[str, JobKind[Any]] = {
    run.__name__: JobKind(run.__name__, Payload, run, timeout_s=300.0) for run in (note, slow, wait, block, effect)
}
