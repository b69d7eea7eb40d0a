"""Jobs, what became of them, and what they ran by."""

from actors.queue import keeping
from actors.retention import Aged, Held, Kept

KEPT = Kept(
    "queue",
    aged=(
        Aged("history", "job_history", "history_days", keeping.trim_history),
        Aged("ticks", "schedule_ticks", "history_days", keeping.trim_ticks),
        Aged("events", "job_events", "events_days", keeping.trim_events),
        Aged("keys", "idempotency_keys", "events_days", keeping.trim_keys),
    ),
    held={
        "jobs": Held.WORK,  # an ended one goes to the history, a dead letter waits for somebody
        "job_dependencies": Held.OWNER,
        "workers": Held.WORK,  # forgotten an hour after its last beat
        "queues": Held.FOREVER,
        "schedules": Held.FOREVER,
        "schema_migrations": Held.FOREVER,
    },
)
