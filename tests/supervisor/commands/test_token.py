"""`triald token`: made once, listed without itself, revoked."""

import asyncio
from typing import TYPE_CHECKING, Any

from supervisor.roles import Role
from supervisor.tokens import role_of
from tests.supervisor.commands.running import Triald

if TYPE_CHECKING:
    import asyncpg


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
