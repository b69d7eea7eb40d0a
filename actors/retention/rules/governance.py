"""What was done and by whom, the mode of the service, flags, and what others must agree to."""

from actors.retention import Held, Kept

KEPT = Kept(
    "governance",
    held={
        "audit_actors": Held.FOREVER,  # a login is blanked where somebody is erased; the chain stays whole
        "audit_entries": Held.FOREVER,
        "audit_chain": Held.FOREVER,
        "audit_unsealed": Held.WORK,
        "service_mode": Held.FOREVER,
        "feature_flags": Held.FOREVER,
        "feature_flag_rules": Held.FOREVER,
        "approvals": Held.FOREVER,
        "access_requests": Held.FOREVER,
    },
)
