"""What names somebody: every column is known, what others rest on loses the name, and nothing else is touched."""

import re
import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from actors.errors import Conflict, Refusal
from actors.governance.accounts import HOME
from actors.governance.accounts import store as accounts
from actors.governance.persons import ERASED_BY, PLACES, Fate, Person
from schema import queries
from supervisor import persons
from tests.postgres import Postgres

if TYPE_CHECKING:
    import asyncpg

    Pool = asyncpg.Pool[Any]

# What could name somebody: by what it is called, or because anything can stand in it.
SUSPICIOUS = re.compile(
    r"(^|_)(by|owner|login|email|mail|name|user|user_id|who|whom|actor|agent|host|because|reason|note|why|says|asked|payload"
    r"|data|answer|room|url|secret|subject|message|error|excerpt|description|details|detail|query|password|issuer|sha256"
    r"|result|progress|checkpoint|errors|text|sample|title|told|key|folder|worker)$"
)
# Of the registries, of MeSH, of the machine: no person who uses triald writes into these.
IMPERSONAL = {
    "trials", "trials_incoming", "trial_ids", "trial_raw", "trial_versions", "trial_mesh", "trial_mesh_texts",
    "trial_assessments", "trial_flags", "trial_followers", "trial_due", "refused_records", "registry_counts", "scrapes",
    "scrape_seen", "scrape_turns", "http_validators", "search_names", "search_places", "search_words", "semantic_state",
    "duplicate_incoming_held", "duplicate_incoming_links", "duplicate_incoming_records", "duplicate_incoming_words",
    "duplicate_keys", "duplicate_links", "duplicate_records", "duplicate_words", "mesh_actions", "mesh_concepts",
    "mesh_counts", "mesh_headings", "mesh_imports", "mesh_places", "mesh_records", "mesh_staged_actions",
    "mesh_staged_concepts", "mesh_staged_headings", "mesh_staged_places", "mesh_staged_records", "mesh_staged_terms",
    "mesh_staged_words", "mesh_terms", "mesh_unmatched", "mesh_words", "daily_reports", "measures", "queues", "workers",
    "rate_limits", "schema_migrations", "backup_runs", "signing_keys", "job_history_default",
}  # fmt: skip
NOT_PERSONAL = {
    "alerts": "name, subject and message are of the rule that opened it",
    "alert_episodes": "as its alert",
    "alert_channels": "mail or pagerduty, and what the other side answered",
    "alert_sends": "an episode, and what the other side answered",
    "alert_silences": "the name and subject of an alert",
    "approvals": "a gate of ours",
    "access_requests": "what is asked for; goes with the row",
    "access_tokens": "goes with the row",
    "audit_entries": "bear the number of an actor; details are an allow-list",
    "duplicate_decisions": "ids and a verdict",
    "event_inbox": "what its room is told, by ids; rooms of people are forgotten",
    "events": "what its room is told, by ids; rooms of people are forgotten",
    "feature_flag_rules": "a flag of ours",
    "feature_flags": "a flag of ours",
    "idempotency_keys": "made up by programs; the request is a hash",
    "job_events": "states and counts",
    "job_history": "of jobs for one person only their payload",
    "jobs": "of jobs for one person only their payload",
    "mesh_curated": "a text of a trial",
    "mesh_decisions": "a text of a trial",
    "notices": "of a trial; goes with the row",
    "outbox": "goes with the row, or is of the tenant, by ids",
    "rate_buckets": "user 7, or an address, for a minute",
    "schedules": "ours", "schedule_ticks": "ours",
    "sessions": "goes with the row",
    "tenants": "an organisation",
    "users": "goes with the row",
    "watches": "goes with the row",
    "webhook_deliveries": "goes with the row",
    "webhooks": "goes with the row",
    "service_mode": "ours",
    "stored_files": "a random key, and the hash of a file of the project's",
}  # fmt: skip

ANN = Person(7, 1, "ann.doe", "Ann Doe", "ann@example.org")


