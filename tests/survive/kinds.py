"""Job kinds for tests: each notes that it ran, in a transaction of its own, before it does anything else."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from actors.jobs import JobKind
from actors.queue.attempt import Attempt
from actors.queue.outcome import Done, Outcome
from actors.tools import Tools
from supervisor.database import AWAY

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
    """Ends once it is released, whatever becomes of connections meanwhile."""
    await _note(attempt, tools)
    while not await _is_released(attempt.job.id, tools):  # noqa: ASYNC110 - another process: nothing to wait on
        await asyncio.sleep(0.2)
    return Done()


async def _is_released(job: int, tools: Tools) -> bool:
    with suppress(*AWAY):
        return bool(await tools.db.fetchval(RELEASED, job))
    return False


async def block(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    """Keeps the event loop to itself."""
    await _note(attempt, tools)
    time.sleep(payload.seconds)  # noqa: ASYNC251 - the fault that is tried
    return Done()


async def deaf(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    """Ignores being cancelled, whoever asks for it."""
    await _note(attempt, tools)
    while True:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)


async def thread(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    """Holds a thread, which nobody can end."""
    await _note(attempt, tools)
    await asyncio.to_thread(time.sleep, payload.seconds)
    return Done()


async def fail(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    await _note(attempt, tools)
    raise ValueError("it cannot be done")


async def effect(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    """Takes its time, then has its effect in the transaction that ends the job."""
    await _note(attempt, tools)
    await asyncio.sleep(payload.seconds)
    async with tools.db.acquire() as db, db.transaction():
        await db.execute(EFFECT, attempt.job.id, attempt.job.fence)
        return await attempt.finish(db, {"effect": attempt.job.fence})


KINDS: dict[str, JobKind[Any]] = {
    run.__name__: JobKind(run.__name__, Payload, run, timeout_s=300.0)
    for run in (note, slow, wait, block, deaf, thread, fail, effect)
}
