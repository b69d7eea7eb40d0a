"""Tells who asked for a large export that it can be fetched: held until somebody agrees, let go by that alone."""

from dataclasses import dataclass

from actors.events import store as events
from actors.jobs import JobKind
from actors.queue.attempt import Attempt
from actors.queue.outcome import Outcome
from actors.tools import Tools


@dataclass(frozen=True, slots=True)
class Payload:
    login: str


async def run(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    async with tools.db.acquire() as db, db.transaction():
        told = {"job": attempt.job.id}
        await events.append(db, room=f"user:{payload.login}", kind="export.ready", payload=told, is_final=True)
        return await attempt.finish(db, told)


JOB = JobKind("announce_approval", Payload, run)