async def columns(db: "Pool") -> list[tuple[str, str]]:
    rows = await db.fetch(
        """select c.table_name, c.column_name from information_schema.columns c
           join information_schema.tables t using (table_schema, table_name)
           where c.table_schema = 'public' and t.table_type = 'BASE TABLE' and t.table_name !~ '^job_history_'
             and c.data_type in ('text', 'json', 'jsonb', 'bytea', 'ARRAY', 'character varying')"""
    )
    return [(row["table_name"], row["column_name"]) for row in rows]


async def test_every_column_that_could_name_somebody_is_known(db: "Pool") -> None:
    """N36: a new table or column fails here until somebody has said what becomes of it."""
    known = {(place.table, column) for place in PLACES for column in place.columns}
    unknown = [
        (table, column)
        for table, column in await columns(db)
        if table not in IMPERSONAL and (table, column) not in known
        and SUSPICIOUS.search(column) and table not in NOT_PERSONAL
    ]  # fmt: skip
    assert unknown == []
    people = re.compile(r"(^|_)(by|owner|login|email|password)$")
    named = [(t, c) for t, c in await columns(db) if people.search(c) and t not in IMPERSONAL and (t, c) not in known]
    assert named == [], "these name people, whatever else their table is"


async def test_what_is_known_is_there(db: "Pool") -> None:
    there = {(row["table_name"], row["column_name"]) for row in await db.fetch(
        "select table_name, column_name from information_schema.columns where table_schema = 'public'")}  # fmt: skip
    assert {(place.table, column) for place in PLACES for column in place.columns} <= there
    tables = {table for table, _ in there}
    assert (IMPERSONAL | set(NOT_PERSONAL)) <= tables
    names = {name.removeprefix("persons.") for name in queries() if name.startswith("persons.")}
    told = {f"told_{place.told}" for place in PLACES if place.told}
    assert names == told | set(ERASED_BY) | {"heir"}


async def test_what_goes_with_the_account_hangs_on_it_by_a_foreign_key(any_postgres: Postgres) -> None:
    """N36: what is said to go does go, in the database itself; or a statement of its own removes it."""
    import asyncpg

    own = {"users", "login_failures", "events", "event_inbox"}
    db = await asyncpg.connect(any_postgres.dsn)
    hung = {row["child"] for row in await db.fetch(
        """with recursive down (child) as (
               select 'users'::regclass::oid
               union
               select c.conrelid from pg_constraint c join down d on c.confrelid = d.child
               where c.contype = 'f' and c.confdeltype = 'c'
           )
           select child::regclass::text as child from down"""
    )}  # fmt: skip
    await db.close()
    assert {place.table for place in PLACES if Fate.GOES in place.columns.values()} <= hung | own


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("Ask ann.doe!", "Ask erased-7!"),
        ("ANN DOE <ann@example.org>", "erased-7 <erased-7>"),
        ("annxdoe and joann.doe stay, ann.doell too", "annxdoe and joann.doe stay, ann.doell too"),
        ("Ann did", "Ann did"),
    ],
)
async def test_a_name_is_taken_out_of_a_text_and_its_neighbours_are_not(db: "Pool", text: str, becomes: str) -> None:
    found = await db.fetchval(
        "select regexp_replace($1::text, $2::text, $3::text, 'gi')", text, ANN.telling_words, ANN.alias
    )
    assert found == becomes


def test_a_login_that_is_a_word_is_looked_for_in_ones_own_texts_alone() -> None:
    one = Person(3, 1, "admin")
    assert one.telling_words is None
    assert "admin" in one.own_words
    assert "\\." in Person(3, 1, "a.b").own_words


async def off(db: "Pool", login: str) -> None:
    await db.execute("update users set disabled_at = now() - interval '11 seconds' where login = $1", login)


