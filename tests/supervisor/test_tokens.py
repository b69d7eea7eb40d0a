"""Tokens: made once, kept as hashes, someone's, for a while, revoked; a check that cannot be made opens nothing."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from actors.errors import NotFound, Refusal
from actors.governance import digest, store
from actors.governance.accounts import HOME, allows
from actors.governance.accounts import store as accounts
from supervisor.identity import FRESH_S, Identity, Token, identity_of, least
from supervisor.logins import Logins, Rules, WrongLogin
from supervisor.roles import PEOPLE, Role
from supervisor.signing import Keys
from supervisor.tokens import first_password, make_token, new_token
from tests.postgres import Postgres
from tests.supervisor.clock import Clock

if TYPE_CHECKING:
    Pool = asyncpg.Pool[Any]


async def holder_of(db: "Pool", token: str, clock: Clock | None = None) -> Identity | None:
    now = datetime.now(UTC)
    if clock is None:
        return await identity_of(db, Token(token), Keys(db))
    start = clock.now_s
    return await identity_of(
        db, Token(token), Keys(db), clock=clock.now, now=lambda: now + timedelta(seconds=clock.now_s - start)
    )


async def role_of(db: "Pool", token: str) -> Role | None:
    found = await holder_of(db, token)
    return None if found is None else found.role


async def test_the_first_start_makes_an_admin_whose_password_is_for_one_login(db: "Pool") -> None:
    """R04: it is shown once, kept as argon2id, and opens nothing but its own change."""
    password = await first_password(db)
    assert password is not None
    one = await Logins(db, Rules()).by_password("admin", password)
    assert (one.role, one.tenant_id, one.must_change) == ("admin", HOME, True)
    assert str(one.password).startswith("$argon2id$")
    assert await first_password(db) is None
    await accounts.add_user(db, HOME, "second", "admin")
    async with db.acquire() as connection, connection.transaction():
        await accounts.switch_user(connection, one, datetime.now(UTC), on=False)
    assert await first_password(db) is None
    with pytest.raises(WrongLogin):
        await Logins(db, Rules()).by_password("admin", password)


async def test_of_many_first_starts_at_once_one_makes_an_admin(db: "Pool") -> None:
    made = await asyncio.gather(*(first_password(db) for _ in range(4)))
    assert len([password for password in made if password is not None]) == 1


async def test_the_token_itself_is_nowhere_in_the_database(db: "Pool") -> None:
    """Only its SHA-256 is kept: who reads the table cannot come in."""
    token = await new_token(db, "reader", Role.VIEWER)
    row = await db.fetchrow("SELECT * FROM access_tokens")
    assert row is not None
    assert row["sha256"] == digest(token)
    assert not any(token in str(value) or token.removeprefix("triald_") in str(value) for value in row.values())
    assert await role_of(db, row["sha256"].hex()) is None


def test_tokens_are_long_random_and_safe_in_a_url() -> None:
    tokens = {make_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) == 50 and token.replace("-", "_").replace("_", "a").isalnum() for token in tokens)


@pytest.mark.parametrize("role", PEOPLE)
async def test_a_token_gives_the_role_it_was_made_with(db: "Pool", role: Role) -> None:
    token = await new_token(db, "somebody", role)
    holder = await holder_of(db, token)
    assert holder is not None
    assert (holder.login, holder.role, holder.tenant, holder.scopes) == ("somebody", role, HOME, None)


def test_each_role_may_do_what_the_one_before_it_may_and_an_operator_stands_beside_them() -> None:
    """R04: VIEWER < RESEARCHER < STEWARD < ADMIN; OPERATOR reads and runs the service."""
    order = (Role.ANYONE, Role.VIEWER, Role.RESEARCHER, Role.STEWARD, Role.ADMIN)
    for at, role in enumerate(order):
        assert [role.may(needed) for needed in order] == [at >= other for other in range(len(order))]
    may = [needed for needed in Role if Role.OPERATOR.may(needed)]
    assert may == [Role.ANYONE, Role.VIEWER, Role.OPERATOR]
    assert [role for role in Role if role.may(Role.OPERATOR)] == [Role.OPERATOR, Role.ADMIN]
    assert [Role.of(role.word) for role in Role] == list(Role)
    with pytest.raises(ValueError, match="expected one of anyone, viewer, researcher, steward, operator, admin"):
        Role.of("root")


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [(Role.ADMIN, Role.VIEWER, Role.VIEWER), (Role.VIEWER, Role.ADMIN, Role.VIEWER),
     (Role.STEWARD, Role.OPERATOR, Role.VIEWER), (Role.ADMIN, Role.OPERATOR, Role.OPERATOR)],
)  # fmt: skip
def test_a_token_may_do_no_more_than_whose_it_is(one: Role, other: Role, both: Role) -> None:
    assert least(one, other) is both


@pytest.mark.parametrize(
    ("scopes", "resource", "is_command", "well"),
    [
        (None, "jobs", True, True),
        (("read",), "jobs", False, True),
        (("read",), "jobs", True, False),
        (("write",), "jobs", False, True),
        (("trials:read",), "trials", False, True),
        (("trials:read",), "trials", True, False),
        (("trials:read",), "jobs", False, False),
        (("trials:write",), "trials", True, True),
        (("trials:write", "jobs:read"), "jobs", False, True),
        ((), "jobs", False, False),
    ],
)
def test_a_token_is_for_what_its_scopes_name(
    scopes: tuple[str, ...] | None, resource: str, is_command: bool, well: bool
) -> None:
    assert allows(scopes, resource, is_command=is_command) is well


async def test_a_token_ends_on_its_day_even_while_an_answer_is_fresh(db: "Pool") -> None:
    clock = Clock()
    until = datetime.now(UTC) + timedelta(seconds=FRESH_S / 2)
    token = await new_token(db, "somebody", Role.VIEWER, expires_at=until)
    assert await holder_of(db, token, clock) is not None
    now = datetime.now(UTC) + timedelta(seconds=FRESH_S)
    assert await identity_of(db, Token(token), Keys(db), clock=clock.now, now=lambda: now) is None


async def test_a_lesser_role_of_its_owner_is_at_once_that_of_the_token(db: "Pool") -> None:
    user = await accounts.add_user(db, HOME, "somebody", "steward")
    token = await new_token(db, "mine", Role.STEWARD, user=user)
    assert await role_of(db, token) is Role.STEWARD
    one = await accounts.user(db, "somebody")
    async with db.acquire() as connection, connection.transaction():
        await accounts.set_role(connection, one, "viewer")
    clock = Clock()
    clock.now_s += 1_000_000_000.0
    found = await identity_of(db, Token(token), Keys(db), clock=clock.now)
    assert found is not None
    assert found.role is Role.VIEWER
    async with db.acquire() as connection, connection.transaction():
        await accounts.switch_user(connection, one, datetime.now(UTC), on=False)
    clock.now_s += FRESH_S
    assert await identity_of(db, Token(token), Keys(db), clock=clock.now) is None


@pytest.mark.parametrize("wrong", ["", "x", "triald_", "\x00", "\ud800", "a" * 10_000])
async def test_what_is_no_token_opens_nothing(db: "Pool", wrong: str) -> None:
    token = await new_token(db, "somebody", Role.ADMIN)
    assert await role_of(db, wrong) is None
    assert await role_of(db, token[:-1]) is None
    assert await role_of(db, token.swapcase()) is None
    assert await role_of(db, token + "\n") is None


async def test_a_revoked_token_opens_nothing_after_a_few_seconds(db: "Pool") -> None:
    clock = Clock()
    token = await new_token(db, "somebody", Role.ADMIN)
    assert await holder_of(db, token, clock) is not None
    await store.revoke_token(db, "somebody")
    clock.now_s += FRESH_S - 0.001
    assert await holder_of(db, token, clock) is not None
    clock.now_s += 0.001
    assert await holder_of(db, token, clock) is None


async def test_a_fresh_answer_asks_the_database_once(db: "Pool") -> None:
    clock = Clock()
    token = await new_token(db, "somebody", Role.VIEWER)
    assert await holder_of(db, token, clock) is not None
    await db.execute("ALTER TABLE access_tokens RENAME TO gone")
    assert await holder_of(db, token, clock) is not None
    clock.now_s += FRESH_S
    with pytest.raises(asyncpg.UndefinedTableError):
        await holder_of(db, token, clock)


async def test_a_check_that_cannot_be_made_raises_and_opens_nothing(postgres: Postgres, db: "Pool") -> None:
    """Safety fails closed: a database that is away is no pass."""
    token = await new_token(db, "somebody", Role.ADMIN)
    await postgres.kill()
    with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)):
        await role_of(db, token)
    await postgres.restart()
    fresh = await asyncpg.create_pool(postgres.dsn, min_size=1, max_size=1)
    assert await role_of(fresh, token) is Role.ADMIN
    fresh.terminate()


async def test_use_is_noted_to_the_hour(db: "Pool") -> None:
    clock = Clock()
    token = await new_token(db, "somebody", Role.VIEWER)
    assert [one.used_at for one in await store.tokens(db)] == [None]
    await holder_of(db, token, clock)
    [first] = [one.used_at for one in await store.tokens(db)]
    assert first is not None
    clock.now_s += FRESH_S
    await holder_of(db, token, clock)
    assert [one.used_at for one in await store.tokens(db)] == [first]
    await db.execute("UPDATE access_tokens SET used_at = used_at - interval '61 minutes'")
    clock.now_s += FRESH_S
    await holder_of(db, token, clock)
    [later] = [one.used_at for one in await store.tokens(db)]
    assert later is not None
    assert later >= first


async def test_a_name_is_taken_until_its_token_is_revoked(db: "Pool") -> None:
    old = await new_token(db, "grafana", Role.VIEWER)
    with pytest.raises(Refusal, match="there is a token 'grafana' already"):
        await new_token(db, "grafana", Role.VIEWER)
    await store.revoke_token(db, "grafana")
    new = await new_token(db, "grafana", Role.VIEWER)
    assert (await role_of(db, old), await role_of(db, new)) == (None, Role.VIEWER)
    with pytest.raises(Refusal, match="the program 'grafana' is a viewer"):
        await new_token(db, "grafana", Role.ADMIN)


@pytest.mark.parametrize("name", ["", " x", "a" * 101, "a\nb", "ä", "<b>"])
async def test_a_name_is_plain_and_short(db: "Pool", name: str) -> None:
    with pytest.raises(Refusal, match="expected 1 to 100 letters"):
        await new_token(db, name, Role.VIEWER)


async def test_no_token_is_made_for_anyone(db: "Pool") -> None:
    with pytest.raises(Refusal, match="anyone needs no token"):
        await new_token(db, "somebody", Role.ANYONE)


async def test_revoking_what_is_not_there_is_told(db: "Pool") -> None:
    with pytest.raises(NotFound, match="no token 'nobody' in use"):
        await store.revoke_token(db, "nobody")


async def test_the_operators_token_opens_and_replaces_the_one_before(db: "Pool", tmp_path: Path) -> None:
    """N39: token_file is the token that the operator gives."""
    file = tmp_path / "token"
    file.write_text("o" * 40 + "\n")
    assert await first_password(db, file) is None
    assert await first_password(db, file) is None
    assert await role_of(db, "o" * 40) is Role.ADMIN
    file.write_text("p" * 40)
    await first_password(db, file)
    assert await role_of(db, "p" * 40) is Role.ADMIN
    states = {one.sha256: one.revoked_at for one in await store.tokens(db)}
    assert states[digest("o" * 40)] is not None
    assert states[digest("p" * 40)] is None


async def test_an_operators_token_that_was_revoked_stops_the_start(db: "Pool", tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("o" * 40)
    await first_password(db, file)
    await store.revoke_token(db, "operator")
    with pytest.raises(Refusal, match="its token was revoked"):
        await first_password(db, file)
