"""Behind a pooler in transaction mode, where a connection is another one after each transaction."""

from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import pytest

from demo.process import Demo
from supervisor.cluster import SUPERUSER
from tests.postgres import Postgres
from tests.survive import pooler
from tests.survive.jobs import done, enqueue, runs_of
from tests.survive.processes import NODE, SMALL, named, running
from tests.survive.scraping import ask, becomes, kept, numbers_of, scrape_of

Pool: TypeAlias = "asyncpg.Pool[Any]"
LISTENING = """
    select application_name from pg_stat_activity
    where datname = current_database() and query ilike any('{listen%,notify%}')
"""


@pytest.mark.skipif(not pooler.is_there(), reason="PgBouncer is not installed")
async def test_a_scrape_and_jobs_complete_behind_a_pooler_in_transaction_mode(
    postgres: Postgres, db: Pool, tables: None, tmp_path: Path, world: Demo, mirror: dict[str, Any]
) -> None:
    """G08: a real PgBouncer, with fewer connections than its clients, hands each transaction to another process of the
    server; a scrape and five hundred jobs complete, each job run once. It listens past the pooler, on a connection that
    stays its own. Its role is none that row-level security spares: there the role of a session cannot be changed.
    """
    user = await pooler.own_role(db, postgres)
    async with pooler.pooled(postgres, user) as url:
        direct = named(postgres.dsn.replace(f"//{SUPERUSER}@", f"//{user}@"), "direct")
        settings = {**mirror, **SMALL, "database_url": url, "listen_url": direct, "database_pooler": True}
        async with running(None, tmp_path, program=NODE, settings=settings) as one:
            assert await db.fetch(LISTENING) == [("direct",)]
            scrape = await ask(db)
            jobs = await enqueue(db, "note", 250) + await enqueue(db, "effect", 250)
            await done(db, jobs)
            assert await becomes(db, scrape, "done", "dead") == "done"
            assert not one.all_said("actor.crashed")
    assert await runs_of(db, jobs) == dict.fromkeys(jobs, 1)
    assert await db.fetchval("select count(distinct job) from effects") == 250
    assert (await scrape_of(db, scrape))["records"] == 3250
    assert sorted(await kept(db)) == sorted(await numbers_of(world))
