"""After a start the files that searches read are asked for."""

from pathlib import Path

import asyncpg

from supervisor.warming import warm
from tests.postgres import Postgres
from tests.trials.pages import mirror, trial


async def test_what_searches_read_is_held(any_postgres: Postgres) -> None:
    """G23: tables and indexes, whole, and nothing else."""
    db = await asyncpg.connect(any_postgres.dsn)
    await mirror(db, *(trial(number) for number in range(200)))
    await db.execute("checkpoint")
    names = ("trials", "trials_words", "trials_title_words", "trials_pkey", "trial_mesh_pkey")
    sizes = [await db.fetchval("select pg_relation_size($1::text::regclass)", name) for name in names]
    await db.close()
    assert await warm(any_postgres.dsn, any_postgres.server.cluster) == sum(sizes) > 200_000


async def test_before_the_tables_are_made_there_is_nothing_to_hold(any_empty_postgres: Postgres) -> None:
    assert await warm(any_empty_postgres.dsn, any_empty_postgres.server.cluster) == 0
    assert await warm(any_empty_postgres.dsn, Path("/nonexistent")) == 0
