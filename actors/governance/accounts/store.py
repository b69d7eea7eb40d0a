"""People, logins and projects in PostgreSQL. Whoever asks for a tenant's rows acts for it, or for all."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from actors.errors import NotFound, Refusal
from actors.governance import check_name
from actors.governance.accounts import EVERY_TENANT, HOME, Entered, Session, Tenant, User, UserRow, check_tenant
from actors.governance.accounts.lockout import Tries, after_try, refused_for_s
from actors.governance.limits import Limit
from actors.runtime.database import Database as Database
from schema import query

if TYPE_CHECKING:
    import asyncpg

LONGEST_AGENT = 200


# ── whose rows are seen ──


async def act_for(db: Database, tenant: int | None) -> None:
    """For the rest of the transaction: a tenant, or None for the service itself, which sees every tenant's rows."""
    await db.execute(query("accounts.act_for"), EVERY_TENANT if tenant is None else str(tenant))


@asynccontextmanager
async def acting_for(pool: "asyncpg.Pool[Any]", tenant: int | None) -> AsyncIterator[Any]:
    """A transaction that acts for a tenant, or None for the service itself; its connection."""
    async with pool.acquire() as db, db.transaction():
        await act_for(db, tenant)
        yield db


async def act_as_web(db: Database) -> bool:
    """This session acts for those who answer requests; False where policies for rows would not bind it then."""
    return bool(await db.fetchval(query("accounts.act_as_web")))


async def is_bound(db: Database) -> bool:
    """Whether policies for rows bind whoever this session belongs to."""
    return bool(await db.fetchval(query("accounts.is_bound")))


# ── tenants ──


async def add_tenant(db: Database, name: str) -> int:
    """Raises Refusal where there is one of that name."""
    id_ = await db.fetchval(query("accounts.add_tenant"), check_tenant(name))
    if id_ is None:
        raise Refusal(f"name: there is a tenant {name!r} already", field="name")
    return int(id_)


async def tenants(db: Database) -> list[Tenant]:
    return [Tenant(**row) for row in await db.fetch(query("accounts.tenants"))]


async def tenant_named(db: Database, name: str) -> int:
    """Raises NotFound."""
    id_ = await db.fetchval(query("accounts.tenant_named"), name)
    if id_ is None:
        raise NotFound(f"tenant: there is no tenant {name!r}")
    return int(id_)


async def switch_tenant(db: Database, tenant: int, *, on: bool) -> None:
    """Off: nobody of it comes in. Raises Refusal for the one that runs the service, NotFound."""
    if tenant == HOME and not on:
        raise Refusal("tenant: the one that runs the service stays on")
    if tenant != HOME and await db.fetchval(query("accounts.switch_tenant"), tenant, on) is None:
        raise NotFound(f"tenant: there is no tenant {tenant}")


# ── people ──


async def add_user(
    db: Database,
    tenant: int,
    login: str,
    role: str,
    *,
    kind: str = "person",
    name: str | None = None,
    email: str | None = None,
    password: str | None = None,
    must_change: bool = False,
) -> int:
    """`password` is its hash. Raises Refusal where somebody has that login, whatever its case."""
    if role == "operator" and tenant != HOME:
        raise Refusal("role: operators run the service, so they are of the tenant that does", field="role")
    id_ = await db.fetchval(
        query("accounts.add_user"), tenant, check_name(login, "login"), role, kind, name, email, password, must_change
    )
    if id_ is None:
        raise Refusal(f"login: somebody has {login!r} already", field="login")
    return int(id_)


async def has_admin(db: Database) -> bool:
    """Whether anybody may see to the accounts of the tenant that runs the service."""
    return bool(await db.fetchval(query("accounts.has_admin")))


async def add_first_admin(db: Database, login: str, password: str) -> int | None:
    """Of a service to which nobody can see yet; else nothing is added."""
    id_ = await db.fetchval(query("accounts.add_first_admin"), login, password)
    return None if id_ is None else int(id_)


