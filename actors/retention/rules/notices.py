"""What is told to the outside: events and their deliveries, episodes of alerts, who is told and who is not."""

from actors.notices.alerts import store as alerts
from actors.notices.outbox import store as outbox
from actors.notices.webhooks import store as webhooks
from actors.retention import Aged, Held, Kept

KEPT = Kept(
    "notices",
    aged=(
        Aged("deliveries", "webhook_deliveries", "history_days", webhooks.trim),
        Aged("outbox", "outbox", "history_days", outbox.trim),  # after its deliveries
        Aged("alert_episodes", "alert_episodes", "history_days", alerts.trim_episodes),
        Aged("alert_sends", "alert_sends", "history_days", alerts.trim_sends),
        Aged("alert_silences", "alert_silences", "events_days", alerts.trim_silences),
    ),
    held={
        "webhooks": Held.FOREVER,
        "delivery_attempts": Held.OWNER,
        "alert_told": Held.OWNER,
        "alert_routes": Held.FOREVER,
        "alert_channels": Held.FOREVER,
    },
)
