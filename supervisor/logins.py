"""Logging in: by password, with a token, or as an OIDC issuer says; what is handed out, renewed and taken back."""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from actors.errors import Refusal, TrialdError
from actors.governance import NAME, digest
from actors.governance.accounts import User, bearer, store
from actors.governance.accounts.passwords import Passwords, check_password
from actors.governance.audit import Act, Outcome
from actors.governance.audit import store as audit
from actors.runtime.telemetry import emit, trace_id
from supervisor.identity import Identity
from supervisor.signing import Keys

if TYPE_CHECKING:
    import asyncpg

RANDOM_BYTES = 32
MOST_WAITING = 200  # logins at once in a process; 64 MiB and a tenth of a second each, two at a time
NOBODYS = "?"  # any text that can be nobody's login


class WrongLogin(TrialdError):
    """Nobody came in; who is told nothing of why."""


class TooManyTries(TrialdError):
    """Nothing is tried for so long."""

    def __init__(self, wait_s: float) -> None:
        super().__init__("too many tries")
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Rules:
    """How long things last; `masters`: what keys are made with beside the database, the newest first."""

    access: timedelta = timedelta(minutes=15)
    refresh: timedelta = timedelta(days=7)
    session: timedelta = timedelta(hours=12)
    masters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """What a program gets at its login, and again each time it renews it."""

    access_token: str
    refresh_token: str
    expires_in_s: int
    refresh_until: datetime


class Logins:
    """`pool` sees every tenant."""

    def __init__(
        self, pool: "asyncpg.Pool[Any]", rules: Rules, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._pool, self._rules, self._now = pool, rules, now
        self.keys = Keys(pool, rules.masters)
        self.passwords = Passwords()
        self._turns: OrderedDict[str, asyncio.Lock] = OrderedDict()

    # ── who it is ──

    async def by_password(self, login: str, password: str) -> User:
        """Raises WrongLogin, TooManyTries. Takes as long for a login that nobody has."""
        login = login.strip() if NAME.fullmatch(login.strip()) else NOBODYS
        async with self._turn(login):
            async with self._pool.acquire() as db, db.transaction():
                if wait_s := await store.begin_try(db, login, self._now()):
                    raise TooManyTries(wait_s)
            one = await store.find_user(self._pool, login)
            if not await self.passwords.fits(one.password if one else None, password) or one is None:
                if one is not None:
                    await self._note(self._pool, one, "refused", state="password")
                emit("login.refused", reason="password")
                raise WrongLogin
            await store.forgive(self._pool, login)
        if not one.may_enter:
            await self._note(self._pool, one, "refused", state="disabled")
            emit("login.refused", reason="disabled")
            raise WrongLogin
        await self._keep_better(one, password)
        return one

    @asynccontextmanager
    async def _turn(self, login: str) -> AsyncIterator[None]:
        """One try at a login after the other. Raises TooManyTries where too many wait."""
        if len(self._turns) >= MOST_WAITING and login.casefold() not in self._turns:
            self._turns = OrderedDict((name, lock) for name, lock in self._turns.items() if lock.locked())
            if len(self._turns) >= MOST_WAITING:
                raise TooManyTries(1.0)
        lock = self._turns.setdefault(login.casefold(), asyncio.Lock())
        async with lock:
            yield

    async def _keep_better(self, one: User, password: str) -> None:
        if one.password is not None and self.passwords.is_outdated(one.password):
            await store.rehash(self._pool, one.id, one.password, await self.passwords.hash(password))

    # ── what they get ──

    async def open_web(self, one: User, *, how: str, agent: str, token: int | None = None) -> str:
        """A browser's session: what its cookie holds, which is fresh each time."""
        cookie, now = secrets.token_urlsafe(RANDOM_BYTES), self._now()
        async with self._pool.acquire() as db, db.transaction():
            await store.open_session(
                db, one, how=how, agent=agent, at=now, until=now + self._rules.session, sha256=digest(cookie),
                token=token,
            )  # fmt: skip
            await self._note(db, one, "done", kind="web", method=how)
        emit("login.opened", kind="web", how=how)
        return cookie

    async def open_api(self, one: User, *, agent: str) -> Pair:
        """A program's."""
        now = self._now()
        until = now + self._rules.refresh
        async with self._pool.acquire() as db, db.transaction():
            session = await store.open_session(db, one, how="password", agent=agent, at=now, until=until)
            refresh = await self._refresh_token(db, session, one.tenant_id, now)
            await self._note(db, one, "done", kind="api", method="password")
        emit("login.opened", kind="api", how="password")
        return await self._pair(one.id, session, refresh, until, now)

    async def renew(self, refresh_token: str) -> Pair:
        """The next pair; what was shown is worth nothing any more. Raises WrongLogin.

        One that is shown twice was stolen by whoever came first or second: the login ends for both.
        """
        now, sha256 = self._now(), digest(refresh_token)
        async with self._pool.acquire() as db, db.transaction():
            session = await store.use_refresh(db, sha256, now)
            entered = await store.by_session(db, session, now) if session is not None else None
            if entered is not None:
                fresh = await self._refresh_token(db, entered.id, entered.tenant_id, now)
            elif session is None:
                await self._end_of_thief(db, sha256, now)
        if entered is None:
            raise WrongLogin
        return await self._pair(entered.user_id, entered.id, fresh, entered.until_at, now)

    async def _end_of_thief(self, db: store.Database, sha256: bytes, now: datetime) -> None:
        used = await store.session_of_refresh(db, sha256)
        if used is not None and await store.end_session(db, *used, now, "refresh token used twice"):
            emit("login.stolen", id=used[0])

    async def _note(self, db: store.Database, one: User, outcome: Outcome, **details: object) -> None:
        """Into the audit: who came in, and who tried."""
        act = Act(one.tenant_id, one.login, one.role, "login", "", outcome, trace_id.get() or None, details)
        await audit.append(db, act)

    async def _refresh_token(self, db: store.Database, session: int, tenant: int, now: datetime) -> str:
        token = secrets.token_urlsafe(RANDOM_BYTES)
        await store.add_refresh(db, session, tenant, digest(token), now)
        return token

    async def _pair(self, user: int, session: int, refresh: str, until: datetime, now: datetime) -> Pair:
        lasts_s = int(self._rules.access.total_seconds())
        access = bearer.sign(await self.keys.signing(), user=user, session=session, now=now, lasts_s=lasts_s)
        return Pair(access, refresh, lasts_s, until)

    # ── what is taken back ──

    async def log_out(self, who: Identity) -> None:
        if who.session is None:
            return
        async with self._pool.acquire() as db, db.transaction():
            if await store.end_session(db, who.session, who.user, self._now(), "logged out"):
                act = Act(who.tenant, who.login, who.role.word, "logout", "", "done", trace_id.get() or None, {})
                await audit.append(db, act)

    async def change_password(self, who: Identity, before: str, after: str) -> None:
        """Their other logins end. Raises Refusal, TooManyTries, WrongLogin where the one before is another."""
        one = await self.by_password(who.login, before)
        check_password(after, login=one.login)
        if await self.passwords.fits(one.password, after):
            raise Refusal("password: expected another one than before", field="password")
        hashed = await self.passwords.hash(after)
        async with self._pool.acquire() as db, db.transaction():
            await store.set_password(db, one.id, hashed, must_change=False)
            await store.end_sessions(db, one.id, self._now(), "password changed", except_for=who.session or 0)

    @property
    def session_s(self) -> float:
        return self._rules.session.total_seconds()
