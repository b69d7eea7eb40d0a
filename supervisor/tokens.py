"""The tokens that open the service: made, given by the operator, checked.

A check that cannot be made (the database is away) raises: whoever asks must refuse then.
"""

import asyncio
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actors.errors import Refusal
from actors.governance import TokenRow, digest, store
from supervisor.roles import Role

if TYPE_CHECKING:
    import asyncpg

PREFIX = "triald_"  # so that a token is known for one wherever it turns up, in logs or in a repository
RANDOM_BYTES = 32
FRESH_S = 4.0  # how long an answer holds: within five seconds a revoked token opens nothing, and what it opened closes
FIRST_NAME = "admin"
FILE_NAME = "operator"


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a token belongs to."""

    name: str
    role: Role


# Lately looked up: (database, hash of the token) -> when, and whom it belongs to.
_answers: "dict[tuple[asyncpg.Pool[Any], bytes], tuple[float, Holder]]" = {}


def make_token() -> str:
    return PREFIX + secrets.token_urlsafe(RANDOM_BYTES)


async def first_token(pool: "asyncpg.Pool[Any]", token_file: Path | None = None) -> str | None:
    """Sees to it that somebody can come in; a token that was made for it is given once, to be shown.

    The operator's token replaces the one that the file held before. Raises Refusal for one that was revoked.
    """
    if token_file is not None:
        text = await asyncio.to_thread(token_file.read_text, "utf-8")
        await _put_operators(pool, text.strip())
        return None
    token = make_token()
    return token if await store.add_first_token(pool, FIRST_NAME, Role.ADMIN.word, digest(token)) else None


async def _put_operators(pool: "asyncpg.Pool[Any]", token: str) -> None:
    known = await store.by_hash(pool, digest(token))
    if known is not None and known.revoked_at is None:
        return
    if known is not None:
        raise Refusal(f"token_file: its token was revoked on {known.revoked_at:%Y-%m-%d}; put another into the file")
    async with pool.acquire() as db, db.transaction():
        if any(one.name == FILE_NAME and one.revoked_at is None for one in await store.tokens(db)):
            await store.revoke_token(db, FILE_NAME)
        await store.add_token(db, FILE_NAME, Role.ADMIN.word, digest(token))


async def new_token(db: store.Database, name: str, role: Role) -> str:
    """A fresh token, which nobody can show again. Raises Refusal when the name is taken."""
    if role is Role.ANYONE:
        raise Refusal("role: anyone needs no token; expected viewer, operator or admin")
    token = make_token()
    await store.add_token(db, name, role.word, digest(token))
    return token


async def holder_of(
    pool: "asyncpg.Pool[Any]", token: str, *, clock: Callable[[], float] = time.monotonic
) -> Holder | None:
    """Whom a token belongs to; None for one that is unknown or revoked. Raises what the database raises."""
    sha256, now_s = digest(token), clock()
    told_at, kept = _answers.get((pool, sha256), (now_s, None))
    if kept is not None and now_s - told_at < FRESH_S:
        return kept
    row = await store.by_hash(pool, sha256)
    if row is None or not _opens(row, sha256):
        _answers.pop((pool, sha256), None)
        return None
    await store.note_use(pool, row.id)
    holder = Holder(row.name, Role.of(row.role))
    _keep(pool, sha256, holder, now_s)
    return holder


def _opens(row: TokenRow, sha256: bytes) -> bool:
    return hmac.compare_digest(row.sha256, sha256) and row.revoked_at is None


def _keep(pool: "asyncpg.Pool[Any]", sha256: bytes, holder: Holder, now_s: float) -> None:
    for key in [key for key, (told_at, _) in _answers.items() if now_s - told_at >= FRESH_S]:
        del _answers[key]
    _answers[pool, sha256] = (now_s, holder)


async def role_of(pool: "asyncpg.Pool[Any]", token: str) -> Role | None:
    """What the holder of a token may do; None for one that is unknown or revoked. Raises what the database raises."""
    holder = await holder_of(pool, token)
    return None if holder is None else holder.role
