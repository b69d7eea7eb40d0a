"""`triald migrate` against an empty database."""

from pathlib import Path

import asyncpg

from schema.migrate import read_migrations
from tests.postgres import Postgres
from tests.supervisor.commands.running import Triald, environment


async def test_migrate_goes_to_the_newest_schema_and_back(any_empty_postgres: Postgres, tmp_path: Path) -> None:
    """G12 (migrate): forward, again, back, and to a number that is none; exit codes and the database agree."""
    triald = Triald(environment(tmp_path, DATABASE_URL=any_empty_postgres.dsn))
    titles = [migration.title for migration in read_migrations()]
    early = await triald("status")
    assert early.code == 4
    assert "run triald migrate" in early.err

    forward = await triald("migrate", "--json")
    assert forward.code == 0
    assert [(step["title"], step["direction"]) for step in forward.json["steps"]] == [(t, "forward") for t in titles]
    assert (await triald("status", "--json")).code == 0
    again = await triald("migrate")
    assert (again.code, again.out) == (0, "nothing to do\n")

    wrong = await triald("migrate", "--to", "9999")
    assert wrong.code == 2
    assert "there is no migration 9999" in wrong.err

    back = await triald("migrate", "--to", "0")
    assert (back.code, back.out.splitlines()[0]) == (0, f"{len(titles):04} {titles[-1]}: back")
    connection = await asyncpg.connect(any_empty_postgres.dsn)
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()
    assert [row["tablename"] for row in tables] == ["schema_migrations"]
