"""Which records are of the same trial; what people decided of it is kept for good."""

from actors.retention import Aged, Held, Kept
from actors.trials.duplicates import store as duplicates

KEPT = Kept(
    "duplicates",
    aged=(Aged("cluster_events", "duplicate_events", "clusters_days", duplicates.trim),),
    held={
        "duplicate_decisions": Held.FOREVER,
        "duplicate_records": Held.OWNER,
        "duplicate_links": Held.OWNER,
        "duplicate_waiting": Held.WORK,
        "duplicate_state": Held.MADE,
        "duplicate_words": Held.MADE,
        "duplicate_keys": Held.MADE,
        "duplicate_incoming_records": Held.WORK,
        "duplicate_incoming_words": Held.WORK,
        "duplicate_incoming_links": Held.WORK,
        "duplicate_incoming_clusters": Held.WORK,
        "duplicate_incoming_held": Held.WORK,
    },
)
