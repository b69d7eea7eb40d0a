"""Watches, and their notices."""

from actors.retention import Aged, Held, Kept
from actors.trials.watching import store as watching

KEPT = Kept(
    "watching",
    aged=(Aged("notices", "notices", "events_days", watching.trim),),
    held={"watches": Held.FOREVER, "watch_members": Held.OWNER},
)
