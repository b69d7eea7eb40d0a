"""Keeps the database in shape: days of the history made ahead, and what is older than its keeping removed."""

from dataclasses import dataclass
from datetime import timedelta

from actors.jobs import JobKind
from actors.monitoring import store as monitoring
from actors.queue import keeping
from actors.queue.attempt import Attempt
from actors.queue.keeping import Busy
from actors.queue.outcome import Done, Outcome, Snooze
from actors.runtime.telemetry import emit
from actors.tools import Tools
from actors.trials.duplicates import store as duplicates
from actors.trials.reporting import store as reporting
from actors.trials.watching import store as watching
from actors.trials.webhooks import store as webhooks

DAYS_AHEAD = 7
CLUSTERS_KEPT = timedelta(days=730)  # what became of clusters; what people decided is kept for good
REPORTS_KEPT = timedelta(days=730)  # a report is some kB
AGAIN_S = 60.0  # after a look at a history that somebody else was reading


@dataclass(frozen=True, slots=True)
class Payload:
    history_days: int = 30
    events_days: int = 90


async def run(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    now = tools.now()
    added = 0
    history, events = now - timedelta(days=payload.history_days), now - timedelta(days=payload.events_days)
    try:
        for ahead in range(1, DAYS_AHEAD + 1):
            added += await keeping.add_partition(tools.db, (now + timedelta(days=ahead)).date())
        removed = await keeping.trim(tools.db, history_before=history, events_before=events)
    except Busy:  # whoever reads the history for long must not make those wait who end jobs
        return Snooze(AGAIN_S)
    removed |= await monitoring.trim(tools.db, history)
    removed |= {
        "deliveries": await webhooks.trim(tools.db, history),
        "notices": await watching.trim(tools.db, events),
        "cluster_events": await duplicates.trim(tools.db, now - CLUSTERS_KEPT),
        "reports": await reporting.trim(tools.db, (now - REPORTS_KEPT).date()),
    }
    emit("database.maintained", new=added, number=sum(removed.values()))
    return Done({"partitions_added": added, "removed": removed})


JOB = JobKind("maintain", Payload, run, timeout_s=600.0)