async def test_who_may_still_come_in_is_not_erased(db: "Pool") -> None:
    """N36: what they had under way could name them anew."""
    await accounts.add_user(db, HOME, "jo", "viewer")
    async with db.acquire() as connection, connection.transaction():
        with pytest.raises(Conflict, match="to be switched off, for 10 s at least"):
            await persons.erase(connection, await accounts.user(connection, "jo"))
        await accounts.switch_user(connection, await accounts.user(connection, "jo"), datetime.now(UTC), on=False)
        with pytest.raises(Conflict):
            await persons.erase(connection, await accounts.user(connection, "jo"))


async def test_the_last_admin_of_a_tenant_is_not_erased(db: "Pool") -> None:
    await accounts.add_user(db, HOME, "root", "admin")
    await off(db, "root")
    async with db.acquire() as connection, connection.transaction():
        with pytest.raises(Refusal, match="last admin"):
            await persons.erase(connection, await accounts.user(connection, "root"))


async def test_what_others_rest_on_stays_without_the_name(db: "Pool") -> None:
    """N36: a decision holds though nobody knows any more who made it; what is another's is as it was."""
    ann = await accounts.add_user(db, HOME, "ann.doe", "steward", name="Ann Doe", email="ann@example.org")
    root = await accounts.add_user(db, HOME, "root", "admin")
    until = datetime.now(UTC) + timedelta(days=1)
    await db.execute(
        """insert into alert_silences (made_at, until_at, name, made_by, why) values
           (now(), $1, 'queue_deep', 'ann.doe', 'Ann Doe repairs it'), (now(), $1, 'lag', 'root', 'ask ann.doe'),
           (now(), $1, 'lag', 'root', 'nobody')""", until,
    )  # fmt: skip
    await db.execute(
        """insert into approvals (tenant_id, requested_at, expires_at, decided_at, gate, policy, state, requested_by,
                                  decided_by, because, reason)
           values (1, now(), $1, now(), 'export', 'REQUIRE_EACH', 'approved', 'ann.doe', 'root', 'for ann@example.org',
                   'fine')""",
        until,
    )  # fmt: skip
    project = await db.fetchval("insert into projects (tenant_id, name) values (1, 'Sepsis') returning id")
    member = "insert into project_members (project_id, user_id, tenant_id, part) values ($1, $2, 1, 'owner')"
    await db.execute(member, project, ann)
    await off(db, "ann.doe")
    async with db.acquire() as connection, connection.transaction():
        erased = await persons.erase(connection, await accounts.user(connection, "ann.doe"))
    assert erased.alias == f"erased-{ann}"
    silences = await db.fetch("select made_by, why from alert_silences order by id")
    assert [tuple(row) for row in silences] == [
        (erased.alias, f"{erased.alias} repairs it"), ("root", f"ask {erased.alias}"), ("root", "nobody"),
    ]  # fmt: skip
    approval = await db.fetchrow("select requested_by, decided_by, because, reason from approvals")
    assert approval is not None and tuple(approval) == (
        None, "root", f"for {erased.alias}", "fine",
    )  # fmt: skip
    assert await db.fetchval("select user_id from project_members where part = 'owner'") == root
    assert await accounts.find_user(db, "ann.doe") is None


async def test_the_document_is_made_row_by_row_however_much_there_is(db: "Pool") -> None:
    """N36: of 20,000 events no more is held at once than some parts."""
    ann = await accounts.add_user(db, HOME, "ann.doe", "steward")
    await db.execute(
        """insert into events (at, is_final, room, kind, payload)
           select now(), true, 'user:ann.doe', 'notices.made', jsonb_build_object('text', repeat('x', 1000))
           from generate_series(1, 20000)"""
    )
    one = await accounts.user(db, "ann.doe")
    assert one.id == ann
    sizes, rows = [], 0
    tracemalloc.start()
    async for part in persons.document(db, one):
        sizes.append(len(part))
        rows += part.count(b'"notices.made"')
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (rows, sum(sizes) > 20_000_000, max(sizes) < 70_000) == (20_000, True, True)
    assert peak < 4_000_000, peak