async def find_user(db: Database, login: str) -> User | None:
    row = await db.fetchrow(query("accounts.user"), login)
    return User(**row) if row else None


async def user(db: Database, login: str) -> User:
    """Raises NotFound."""
    if (found := await find_user(db, login)) is None:
        raise NotFound(f"login: there is nobody {login!r}")
    return found


async def user_by_id(db: Database, id_: int) -> User | None:
    row = await db.fetchrow(query("accounts.user_by_id"), id_)
    return User(**row) if row else None


async def user_of_issuer(db: Database, issuer: str, subject: str) -> User | None:
    row = await db.fetchrow(query("accounts.user_of_issuer"), issuer, subject)
    return User(**row) if row else None


async def users(db: Database, *, after: str = "", limit: int = 100, q: str = "") -> list[UserRow]:
    """By login, of whomever the transaction acts for; `q` is a part of a login, a name or an address."""
    return [UserRow(**row) for row in await db.fetch(query("accounts.users"), after, limit, q)]


async def set_role(db: Database, one: User, role: str) -> None:
    """In a transaction. Raises Refusal where nobody would be left who may see to accounts."""
    if role == "operator" and one.tenant_id != HOME:
        raise Refusal("role: operators run the service, so they are of the tenant that does", field="role")
    if one.role == "admin" and role != "admin":
        await keep_an_admin(db, one)
    await db.execute(query("accounts.set_role"), one.id, role)


async def switch_user(db: Database, one: User, at: datetime, *, on: bool) -> None:
    """Off: they come in no more, and whatever they have open ends. In a transaction. Raises Refusal."""
    if not on and one.role == "admin":
        await keep_an_admin(db, one)
    await db.execute(query("accounts.switch_user"), one.id, on)
    if not on:
        await end_sessions(db, one.id, at, "disabled")


async def keep_an_admin(db: Database, one: User) -> None:
    """Before an admin is one no more, in the same transaction. Raises Refusal where nobody else is."""
    await db.execute(query("accounts.lock_tenant"), one.tenant_id)
    if await db.fetchval(query("accounts.other_admins"), one.id, one.tenant_id) == 0:
        raise Refusal(
            f"login: {one.login!r} is the last admin of {one.tenant!r}; make another one first", field="login"
        )


async def set_password(db: Database, one: int, password: str, *, must_change: bool) -> None:
    """`password` is its hash."""
    await db.execute(query("accounts.set_password"), one, password, must_change)


async def rehash(db: Database, one: int, before: str, after: str) -> None:
    """The same password, kept better."""
    await db.execute(query("accounts.rehash"), one, before, after)


async def bind_issuer(
    db: Database, one: int, issuer: str, subject: str, *, name: str | None = None, email: str | None = None
) -> bool:
    """Whoever the issuer calls so is this user from now on; False where the user is somebody else there."""
    return await db.fetchval(query("accounts.bind_issuer"), one, issuer, subject, name, email) is not None


async def note_seen(db: Database, one: int) -> None:
    await db.execute(query("accounts.note_seen"), one)


# ── tries ──


async def begin_try(db: Database, login: str, now: datetime) -> float:
    """Before a password is compared: counts the try as a wrong one, in a transaction. How long to wait, if so."""
    name = login.casefold()
    await db.execute(query("accounts.lock_login"), name)
    row = await db.fetchrow(query("accounts.failures"), name)
    tries = Tries(**row) if row else None
    if wait_s := refused_for_s(tries, now):
        return wait_s
    kept = after_try(tries, now)
    await db.execute(query("accounts.fail"), name, kept.failures, kept.failed_at, kept.until_at)
    return 0.0


async def forgive(db: Database, login: str) -> None:
    """It was the right one."""
    await db.execute(query("accounts.forgive"), login.casefold())


# ── logins ──


