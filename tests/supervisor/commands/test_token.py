"""`triald token`: made once, listed without itself, revoked; keys rotated without logging anybody out."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from actors.governance.accounts import HOME, store
from supervisor.identity import Token, identity_of
from supervisor.logins import Logins, Rules
from supervisor.roles import Role
from supervisor.signing import Keys
from tests.supervisor.commands.running import Triald

if TYPE_CHECKING:
    import asyncpg


async def role_of(db: "asyncpg.Pool[Any]", token: str) -> Role | None:
    found = await identity_of(db, Token(token), Keys(db))
    return None if found is None else found.role


async def test_a_token_is_made_listed_and_revoked(triald: Triald, db: "asyncpg.Pool[Any]") -> None:
    made = await triald("token", "new", "grafana", "--role", "operator")
    token = made.out.strip()
    assert await role_of(db, token) is Role.OPERATOR
    listed, taken = await asyncio.gather(triald("token", "list", "--json"), triald("token", "new", "grafana"))
    assert [(one["name"], one["role"], one["revoked_at"]) for one in listed.json] == [("grafana", "operator", None)]
    assert token not in listed.out
    assert taken.code == 2
    assert (await triald("token", "revoke", "grafana")).code == 0
    assert await db.fetchval("SELECT revoked_at FROM access_tokens") is not None
    assert (await triald("token", "revoke", "grafana")).code == 3


async def test_a_token_only_reads_unless_more_is_asked_for(triald: Triald, db: "asyncpg.Pool[Any]") -> None:
    made = await triald("token", "new", "reader", "--json")
    assert made.json["role"] == "viewer"
    assert await role_of(db, made.json["token"]) is Role.VIEWER
    assert (await triald("token", "new", "x", "--role", "root")).code == 2


async def test_a_token_of_somebody_has_scopes_and_ends(triald: Triald, db: "asyncpg.Pool[Any]") -> None:
    """R04: it may do no more than whose it is, for what it is for, for as long as was said."""
    await store.add_user(db, HOME, "jo", "researcher")
    scopes = ("--scope", "trials:read", "--scope", "read", "--days", "3")
    made, too_much, wrong, nobody = await asyncio.gather(
        triald("token", "new", "laptop", "--user", "jo", "--role", "researcher", *scopes),
        triald("token", "new", "more", "--user", "jo", "--role", "steward"),
        triald("token", "new", "more", "--user", "jo", "--scope", "everything"),
        triald("token", "new", "more", "--user", "noone"),
    )
    found = await identity_of(db, Token(made.out.strip()), Keys(db))
    assert found is not None and (found.login, found.role) == ("jo", Role.RESEARCHER)
    assert found.scopes == ("trials:read", "read")
    assert found.until_s is not None
    assert timedelta(days=2.9) < datetime.fromtimestamp(found.until_s, UTC) - datetime.now(UTC) < timedelta(days=3.1)
    assert (too_much.code, wrong.code, nobody.code) == (2, 2, 3)
    assert "role: 'jo' is a researcher" in too_much.err
    assert "scopes: " in wrong.err
    assert (await triald("token", "revoke", "laptop", "--user", "jo")).code == 0
    assert (await triald("token", "list", "--user", "jo", "--json")).json[0]["revoked_at"] is not None


async def test_rotating_the_keys_twice_logs_nobody_out(triald: Triald, db: "asyncpg.Pool[Any]") -> None:
    """N35: what an older key has signed is believed until it ends; a fresh login is signed by the newest."""
    await store.add_user(db, HOME, "jo", "viewer")
    one = await store.user(db, "jo")
    before = await Logins(db, Rules()).open_api(one, agent="")
    rotated = [(await triald("token", "rotate-keys", "--json")).json["key"] for _ in range(2)]
    assert await role_of(db, before.access_token) is Role.VIEWER
    again = await Logins(db, Rules()).renew(before.refresh_token)
    assert await role_of(db, again.access_token) is Role.VIEWER
    assert await db.fetchval("select id from signing_keys where retired_at is null") == rotated[1]
