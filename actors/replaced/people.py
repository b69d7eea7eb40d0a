"""Accounts of the replaced systems. No I/O."""

from actors.replaced import Beside, Person, Read, Row
from actors.replaced.values import ROLES, left, login, text

SECRETS = tuple(
    (name, "secret")
    for name in ("password", "password_hash", "passwordHash", "encrypted_password", "refresh_token", "api_key", "token")
)


def read_person(row: Row, beside: Beside) -> Read:
    """Whoever has a role that we do not know may look, and no more, until somebody gives another."""
    role = (text(row, "role") or "").lower()
    name = text(row, "full_name") or text(row, "name") or text(row, "display_name")
    email = text(row, "email")
    one = Person(
        login(row), role if role in ROLES else "viewer", name[:200] if name else None,
        email if email and 3 <= len(email) <= 320 else None,
    )  # fmt: skip
    unknown = (f"role {role[:40]!r} (unknown here: viewer)",) if role and role not in ROLES else ()
    return Read((one,), (*left(row, SECRETS), *unknown))
