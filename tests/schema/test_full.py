"""Migrations on a database with rows, from before there were people and tenants: nothing is lost on the way."""

from typing import TYPE_CHECKING

import asyncpg

from actors.backup import store
from schema.migrate import migrate, read_migrations
from tests.postgres import Postgres

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

BEFORE = 18  # the last migration before people, tenants and all that stands on them
# Rows of what an installation of then holds; of the trials as many as watches need.
ROWS = """
insert into trials (version, adapter_version, first_seen_at, changed_at, registry, registry_id, content_sha256, url,
                    title, status, study_type, phases, conditions, keywords, interventions, countries, facets, record)
    select 1, 1, now(), now(), 'ctgov', 'NCT' || lpad(n::text, 8, '0'), sha256(n::text::bytea), 'https://x.example',
           'Trial ' || n, 'recruiting', 'interventional', '{}', '{}', '{}', '{}', '{}', '', '{}'
    from generate_series(1, 20) n;
insert into trial_versions (trial_id, version, seen_at, registry, scrape_id, event, changes)
    select id, 1, now(), 'ctgov', 1, 'new', '[]' from trials;
insert into access_tokens (name, role, sha256, revoked_at) values
    ('admin', 'admin', sha256('a'), null), ('reader', 'viewer', sha256('b'), null),
    ('reader', 'operator', sha256('c'), now());
insert into watches (trial_id, seen, created_at, owner, name) select id, 1, now(), 'admin', 'w' from trials limit 5;
insert into watches (created_at, owner, name, query, asked)
    values (now(), 'gone away', 's', 'q=heart', '{"question": "heart"}');
insert into notices (trial_id, version, made_at, owner, registry, registry_id, kinds, changes)
    select id, 1, now(), 'reader', 'ctgov', registry_id, '{status}', '[]' from trials limit 7;
insert into webhooks (created_at, owner, url, secret) values (now(), 'admin', 'https://x.example/hook', 'secret');
insert into webhook_deliveries (webhook_id, notice_id, made_at, state)
    select w.id, n.id, now(), 'waiting' from webhooks w, notices n limit 3;
insert into jobs (kind, payload) select 'print', jsonb_build_object('n', n) from generate_series(1, 30) n;
insert into jobs (kind, state) values ('print', 'held');
insert into job_history (id, created_at, state, queue, kind, priority, attempts)
    select n, now(), 'done', 'default', 'print', 0, 1 from generate_series(1000, 1030) n;
insert into alerts (name, subject, severity, message, value, threshold)
    values ('disk_full', '/', 'critical', 'full', 99, 85);
insert into measures (at, name, label, value) values (date_trunc('minute', now()), 'depth', '', 1);
"""


async def _content(db: "Connection") -> dict[str, store.Content]:
    names = [name for name in await store.tables(db) if name != "schema_migrations"]
    return {name: one for name, one in (await store.content(db, names)).items() if one.rows}


async def test_rows_of_before_outlive_all_steps_forward_and_back(any_empty_postgres: Postgres) -> None:
    """S22: on a full database, forward, back, forward: every row of every kept table is what it was, twice."""
    newest = len(read_migrations())
    async with store.connected(any_empty_postgres.dsn) as db:
        await migrate(db, BEFORE)
        await db.execute(ROWS)
        was = await _content(db)
        assert {"trials", "access_tokens", "watches", "notices", "webhooks", "webhook_deliveries", "jobs"} <= was.keys()
        await migrate(db)
        newer = await _rows(db)
        await migrate(db, BEFORE)
        assert await _content(db) == was
        await migrate(db)
        assert await db.fetchval("select max(number) from schema_migrations") == newest
        assert await _rows(db) == newer


async def test_each_step_back_and_forward_again_keeps_the_rows_that_both_sides_have(
    any_empty_postgres: Postgres,
) -> None:
    """S22: one step after the other, as an operator goes back who goes back one release."""
    async with store.connected(any_empty_postgres.dsn) as db:
        await migrate(db, BEFORE)
        await db.execute(ROWS)
        for number in range(BEFORE + 1, len(read_migrations()) + 1):
            before = await _content(db)
            await migrate(db, number)
            await migrate(db, number - 1)
            assert await _content(db) == before, f"migration {number} is not undone by its way back"
            await migrate(db, number)


async def _rows(db: "Connection") -> dict[str, int]:
    """How many rows each table has: what migrations fill in has the time and numbers of when they did."""
    names = [name for name in await store.tables(db) if name != "schema_migrations"]
    return await store.rows(db, names)
