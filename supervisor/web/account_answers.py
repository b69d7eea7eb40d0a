"""Accounts and tokens as the HTTP interface tells them. No I/O."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from actors.governance import TokenRow


class TokenTold(msgspec.Struct, frozen=True):
    """A token without itself."""

    id: int
    name: str
    login: str
    role: str
    scopes: tuple[str, ...]
    createdAt: datetime
    expiresAt: datetime | None
    usedAt: datetime | None
    revokedAt: datetime | None


class TokensList(msgspec.Struct, frozen=True):
    tokens: tuple[TokenTold, ...]


class TokenMade(msgspec.Struct, frozen=True):
    """It is shown this once."""

    name: str
    token: str


def tokens_list(rows: Iterable[TokenRow]) -> TokensList:
    return TokensList(tuple(map(_told, rows)))


def _told(row: TokenRow) -> TokenTold:
    return TokenTold(
        row.id, row.name, row.login, row.role, row.scopes, row.created_at, row.expires_at, row.used_at, row.revoked_at
    )
