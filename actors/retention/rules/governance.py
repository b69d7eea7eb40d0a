"""What was done and by whom, the mode of the service, flags, and what others must agree to."""

from actors.governance.access import store as access
from actors.governance.approvals import store as approvals
from actors.retention import Aged, Held, Kept

KEPT = Kept(
    "governance",
    aged=(
        Aged("approvals", "approvals", "governance_days", approvals.trim),
        Aged("access_requests", "access_requests", "governance_days", access.trim),
    ),
    held={
        "audit_actors": Held.FOREVER,  # a login is blanked where somebody is erased; the chain stays whole
        "audit_entries": Held.FOREVER,
        "audit_chain": Held.FOREVER,
        "audit_unsealed": Held.WORK,
        "service_mode": Held.FOREVER,
        "feature_flags": Held.FOREVER,
        "feature_flag_rules": Held.FOREVER,
    },
)
