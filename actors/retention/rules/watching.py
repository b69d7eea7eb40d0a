"""Watches, their notices, and who is told of them."""

from actors.retention import Aged, Held, Kept
from actors.trials.watching import store as watching
from actors.trials.webhooks import store as webhooks

KEPT = Kept(
    "watching",
    aged=(
        Aged("deliveries", "webhook_deliveries", "history_days", webhooks.trim),
        Aged("notices", "notices", "events_days", watching.trim),
    ),
    held={"watches": Held.FOREVER, "watch_members": Held.OWNER, "webhooks": Held.FOREVER},
)
