"""What people do about accounts, tokens and projects: for the HTTP interface and for the pages."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from actors.errors import NotFound, Refusal
from actors.governance import store as tokens
from actors.governance.accounts import LONGEST_NAME, User, check_email, check_scopes, store
from actors.governance.accounts.passwords import check_password, one_time
from supervisor.logins import TooManyTries, WrongLogin
from supervisor.roles import Role
from supervisor.tokens import new_token as make_token
from supervisor.web.keys import DOOR
from supervisor.web.problems import Refused
from supervisor.web.route import Call

RoleWord = Literal["viewer", "researcher", "steward", "operator", "admin"]
LONGEST_DAYS, USUAL_DAYS = 3660, 90

Login = Annotated[str, Meta(min_length=1, max_length=100)]
Password = Annotated[str, Meta(min_length=1, max_length=200)]


class NewUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without a password one is made, which is shown once; whoever has it changes it at their first login."""

    login: Login
    role: RoleWord
    name: Annotated[str, Meta(max_length=LONGEST_NAME)] | None = None
    email: Annotated[str, Meta(max_length=320)] | None = None
    kind: Literal["person", "program"] = "person"
    password: Password | None = None


class NewToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`scopes`: read, write, or the same of one resource such as trials:read. It may never do more than its owner."""

    name: Login
    role: RoleWord | None = None
    scopes: tuple[str, ...] = ("read", "write")
    days: Annotated[int, Meta(ge=1, le=LONGEST_DAYS)] = USUAL_DAYS


class Passwords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    before: Password
    after: Password


async def add_user(call: Call[Any, Any], asked: NewUser) -> str | None:
    """A user of the caller's tenant; the one-time password, where one was made."""
    email = check_email(asked.email) if asked.email else None
    password = asked.password
    if password is not None:
        check_password(password, login=asked.login)
    elif asked.kind == "person":
        password = one_time()
    hashed = None if password is None else await call.request.app[DOOR].logins.passwords.hash(password)
    await store.add_user(
        call.db, call.who.tenant, asked.login, asked.role, kind=asked.kind, name=asked.name or None,
        email=email, password=hashed, must_change=hashed is not None,
    )  # fmt: skip
    return password if asked.password is None else None


async def add_admin(call: Call[Any, Any], login: str, tenant: int) -> str:
    """The first one of a tenant; the one-time password. The transaction acts for that tenant."""
    password = one_time()
    hashed = await call.request.app[DOOR].logins.passwords.hash(password)
    await store.add_user(call.db, tenant, login, Role.ADMIN.word, password=hashed, must_change=True)
    return password


async def user_of(call: Call[Any, Any], login: str) -> User:
    """One of those whom the caller sees to. Raises NotFound."""
    one = await store.find_user(call.db, login)
    if one is None or one.tenant_id != call.who.tenant:
        raise NotFound(f"login: there is nobody {login[:100]!r}", field="login")
    return one


async def set_role(call: Call[Any, Any], login: str, role: str) -> None:
    """From their next request on. Raises Refusal, where it is one's own: so nobody shuts themselves out."""
    one = await user_of(call, login)
    if one.id == call.who.user:
        raise Refusal("role: another admin changes yours", field="role")
    await store.set_role(call.db, one, role)


async def switch(call: Call[Any, Any], login: str, *, on: bool) -> None:
    """Off: their logins end, their tokens open nothing."""
    one = await user_of(call, login)
    if one.id == call.who.user:
        raise Refusal("login: another admin switches you off", field="login")
    await store.switch_user(call.db, one, datetime.now(UTC), on=on)


async def reset_password(call: Call[Any, Any], login: str) -> str:
    """A one-time password for somebody who forgot theirs; their logins end."""
    one = await user_of(call, login)
    if one.kind != "person":
        raise Refusal("login: a program has no password; give it a token", field="login")
    password = one_time()
    hashed = await call.request.app[DOOR].logins.passwords.hash(password)
    await store.set_password(call.db, one.id, hashed, must_change=True)
    await store.end_sessions(call.db, one.id, datetime.now(UTC), "password reset")
    await store.forgive(call.db, one.login)
    return password


async def new_token(call: Call[Any, Any], asked: NewToken, login: str | None = None) -> str:
    """One's own, or that of a program of one's tenant; shown once."""
    user = call.who.user if login is None else (await _program(call, login)).id
    if call.who.scopes is not None:
        raise Refusal("scopes: a token that is not for everything makes no others", field="scopes")
    role = Role.of(asked.role) if asked.role else call.who.role
    if not call.who.may(role):
        raise Refusal(f"role: you have {call.who.role.word}, a token may do no more", field="role")
    until = datetime.now(UTC) + timedelta(days=asked.days)
    return await make_token(call.db, asked.name, role, user=user, scopes=check_scopes(asked.scopes), expires_at=until)


async def _program(call: Call[Any, Any], login: str) -> User:
    one = await user_of(call, login)
    if one.kind != "program":
        raise Refusal("login: a person makes their own tokens", field="login")
    return one


async def revoke_token(call: Call[Any, Any], token: int) -> None:
    """One's own; an admin anybody's of the tenant."""
    await tokens.revoke_by_id(call.db, token, None if call.who.may(Role.ADMIN) else call.who.user)


async def end_session(call: Call[Any, Any], session: int) -> None:
    """One's own. Raises NotFound."""
    if not await store.end_session(call.db, session, call.who.user, datetime.now(UTC), "ended by its user"):
        raise NotFound(f"session: there is no session {session} of yours")
    if session == call.who.session:
        call.request.app[DOOR].forget(call.request)


async def change_password(call: Call[Any, Any], asked: Passwords) -> None:
    """One's own; the other logins end. Raises Refused."""
    door = call.request.app[DOOR]
    who = await door.identity_of_call(call.request)
    try:
        await door.logins.change_password(who, asked.before, asked.after)
    except WrongLogin:
        raise Refused.field("before", "expected the password so far") from None
    except TooManyTries as error:
        raise too_many(error) from None
    door.forget(call.request)


def too_many(error: TooManyTries) -> Refused:
    wait = f"{max(1, round(error.wait_s))}"
    return Refused(429, "too_many_tries", f"too many wrong passwords; try again in {wait} s", Retry_After=wait)
