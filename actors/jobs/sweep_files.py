"""Takes the bytes of files that were deleted, and of those that never arrived."""

from dataclasses import dataclass

from actors.jobs import JobKind
from actors.queue.attempt import Attempt
from actors.queue.outcome import Done, Outcome, Snooze
from actors.retention import store as retention
from actors.runtime.telemetry import emit
from actors.storage import store
from actors.tools import Tools

AT_ONCE = 100
AGAIN_S = 10.0  # while a backup is made, or another of these runs


@dataclass(frozen=True, slots=True)
class Payload:
    pass


async def run(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    swept = 0
    while True:
        number = await _sweep_some(tools)
        if number is None:
            return Snooze(AGAIN_S)
        swept += number
        if number < AT_ONCE:
            return Done({"files": swept})


async def _sweep_some(tools: Tools) -> int | None:
    """How many went: first their bytes, then their rows. None while a backup is made, which copies what was there."""
    async with tools.db.acquire() as db, db.transaction():
        if not await retention.backups_are_away(db):
            return None
        going = await store.going(db, AT_ONCE)
        for one in going:
            await tools.files.forget(one["key"])
        await store.gone(db, [one["id"] for one in going])
    if going:
        lost = sum(one["never_arrived"] for one in going)
        emit("files.swept", number=len(going), lost=lost, bytes=sum(one["size_bytes"] for one in going))
    return len(going)


JOB = JobKind("sweep_files", Payload, run, timeout_s=300.0)
