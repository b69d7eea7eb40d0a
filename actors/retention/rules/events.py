"""The log of events."""

from actors.events import store as events
from actors.retention import Aged, Held, Kept

KEPT = Kept(
    "events",
    aged=(Aged("event_log", "events", "events_days", events.trim),),
    held={"event_inbox": Held.WORK},
)
