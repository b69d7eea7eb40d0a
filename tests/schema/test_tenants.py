"""Rows of one tenant: seen and written by that tenant alone, also where a statement forgets to say so."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from actors.governance.accounts import HOME, store
from schema.migrate import migrate
from tests.postgres import Postgres

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

# Tables that tell of tenants and are no tenant's: their routes say whose rows are shown.
OF_THE_SERVICE = frozenset({
    "audit_entries",  # one chain for all
    "events",  # rooms say who hears what
})  # fmt: skip


async def test_every_table_with_rows_of_tenants_is_guarded_also_against_its_owner(any_postgres: Postgres) -> None:
    db = await asyncpg.connect(any_postgres.dsn)
    rows = await db.fetch("""
        select c.relname, c.relrowsecurity and c.relforcerowsecurity as forced, a.attnotnull,
               (select string_agg(concat_ws(' ', p.polname, p.polcmd::text, pg_get_expr(p.polqual, c.oid),
                                            pg_get_expr(p.polwithcheck, c.oid)), ', ')
                from pg_policy p where p.polrelid = c.oid) as policies
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1""")  # fmt: skip
    await db.close()
    guarded = {row["relname"]: row for row in rows if row["relname"] not in OF_THE_SERVICE}
    assert {"users", "access_tokens", "sessions", "projects", "project_members"} <= guarded.keys()
    for name, row in guarded.items():
        told = (row["forced"], row["attnotnull"], row["policies"])
        assert told == (True, True, "own_tenant * acts_for(tenant_id) acts_for(tenant_id)"), name


@asynccontextmanager
async def two_tenants(dsn: str, *, as_web: bool) -> AsyncIterator["tuple[Connection, int]"]:
    """A session that requests would have, in a database where two tenants have a project each; the other's id."""
    db = await asyncpg.connect(dsn)
    async with db.transaction():
        await store.act_for(db, None)
        other = await store.add_tenant(db, "clinic")
        for tenant in (HOME, other):
            await db.execute("insert into projects (tenant_id, name) values ($1, 'hearts')", tenant)
    if as_web:
        assert await store.act_as_web(db)
    else:
        assert await store.is_bound(db)
    yield db, other
    await db.close()


@pytest.fixture(params=["requests", "owner"])
async def session(any_postgres: Postgres, request: pytest.FixtureRequest) -> AsyncIterator[tuple[Any, int]]:
    """Once as the role of requests, once as an owner who is no superuser and may make no roles."""
    if request.param == "requests":
        async with two_tenants(any_postgres.dsn, as_web=True) as made:
            yield made
        return
    admin = await asyncpg.connect(any_postgres.dsn)
    name = f"{any_postgres.name}_owner"
    await admin.execute(f"create role {name} login")
    await admin.execute(f"create database {name} owner {name}")
    try:
        dsn = any_postgres.server.dsn_of(name).replace("//postgres@", f"//{name}@", 1)
        owner = await asyncpg.connect(dsn)
        await migrate(owner)
        await owner.close()
        async with two_tenants(dsn, as_web=False) as made:
            yield made
    finally:
        await admin.execute(f"drop database {name} with (force)")
        await admin.execute(f"drop role {name}")
        await admin.close()


async def test_a_statement_that_forgets_its_where_sees_and_changes_ones_own_rows_alone(
    session: tuple[Any, int],
) -> None:
    """Row-level security: what a handler forgets, the database remembers."""
    db, other = session
    for tenant in (HOME, other):
        async with db.transaction():
            await store.act_for(db, tenant)
            assert [row["tenant_id"] for row in await db.fetch("select tenant_id from projects")] == [tenant]
            assert await db.execute("update projects set description = 'changed'") == "UPDATE 1"
            assert await db.execute("insert into projects (name) values ('lungs')") == "INSERT 0 1"
            assert await db.fetchval("select min(tenant_id) from projects where name = 'lungs'") == tenant
    async with db.transaction():
        await store.act_for(db, None)
        assert await db.fetchval("select count(*) from projects where description = 'changed'") == 2


async def test_nobodys_rows_are_there_where_nobody_is_acted_for(session: tuple[Any, int]) -> None:
    """Fails closed: unset, empty after a transaction, or nonsense."""
    db, other = session
    assert await db.fetchval("select count(*) from projects") == 0
    async with db.transaction():
        await store.act_for(db, other)
    assert await db.fetchval("select count(*) from projects") == 0, "the setting ends with its transaction"
    assert await db.execute("delete from projects") == "DELETE 0"
    with pytest.raises(asyncpg.PostgresError):
        await db.execute("insert into projects (name) values ('stray')")
    with pytest.raises(asyncpg.PostgresError):
        async with db.transaction():
            await db.execute("select set_config('triald.tenant', '1 or true', true)")
            await db.fetch("select * from projects")


async def test_a_row_cannot_be_put_into_another_tenant(session: tuple[Any, int]) -> None:
    db, other = session
    for statement in (
        "insert into projects (tenant_id, name) values ($1, 'foreign')",
        "update projects set tenant_id = $1",
    ):
        with pytest.raises(asyncpg.PostgresError):
            async with db.transaction():
                await store.act_for(db, HOME)
                await db.execute(statement, other)


async def test_who_answers_requests_owns_nothing_and_may_change_no_table(any_postgres: Postgres) -> None:
    async with two_tenants(any_postgres.dsn, as_web=True) as (db, _):
        for statement in (
            "alter table projects disable row level security",
            "drop policy own_tenant on projects",
            "truncate projects",
            "create table stray (id int)",
            "alter role triald_web bypassrls",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await db.execute(statement)
        owned = await db.fetchval("select count(*) from pg_class where relowner = 'triald_web'::regrole")
        assert owned == 0
