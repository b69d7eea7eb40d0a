"""The mirror: every version of every record, as it came, and how it came."""

from actors.retention import Held, Kept

KEPT = Kept(
    "trials",
    held={
        "trials": Held.MIRROR,
        "trial_ids": Held.MIRROR,
        "trial_versions": Held.MIRROR,
        "trial_raw": Held.MIRROR,
        "scrapes": Held.MIRROR,
        "refused_records": Held.MIRROR,
        "scrape_seen": Held.WORK,
        "scrape_turns": Held.WORK,
        "trials_incoming": Held.WORK,
        "registry_counts": Held.MADE,
        "http_validators": Held.MADE,
        "rate_limits": Held.WORK,
        "trial_followers": Held.FOREVER,
        "trial_due": Held.WORK,
        "trial_assessments": Held.OWNER,
        "trial_flags": Held.OWNER,
    },
)
