"""Whose a token, a cookie or an access token is, and what they may do.

A check that cannot be made (the database is away) raises: whoever asks must refuse then.
"""

import hmac
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from actors.governance import TokenRow, digest, store
from actors.governance.accounts import READ, WRITE, Entered, bearer
from actors.governance.accounts import store as accounts
from supervisor.roles import Role
from supervisor.signing import Keys

if TYPE_CHECKING:
    import asyncpg

FRESH_S = 4.0  # how long an answer holds: within five seconds a revoked token opens nothing, and what it opened closes
NOTED_EVERY = timedelta(hours=1)
EVERYTHING = {READ, WRITE}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is. `scopes`: what their token is for, None for all that they may. `until_s`: seconds since 1970."""

    user: int
    login: str
    role: Role
    tenant: int
    scopes: tuple[str, ...] | None = None
    session: int | None = None
    token: int | None = None
    must_change: bool = False
    until_s: float | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """What a program shows: a token, or an access token."""

    text: str


@dataclass(frozen=True, slots=True)
class Cookie:
    """What a browser shows."""

    text: str


Shown = Token | Cookie

# Lately looked up: (database, kind, hash of what was shown) -> when, and whose it is.
_answers: "OrderedDict[tuple[asyncpg.Pool[Any], type, bytes], tuple[float, Identity]]" = OrderedDict()


async def identity_of(
    pool: "asyncpg.Pool[Any]",
    shown: Shown,
    keys: Keys,
    *,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Identity | None:
    """None for what opens nothing, or nothing any more. `pool` sees every tenant. Raises what the database raises."""
    key, now_s = (pool, type(shown), digest(shown.text)), clock()
    told_at, kept = _answers.get(key, (now_s, None))
    if kept is not None and now_s - told_at < FRESH_S:
        return kept if kept.until_s is None or now().timestamp() < kept.until_s else None
    found = await _look_up(pool, shown, keys, now())
    if found is None or found.must_change:  # that ends with the change, in every process at once
        _answers.pop(key, None)
        return found
    _answers[key] = (now_s, found)
    _answers.move_to_end(key)
    while now_s - next(iter(_answers.values()))[0] >= FRESH_S:
        _answers.popitem(last=False)
    return found


def forget(pool: "asyncpg.Pool[Any]", shown: Shown) -> None:
    """It is looked up anew the next time."""
    _answers.pop((pool, type(shown), digest(shown.text)), None)


async def _look_up(pool: "asyncpg.Pool[Any]", shown: Shown, keys: Keys, now: datetime) -> Identity | None:
    match shown:
        case Cookie(text):
            entered = await accounts.by_cookie(pool, digest(text), now)
            await _note_seen(pool, entered, now)
            found = None if entered is None else _of_session(entered)
        case Token(text) if bearer.looks_like_one(text):
            found = await _of_access_token(pool, text, keys, now)
        case Token(text):
            found = await _of_token(pool, text, now)
    return found


async def _of_access_token(pool: "asyncpg.Pool[Any]", text: str, keys: Keys, now: datetime) -> Identity | None:
    try:
        claims = bearer.read(text, await keys.known(bearer.key_named(text)), now)
    except bearer.NotOurs:
        return None
    entered = await accounts.by_session(pool, claims.session, now)
    await _note_seen(pool, entered, now)
    if entered is None or entered.user_id != claims.user:
        return None
    return replace(_of_session(entered), until_s=float(claims.until_s))


async def _note_seen(pool: "asyncpg.Pool[Any]", entered: Entered | None, now: datetime) -> None:
    if entered is not None and is_long_ago(entered.seen_at, now):
        await accounts.note_seen(pool, entered.user_id)


def is_long_ago(noted_at: datetime | None, now: datetime) -> bool:
    """Whether it is worth a write that somebody is here: that is known to the hour. No I/O."""
    return noted_at is None or now - noted_at >= NOTED_EVERY


def _of_session(entered: Entered) -> Identity:
    role = Role.of(entered.role)
    if entered.token_role is not None:
        role = least(role, Role.of(entered.token_role))
    return Identity(
        entered.user_id, entered.login, role, entered.tenant_id, _narrow(entered.scopes), session=entered.id,
        token=entered.token_id, must_change=entered.must_change and entered.token_id is None,
        until_s=entered.until_at.timestamp(),
    )  # fmt: skip


async def _of_token(pool: "asyncpg.Pool[Any]", text: str, now: datetime) -> Identity | None:
    sha256 = digest(text)
    row = await store.by_hash(pool, sha256)
    if row is None or not _opens(row, sha256, now):
        return None
    if is_long_ago(row.used_at, now):
        await store.note_use(pool, row.id)
    if is_long_ago(row.user_seen_at, now):
        await accounts.note_seen(pool, row.user_id)
    until_s = None if row.expires_at is None else row.expires_at.timestamp()
    role = least(Role.of(row.user_role), Role.of(row.role))
    return Identity(row.user_id, row.login, role, row.tenant_id, _narrow(row.scopes), token=row.id, until_s=until_s)


def _opens(row: TokenRow, sha256: bytes, now: datetime) -> bool:
    lasts = row.revoked_at is None and (row.expires_at is None or now < row.expires_at)
    return hmac.compare_digest(row.sha256, sha256) and lasts and row.is_on


def _narrow(scopes: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if scopes is None or set(scopes) >= EVERYTHING else scopes


def least(one: Role, other: Role) -> Role:
    """A role that may no more than either: a token does not outlive the rights of whose it is. No I/O."""
    if one.may(other):
        return other
    return one if other.may(one) else Role.VIEWER
