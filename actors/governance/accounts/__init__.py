"""People: who they are, how they come in, and whose rows they see. No I/O.

Three things open the service. A *token* is what a program shows; it is someone's, may do no more than they, and ends. A
*session* is a login: of a browser, which holds a cookie, or of a program, which holds an access token (a short JWT)
and a refresh token, which is used once for the next pair. One that is used twice was stolen: the whole login ends.

    password, OIDC or token ──▶ session ──▶ cookie
                                   │
                                   └──────▶ access token, believed by its signature as long as its session lasts
                                            refresh token ──▶ the next pair
"""

import re
from dataclasses import dataclass
from datetime import datetime

from actors.errors import Refusal

HOME = 1  # the tenant that runs the service
EVERY_TENANT = "*"
LONGEST_NAME, LONGEST_EMAIL = 200, 320
MOST_SCOPES = 50
READ, WRITE = "read", "write"

_EMAIL = re.compile(r"[^\s@<>\"(),:;\[\]\\]{1,64}@[A-Za-z0-9.-]{1,255}")
_TENANT = re.compile(r"[^\W_][\w .&'()-]{0,99}")
_SCOPE = re.compile(r"(?:[a-z][a-z_]{0,39}:)?(?:read|write)")


@dataclass(frozen=True, slots=True)
class User:
    """`is_closed`: the tenant is."""

    id: int
    tenant_id: int
    tenant: str
    login: str
    name: str | None
    email: str | None
    role: str
    kind: str
    created_at: datetime
    seen_at: datetime | None
    disabled_at: datetime | None
    must_change: bool
    password: str | None
    issuer: str | None
    subject: str | None
    is_closed: bool

    @property
    def may_enter(self) -> bool:
        return self.disabled_at is None and not self.is_closed


@dataclass(frozen=True, slots=True)
class UserRow:
    """As lists show it."""

    id: int
    tenant_id: int
    tenant: str
    login: str
    name: str | None
    email: str | None
    role: str
    kind: str
    created_at: datetime
    seen_at: datetime | None
    disabled_at: datetime | None
    must_change: bool
    has_password: bool
    issuer: str | None


@dataclass(frozen=True, slots=True)
class Tenant:
    id: int
    name: str
    created_at: datetime
    disabled_at: datetime | None
    users: int


@dataclass(frozen=True, slots=True)
class Session:
    """A login that lasts."""

    id: int
    kind: str
    how: str
    agent: str
    created_at: datetime
    until_at: datetime


@dataclass(frozen=True, slots=True)
class Entered:
    """Whose a session is. A login by a token may do no more than that."""

    id: int
    user_id: int
    tenant_id: int
    until_at: datetime
    token_id: int | None
    login: str
    role: str
    seen_at: datetime | None
    must_change: bool
    token_role: str | None
    scopes: tuple[str, ...] | None


def check_email(email: str) -> str:
    """Raises Refusal for what is no address of one mailbox."""
    if len(email) > LONGEST_EMAIL or not _EMAIL.fullmatch(email):
        raise Refusal(f"email: expected an address such as name@example.org, got {email[:100]!r}", field="email")
    return email


def check_tenant(name: str) -> str:
    """The name of an organisation. Raises Refusal."""
    if not _TENANT.fullmatch(name):
        raise Refusal(
            f"name: expected 1 to 100 letters, digits, spaces and . _ & ' ( ) -, got {name[:120]!r}", field="name"
        )
    return name


def check_scopes(scopes: tuple[str, ...]) -> tuple[str, ...]:
    """What a token is for: `read`, `write`, or the same of one resource as in `trials:read`. Raises Refusal."""
    if not 1 <= len(scopes) <= MOST_SCOPES:
        raise Refusal(f"scopes: expected 1 to {MOST_SCOPES} of them", field="scopes")
    for scope in scopes:
        if not _SCOPE.fullmatch(scope):
            raise Refusal(f"scopes: expected read, write or such as trials:read, got {scope[:60]!r}", field="scopes")
    return tuple(dict.fromkeys(scopes))


def allows(scopes: tuple[str, ...] | None, resource: str, *, is_command: bool) -> bool:
    """Whether a token of these scopes is for a route; None: no token, or one for everything. Who may write may read."""
    if scopes is None:
        return True
    wanted = {WRITE} if is_command else {READ, WRITE}
    return any(scope in wanted or scope in {f"{resource}:{one}" for one in wanted} for scope in scopes)
