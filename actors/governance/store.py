"""The tokens in PostgreSQL."""

from actors.errors import NotFound, Refusal
from actors.governance import TokenRow, check_name
from actors.runtime.database import Database as Database
from schema import query


async def add_token(db: Database, name: str, role: str, sha256: bytes) -> int:
    """Raises Refusal when a token of this name is in use."""
    id_ = await db.fetchval(query("access.add_token"), check_name(name), role, sha256)
    if id_ is None:
        raise Refusal(f"name: there is a token {name!r} already: revoke it first, or take another name")
    return int(id_)


async def add_first_token(db: Database, name: str, role: str, sha256: bytes) -> bool:
    """True when it was the first one ever; else nothing is added."""
    return await db.fetchval(query("access.add_first_token"), check_name(name), role, sha256) is not None


async def by_hash(db: Database, sha256: bytes) -> TokenRow | None:
    """The token, also one that was revoked."""
    row = await db.fetchrow(query("access.by_hash"), sha256)
    return TokenRow(**row) if row else None


async def note_use(db: Database, token: int) -> None:
    await db.execute(query("access.note_use"), token)


async def tokens(db: Database) -> list[TokenRow]:
    return [TokenRow(**row) for row in await db.fetch(query("access.tokens"))]


async def revoke_token(db: Database, name: str) -> None:
    """Raises NotFound."""
    if await db.fetchval(query("access.revoke_token"), name) is None:
        raise NotFound(f"name: there is no token {name!r} in use")
