"""Who may use triald: the tokens that open it, and the role that each gives. No I/O.

A token is 32 random bytes, so it cannot be guessed, nor found again from its hash: unlike a password it needs no salt
and no slow hash, and SHA-256 makes it findable by an index.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from actors.errors import Refusal

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._@-]{0,99}")


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token as it is kept, and whose it is; `used_at` is exact to the hour."""

    id: int
    name: str
    role: str
    sha256: bytes
    created_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None
    expires_at: datetime | None
    scopes: tuple[str, ...]
    user_id: int
    tenant_id: int
    login: str
    user_seen_at: datetime | None
    user_role: str
    is_on: bool


def digest(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def check_name(name: str, field: str = "name") -> str:
    """The name of a token, a tenant or a login, if it can be one. Raises Refusal."""
    if not NAME.fullmatch(name):
        raise Refusal(
            f"{field}: expected 1 to 100 letters, digits, spaces and . _ @ -, got {name[:120]!r}", field=field
        )
    return name
