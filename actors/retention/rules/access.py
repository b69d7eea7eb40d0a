"""Who may do what: tenants, people, tokens and logins."""

from actors.governance.accounts import store as accounts
from actors.retention import Aged, Held, Kept

KEPT = Kept(
    "access",
    aged=(
        Aged("sessions", "sessions", "history_days", accounts.trim),
        Aged("rate_buckets", "rate_buckets", "history_days", accounts.trim_buckets),
    ),
    held={
        "tenants": Held.FOREVER,
        "users": Held.FOREVER,
        "access_tokens": Held.FOREVER,
        "refresh_tokens": Held.OWNER,
        "signing_keys": Held.WORK,  # retired ones go once what they signed has ended
        "login_failures": Held.WORK,  # with the sessions of their time
        "projects": Held.FOREVER,
        "project_members": Held.OWNER,
    },
)
