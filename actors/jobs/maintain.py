"""Keeps the database in shape: days of the history made ahead, and what is older than its keeping removed."""

from dataclasses import dataclass, field
from datetime import timedelta

from actors.jobs import JobKind
from actors.queue import keeping
from actors.queue.attempt import Attempt
from actors.queue.keeping import Busy
from actors.queue.outcome import Done, Outcome, Snooze
from actors.retention import applying
from actors.runtime.telemetry import emit
from actors.tools import Tools

DAYS_AHEAD = 7
AGAIN_S = 60.0  # after a look at a history that somebody else was reading


@dataclass(frozen=True, slots=True)
class Payload:
    """`days` are the settings of actors/retention that are in force."""

    days: dict[str, int] = field(default_factory=dict)


async def run(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    now = tools.now()
    added = 0
    try:
        for ahead in range(1, DAYS_AHEAD + 1):
            added += await keeping.add_partition(tools.db, (now + timedelta(days=ahead)).date())
        applied = await applying.apply(tools.db, payload.days, now, dry_run=False)
    except Busy:  # whoever reads the history for long must not make those wait who end jobs
        return Snooze(AGAIN_S)
    orphans, _ = await applying.sweep(tools.db, tools.files, now, dry_run=False)
    removed = {one.name: one.number for one in applied} | {"files": len(orphans)}
    emit("database.maintained", new=added, number=sum(removed.values()))
    return Done({"partitions_added": added, "removed": removed})


JOB = JobKind("maintain", Payload, run, timeout_s=600.0)
