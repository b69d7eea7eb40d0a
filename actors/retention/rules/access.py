"""Who may do what: tenants, people, tokens and logins."""

from actors.retention import Held, Kept

KEPT = Kept(
    "access",
    held={
        "tenants": Held.FOREVER,
        "users": Held.FOREVER,
        "access_tokens": Held.FOREVER,
        "sessions": Held.OWNER,
        "refresh_tokens": Held.OWNER,
        "signing_keys": Held.WORK,  # retired ones go once what they signed has ended
        "login_failures": Held.WORK,
        "projects": Held.FOREVER,
        "project_members": Held.OWNER,
    },
)
