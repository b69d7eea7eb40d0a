"""What was watched and sent before there was an outbox is there afterwards, and the way back too."""

import asyncpg
import orjson

from schema.migrate import migrate
from tests.postgres import Postgres

BEFORE = 18
FILLED = """
insert into trials (version, adapter_version, first_seen_at, changed_at, registry, registry_id, content_sha256, url,
                    status, study_type, phases, conditions, keywords, interventions, countries, facets, record)
values (2, 1, now(), now(), 'ctgov', 'NCT00000001', sha256(''), '', 'recruiting', 'interventional', '{}', '{}', '{}',
        '{}', '{}', '', '{}');
insert into watches (trial_id, seen, created_at, owner, name) select id, 1, now(), 'eve', 'mine' from trials;
insert into notices (trial_id, watch_id, version, made_at, owner, registry, registry_id, title, kinds, changes)
select t.id, w.id, n, now(), 'eve', 'ctgov', 'NCT00000001', 'A trial', '{status}',
       '[{"kind": "status", "field": "status", "before": "a", "after": "b"}]'
from trials t, watches w, generate_series(1, 3) n;
insert into webhooks (created_at, owner, url, secret) values (now(), 'eve', 'https://example.org/', 'whsec_c2VjcmV0');
insert into webhook_deliveries (webhook_id, notice_id, job_id, made_at, attempts, state)
select w.id, n.id, 70 + n.version, now(), n.version, case when n.version = 1 then 'dead' else 'waiting' end
from webhooks w, notices n where n.version < 3;
"""


async def test_what_waits_to_be_sent_is_still_sent_after_an_upgrade(any_empty_postgres: Postgres) -> None:
    """C21: under the number that its job knows; whoever watched is a user of the home tenant."""
    db = await asyncpg.connect(any_empty_postgres.dsn)
    owner = f"owner_of_{any_empty_postgres.name}"  # no superuser, whom no policy binds
    await db.execute(f"create role {owner}; alter schema public owner to {owner}; set role {owner}")
    await migrate(db, BEFORE)
    await db.execute(FILLED)
    before = await db.fetch(
        "select id, webhook_id, notice_id, job_id, attempts, state from webhook_deliveries order by id"
    )
    await migrate(db)
    await db.execute("reset role")
    rows = await db.fetch(
        "select d.id, d.job_id, d.attempts, d.state, d.tenant_id, o.kind, o.owner, o.data::text"
        " from webhook_deliveries d join outbox o on o.id = d.outbox_id order by d.id"
    )
    assert [(row["id"], row["job_id"], row["attempts"], row["state"]) for row in rows] == [
        (row["id"], row["job_id"], row["attempts"], row["state"]) for row in before
    ]
    assert {(row["tenant_id"], row["kind"], row["owner"]) for row in rows} == {(1, "trial.changed", "eve")}
    told = orjson.loads(rows[0]["data"])
    assert (told["registry_id"], told["kinds"], told["version"]) == ("NCT00000001", ["status"], 1)
    assert await db.fetchval("select kinds from webhooks") == ["trial.changed"]
    fresh = "insert into webhook_deliveries (webhook_id, outbox_id, tenant_id, made_at) select w.id, o.id, 1, now()"
    await db.execute(
        "insert into outbox (tenant_id, made_at, kind, key, data) values (1, now(), 'job.failed', 'job:1', '{}')"
    )
    await db.execute(f"{fresh} from webhooks w, outbox o where o.kind = 'job.failed'")
    await db.execute(f"set role {owner}")
    await migrate(db, BEFORE)
    after = await db.fetch(
        "select id, webhook_id, notice_id, job_id, attempts, state from webhook_deliveries order by id"
    )
    assert after == before
    await db.execute(f"reset role; drop owned by {owner} cascade; drop role {owner}")
    await db.close()
