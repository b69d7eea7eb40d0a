"""The job that keeps the database in shape."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from actors.jobs.maintain import DAYS_AHEAD, JOB, Payload
from actors.monitoring import store as monitoring
from actors.queue import operating, store
from actors.retention.applying import aged
from tests.postgres import Postgres
from tests.queue.house import house, tools_at
from tests.queue.jobs import states
from tests.queue.test_history import ended, partitions

DAY = timedelta(days=1)


async def test_days_are_made_ahead_and_what_is_older_than_its_keeping_goes(
    any_postgres: Postgres, tmp_path: Path
) -> None:
    async with asyncpg.create_pool(any_postgres.dsn, min_size=2, max_size=10) as db, tools_at(db, tmp_path) as tools:
        now = datetime.now(UTC)
        old, young = await ended(db, now - 8 * DAY), await ended(db, now - 6 * DAY)
        await db.execute("insert into job_events (job_id, at, event) values (1, $1, 'dead')", now - 15 * DAY)
        for age in (8, 6):
            await monitoring.add_measures(db, now - age * DAY, {("depth", ""): float(age)})
        first, again = await store.enqueue(
            db, [JOB.new(Payload({"history_days": 7, "events_days": 14}), priority=p) for p in (1, 0)]
        )
        async with house(db, tools, JOB, slots=1) as one:
            await one.heard.until_settled(2, "done")
        result = (await operating.show(db, first))["result"]
        removed = {rule.name: 0 for _, rule in aged()} | {"files": 0}
        removed |= {"history": 1, "events": 1, "measures": 1}
        assert result == {"partitions_added": DAYS_AHEAD, "removed": removed}
        assert (await operating.show(db, again))["result"]["partitions_added"] == 0
        assert await states(db, [old, young]) == [None, "done"]
        assert len(await partitions(db)) == DAYS_AHEAD + 1
        assert await monitoring.samples(db, "depth", now - 30 * DAY) != {}
