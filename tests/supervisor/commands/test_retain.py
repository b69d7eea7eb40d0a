"""`triald retain`."""

from typing import TYPE_CHECKING

from tests.supervisor.commands.running import Triald

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]


async def test_what_is_too_old_is_counted_by_a_dry_run_and_then_removed(
    triald: Triald, connection: "Connection"
) -> None:
    """S20: one rule for each kind of data; the setting says how old it may become."""
    await connection.execute("""
        insert into job_events (job_id, at, event)
        select 1, now() - n * interval '1 day', 'dead' from unnest('{1,20,100}'::int[]) n
    """)
    dry = await triald("retain", "--dry-run", "--json", "--events-days", "10")
    assert {one["name"]: one["number"] for one in dry.json["aged"]}["events"] == 2
    assert {"trials", "jobs", "tenants"} <= {one["table"] for one in dry.json["held"]}
    told = await triald("retain")
    assert told.code == 0
    assert "1 were removed" in told.out
    assert "90 days (events_days)" in told.out
    assert await connection.fetchval("select count(*) from job_events") == 2
