"""The tokens in PostgreSQL. Whoever asks acts for the tenant whose they are, or for all."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from actors.errors import NotFound, Refusal
from actors.governance import TokenRow, check_name
from actors.runtime.database import Database as Database
from schema import query


async def add_token(
    db: Database,
    user: int,
    name: str,
    role: str,
    sha256: bytes,
    *,
    scopes: tuple[str, ...] = ("read", "write"),
    expires_at: datetime | None = None,
) -> int:
    """Raises Refusal when a token of this name is in use by that user."""
    args = (user, check_name(name), role, sha256, list(scopes), expires_at)
    id_ = await db.fetchval(query("access.add_token"), *args)
    if id_ is None:
        raise Refusal(f"name: there is a token {name!r} already: revoke it first, or take another name", field="name")
    return int(id_)


async def by_hash(db: Database, sha256: bytes) -> TokenRow | None:
    """The token, also one that was revoked."""
    row = await db.fetchrow(query("access.by_hash"), sha256)
    return _token(row) if row else None


async def note_use(db: Database, token: int) -> None:
    await db.execute(query("access.note_use"), token)


async def tokens(db: Database, user: int | None = None) -> list[TokenRow]:
    """Everybody's, or one user's; those in use first."""
    return [_token(row) for row in await db.fetch(query("access.tokens"), user)]


def _token(row: Mapping[str, Any]) -> TokenRow:
    return TokenRow(**{**row, "scopes": tuple(row["scopes"])})


async def revoke_token(db: Database, name: str, login: str | None = None) -> None:
    """A token of that user, or of the program that has its name. Raises NotFound."""
    if await db.fetchval(query("access.revoke_token"), login or name, name) is None:
        raise NotFound(f"name: there is no token {name!r} in use")


async def revoke_by_id(db: Database, token: int, user: int | None) -> None:
    """A user's own, or anybody's. Raises NotFound."""
    if await db.fetchval(query("access.revoke_by_id"), user, token) is None:
        raise NotFound(f"token: there is no token {token} in use")
