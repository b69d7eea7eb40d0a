"""Tokens: made once, kept as hashes, given a role, revoked; a check that cannot be made opens nothing."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from actors.errors import NotFound, Refusal
from actors.governance import digest, store
from supervisor.roles import Role
from supervisor.tokens import FRESH_S, first_token, holder_of, make_token, new_token, role_of
from tests.postgres import Postgres
from tests.supervisor.clock import Clock

if TYPE_CHECKING:
    Pool = asyncpg.Pool[Any]


async def test_the_first_start_makes_a_token_and_no_later_one_does(db: "Pool") -> None:
    token = await first_token(db)
    assert token is not None
    assert token.startswith("triald_")
    assert await role_of(db, token) is Role.ADMIN
    assert await first_token(db) is None
    await store.revoke_token(db, "admin")
    assert await first_token(db) is None


async def test_of_many_first_starts_at_once_one_makes_a_token(db: "Pool") -> None:
    made = await asyncio.gather(*(first_token(db) for _ in range(8)))
    assert len([token for token in made if token is not None]) == 1


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


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.ADMIN])
async def test_a_token_gives_the_role_it_was_made_with(db: "Pool", role: Role) -> None:
    token = await new_token(db, "somebody", role)
    holder = await holder_of(db, token)
    assert holder is not None
    assert (holder.name, holder.role) == ("somebody", role)


def test_each_role_may_do_what_the_one_before_it_may() -> None:
    assert Role.ANYONE < Role.VIEWER < Role.OPERATOR < Role.ADMIN
    assert [Role.of(role.word) for role in Role] == list(Role)
    with pytest.raises(ValueError, match="expected one of anyone, viewer, operator, admin"):
        Role.of("root")


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
    assert await holder_of(db, token, clock=clock.now) is not None
    await store.revoke_token(db, "somebody")
    clock.now_s += FRESH_S - 0.001
    assert await holder_of(db, token, clock=clock.now) is not None
    clock.now_s += 0.001
    assert await holder_of(db, token, clock=clock.now) is None


async def test_a_fresh_answer_asks_the_database_once(db: "Pool") -> None:
    clock = Clock()
    token = await new_token(db, "somebody", Role.VIEWER)
    assert await holder_of(db, token, clock=clock.now) is not None
    await db.execute("DROP TABLE access_tokens")
    assert await holder_of(db, token, clock=clock.now) is not None
    clock.now_s += FRESH_S
    with pytest.raises(asyncpg.UndefinedTableError):
        await holder_of(db, token, clock=clock.now)


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
    await holder_of(db, token, clock=clock.now)
    [first] = [one.used_at for one in await store.tokens(db)]
    assert first is not None
    clock.now_s += FRESH_S
    await holder_of(db, token, clock=clock.now)
    assert [one.used_at for one in await store.tokens(db)] == [first]
    await db.execute("UPDATE access_tokens SET used_at = used_at - interval '61 minutes'")
    clock.now_s += FRESH_S
    await holder_of(db, token, clock=clock.now)
    [later] = [one.used_at for one in await store.tokens(db)]
    assert later is not None
    assert later >= first


async def test_a_name_is_taken_until_its_token_is_revoked(db: "Pool") -> None:
    old = await new_token(db, "grafana", Role.VIEWER)
    with pytest.raises(Refusal, match="there is a token 'grafana' already"):
        await new_token(db, "grafana", Role.ADMIN)
    await store.revoke_token(db, "grafana")
    new = await new_token(db, "grafana", Role.OPERATOR)
    assert (await role_of(db, old), await role_of(db, new)) == (None, Role.OPERATOR)


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
    assert await first_token(db, file) is None
    assert await first_token(db, file) is None
    assert await role_of(db, "o" * 40) is Role.ADMIN
    file.write_text("p" * 40)
    await first_token(db, file)
    assert await role_of(db, "p" * 40) is Role.ADMIN
    states = {one.sha256: one.revoked_at for one in await store.tokens(db)}
    assert states[digest("o" * 40)] is not None
    assert states[digest("p" * 40)] is None


async def test_an_operators_token_that_was_revoked_stops_the_start(db: "Pool", tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("o" * 40)
    await first_token(db, file)
    await store.revoke_token(db, "operator")
    with pytest.raises(Refusal, match="its token was revoked"):
        await first_token(db, file)
