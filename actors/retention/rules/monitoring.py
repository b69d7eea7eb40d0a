"""Measures and alerts."""

from actors.monitoring import store as monitoring
from actors.retention import Aged, Kept

KEPT = Kept(
    "monitoring",
    aged=(
        Aged("measures", "measures", "history_days", monitoring.trim_measures),
        Aged("alerts", "alerts", "history_days", monitoring.trim_alerts),
    ),
)