async def open_session(
    db: Database,
    one: User,
    *,
    how: str,
    agent: str,
    at: datetime,
    until: datetime,
    sha256: bytes | None = None,
    token: int | None = None,
) -> int:
    """A browser's where a cookie's hash is given, else a program's."""
    kind = "api" if sha256 is None else "web"
    args = (one.tenant_id, one.id, kind, how, agent[:LONGEST_AGENT], sha256, token, at, until)
    return int(await db.fetchval(query("accounts.open_session"), *args))


async def by_cookie(db: Database, sha256: bytes, now: datetime) -> Entered | None:
    return _entered(await db.fetchrow(query("accounts.by_cookie"), sha256, now))


async def by_session(db: Database, session: int, now: datetime) -> Entered | None:
    return _entered(await db.fetchrow(query("accounts.by_session"), session, now))


def _entered(row: Any) -> Entered | None:
    return Entered(**{**row, "scopes": None if row["scopes"] is None else tuple(row["scopes"])}) if row else None


async def sessions(db: Database, one: int, now: datetime) -> list[Session]:
    """Those that last, the newest first."""
    return [Session(**row) for row in await db.fetch(query("accounts.sessions"), one, now)]


async def end_session(db: Database, session: int, one: int, at: datetime, why: str) -> bool:
    """Whether it lasted, and was theirs."""
    return await db.fetchval(query("accounts.end_session"), session, one, at, why) is not None


async def end_sessions(db: Database, one: int, at: datetime, why: str, *, except_for: int = 0) -> int:
    """How many ended."""
    return int(await db.fetchval(query("accounts.end_sessions"), one, except_for, at, why))


async def add_refresh(db: Database, session: int, tenant: int, sha256: bytes, at: datetime) -> None:
    await db.execute(query("accounts.add_refresh"), session, tenant, sha256, at)


async def use_refresh(db: Database, sha256: bytes, at: datetime) -> int | None:
    """The session that it belongs to, when it is used for the first time."""
    session = await db.fetchval(query("accounts.use_refresh"), sha256, at)
    return None if session is None else int(session)


async def session_of_refresh(db: Database, sha256: bytes) -> tuple[int, int] | None:
    """Session and user of one that was used before."""
    row = await db.fetchrow(query("accounts.session_of_refresh"), sha256)
    return (int(row["session_id"]), int(row["user_id"])) if row else None


async def trim(db: Database, before: datetime) -> int:
    """Logins and wrong passwords that ended before; how many were forgotten."""
    return int(await db.fetchval(query("accounts.trim_sessions"), before)) + int(
        await db.fetchval(query("accounts.trim_failures"), before)
    )


# ── limits ──


async def take_turns(db: Database, bucket: str, limit: Limit) -> tuple[int, float]:
    """As many turns as a process draws at once, or what there are; and what remains for others."""
    row = await db.fetchrow(query("accounts.take_turns"), bucket, float(limit.count), limit.per_s, limit.lump)
    return int(row["granted"]), float(row["remaining"])


async def trim_buckets(db: Database, before: datetime) -> int:
    return int(await db.fetchval(query("accounts.trim_buckets"), before))


# ── keys ──


async def keys(db: Database, retired_since: datetime) -> list[tuple[str, bytes]]:
    """Ids and salts: first the one that signs."""
    return [(row["id"], row["salt"]) for row in await db.fetch(query("accounts.keys"), retired_since)]


async def rotate(db: Database, id_: str, salt: bytes, at: datetime) -> None:
    """From now on this one signs. In a transaction."""
    await db.execute(query("accounts.retire_key"), at)
    await db.execute(query("accounts.add_key"), id_, salt, at)


async def add_first_key(db: Database, id_: str, salt: bytes, at: datetime) -> None:
    """Where there is none that signs yet."""
    await db.execute(query("accounts.add_key"), id_, salt, at)


async def trim_keys(db: Database, before: datetime) -> int:
    return int(await db.fetchval(query("accounts.trim_keys"), before))
