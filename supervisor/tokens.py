"""The tokens that open the service: made, given by the operator; and who may see to accounts at the first start."""

import asyncio
import secrets
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actors.errors import Refusal
from actors.governance import digest, store
from actors.governance.accounts import HOME
from actors.governance.accounts import store as accounts
from actors.governance.accounts.passwords import Passwords, one_time
from supervisor.roles import Role

if TYPE_CHECKING:
    import asyncpg

PREFIX = "triald_"  # so that a token is known for one wherever it turns up, in logs or in a repository
RANDOM_BYTES = 32
FIRST_LOGIN = "admin"
FILE_NAME = "operator"  # the program whose token the operator gives in a file


def make_token() -> str:
    return PREFIX + secrets.token_urlsafe(RANDOM_BYTES)


async def first_password(pool: "asyncpg.Pool[Any]", token_file: Path | None = None) -> str | None:
    """Sees to it that somebody can come in: the first admin's one-time password is given once, to be shown.

    Where the operator gives a token, that one opens as an admin, and replaces the one that the file held before. Raises
    Refusal for one that was revoked.
    """
    if token_file is not None:
        text = await asyncio.to_thread(token_file.read_text, "utf-8")
        await _put_operators(pool, text.strip())
        return None
    if await accounts.has_admin(pool):
        return None
    password = one_time()
    hashed = await Passwords().hash(password)
    return password if await accounts.add_first_admin(pool, FIRST_LOGIN, hashed) is not None else None


async def _put_operators(pool: "asyncpg.Pool[Any]", token: str) -> None:
    known = await store.by_hash(pool, digest(token))
    if known is not None and known.revoked_at is None:
        return
    if known is not None:
        raise Refusal(f"token_file: its token was revoked on {known.revoked_at:%Y-%m-%d}; put another into the file")
    async with pool.acquire() as db, db.transaction():
        user = await program(db, FILE_NAME, Role.ADMIN)
        if any(one.name == FILE_NAME and one.revoked_at is None for one in await store.tokens(db, user)):
            await store.revoke_token(db, FILE_NAME)
        await store.add_token(db, user, FILE_NAME, Role.ADMIN.word, digest(token))


async def program(db: store.Database, login: str, role: Role, tenant: int = HOME) -> int:
    """A program that acts for itself, made where there is none of that name."""
    if (found := await accounts.find_user(db, login)) is not None:
        if found.kind == "person":
            raise Refusal(f"name: {login!r} is a person; give the token to them by --user", field="name")
        if not Role.of(found.role).may(role):
            raise Refusal(f"role: the program {login!r} is a {found.role}; a token may do no more", field="role")
        return found.id
    return await accounts.add_user(db, tenant, login, role.word, kind="program")


async def new_token(
    db: store.Database,
    name: str,
    role: Role,
    *,
    user: int | None = None,
    tenant: int = HOME,
    scopes: tuple[str, ...] = ("read", "write"),
    expires_at: datetime | None = None,
) -> str:
    """A fresh token, which nobody can show again: a user's, or that of a program of the same name.

    Raises Refusal when the name is taken.
    """
    if role is Role.ANYONE:
        raise Refusal("role: anyone needs no token; expected another role", field="role")
    token = make_token()
    whose = await program(db, name, role, tenant) if user is None else user
    await store.add_token(db, whose, name, role.word, digest(token), scopes=scopes, expires_at=expires_at)
    return token
