"""Compares trials that are new or changed with all that they could be; everything, where that is due or asked for."""

from dataclasses import asdict, dataclass
from uuid import UUID, uuid4

from actors.jobs import JobKind
from actors.queue.attempt import Attempt
from actors.queue.outcome import Done, Outcome, Snooze
from actors.tools import Tools
from actors.trials.duplicates.following import WHEN, When, follow
from actors.trials.duplicates.sweeping.sweep import Overtaken

AGAIN_S = 30.0  # after a look while somebody else compares everything


@dataclass(frozen=True, slots=True)
class Payload:
    """`whole`: everything is compared anew, however little changed. `small` and `share` say when else: see `When`."""

    whole: bool = False
    small: int = WHEN.small
    share: float = WHEN.share


def key(payload: Payload) -> str:
    """One that compares everything and one that does not may wait or run at once; they take turns."""
    return "whole" if payload.whole else "new"


async def run(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    sweep = await _sweep_of(attempt, tools)
    try:
        found = await follow(
            tools.db,
            tools.compute,
            tools.files.scratch("dedupe"),
            when=When(payload.small, payload.share),
            tell=lambda done, total, note: attempt.progress(done, total or None, note),
            run=sweep,
            all_anew=payload.whole,
        )
    except Overtaken:
        return Snooze(AGAIN_S)
    if found.busy:
        return Snooze(AGAIN_S) if payload.whole else Done({"busy": True})
    return Done(asdict(found))


async def _sweep_of(attempt: Attempt, tools: Tools) -> UUID:
    """The sweep of this job, should there be one: an attempt after this one goes on with it."""
    match attempt.checkpoint():
        case {"sweep": str(text)}:
            return UUID(text)
    sweep = uuid4()
    async with tools.db.acquire() as db, db.transaction():
        await attempt.save(db, {"sweep": str(sweep)})
    return sweep


JOB = JobKind("dedupe", Payload, run, timeout_s=2 * 3600.0, key=key)
