"""Migrations go forward and back, once, and never differently from how they went before."""

import asyncio
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from schema.migrate import (
    Applied,
    Direction,
    Migration,
    MigrationError,
    applied,
    in_order,
    migrate,
    next_step,
    parse,
    pending,
    read_migrations,
)
from tests.postgres import Postgres

FORWARD_AND_BACK = "-- one reason\n-- forward\nCREATE TABLE {0} (id int);\n-- back\nDROP TABLE {0};\n"


def test_the_migrations_of_the_project_are_numbered_without_gaps() -> None:
    assert [migration.number for migration in read_migrations()] == list(range(1, len(read_migrations()) + 1))


async def test_forward_back_and_forward_again_gives_the_same_schema(any_empty_postgres: Postgres) -> None:
    """S22: on an empty database, for PostgreSQL 18 and 15; the dump of the schema is compared whole."""
    connection = await asyncpg.connect(any_empty_postgres.dsn)
    await migrate(connection)
    once = _dump(any_empty_postgres)
    for step in await migrate(connection, 0):
        assert step.direction is Direction.BACK
    empty = _dump(any_empty_postgres)
    await migrate(connection)
    await connection.close()
    assert _dump(any_empty_postgres) == once
    assert "CREATE TABLE public.schema_migrations" in empty
    assert empty.count("CREATE ") == 1, "something is left over after all steps back"


async def test_every_step_back_undoes_exactly_its_step_forward(any_empty_postgres: Postgres) -> None:
    """S22: the schema after `back` of each migration equals the schema before its `forward`."""
    connection = await asyncpg.connect(any_empty_postgres.dsn)
    await migrate(connection, 0)
    for number in range(1, len(read_migrations()) + 1):
        before = _dump(any_empty_postgres)
        await migrate(connection, number)
        await migrate(connection, number - 1)
        assert _dump(any_empty_postgres) == before
        await migrate(connection, number)
    await connection.close()


async def test_forward_back_and_forward_on_a_full_database_loses_nothing_in_kept_tables(
    any_empty_postgres: Postgres, tmp_path: Path
) -> None:
    """S22: rows of a table that an earlier migration made outlive the steps of later ones, forward and back."""
    folder = _folder(tmp_path, "kept", "late")
    (folder / "0003_wider.sql").write_text(
        "-- forward\nALTER TABLE kept ADD word text NOT NULL DEFAULT 'new';\nCREATE INDEX kept_word ON kept (word);\n"
        "-- back\nALTER TABLE kept DROP COLUMN word;\n"
    )
    connection = await asyncpg.connect(any_empty_postgres.dsn)
    await migrate(connection, 1, folder=folder)
    await connection.execute("INSERT INTO kept SELECT generate_series(1, 1000)")
    for to in (3, 1, 3):
        await migrate(connection, to, folder=folder)
        assert await connection.fetchval("SELECT array_agg(id ORDER BY id) FROM kept") == list(range(1, 1001))
        dumped = _dump(any_empty_postgres)
        assert ("CREATE TABLE public.late" in dumped, "kept_word" in dumped) == (to == 3, to == 3)
    await connection.close()


async def test_two_that_migrate_at_once_apply_each_migration_once(any_empty_postgres: Postgres, tmp_path: Path) -> None:
    folder = _folder(tmp_path, "t1", "t2", "t3")
    connections = [await asyncpg.connect(any_empty_postgres.dsn) for _ in range(2)]
    first, second = await asyncio.gather(*(migrate(one, folder=folder) for one in connections))
    assert sorted(step.migration.number for step in first + second) == [1, 2, 3]
    assert [was.number for was in await applied(connections[0])] == [1, 2, 3]
    for one in connections:
        await one.close()


async def test_an_applied_migration_that_was_changed_is_refused_by_name(
    any_empty_postgres: Postgres, tmp_path: Path
) -> None:
    folder = _folder(tmp_path, "t1", "t2")
    connection = await asyncpg.connect(any_empty_postgres.dsn)
    await migrate(connection, folder=folder)
    file = folder / "0001_t1.sql"
    file.write_text(file.read_text() + "-- a late idea\n")
    for call in (migrate, pending):
        with pytest.raises(MigrationError, match=r"0001_t1\.sql was changed after it was applied"):
            await call(connection, folder=folder)
    await connection.close()


async def test_a_migration_that_fails_leaves_nothing_and_is_named(any_empty_postgres: Postgres, tmp_path: Path) -> None:
    folder = _folder(tmp_path, "t1")
    failing = "-- forward\nCREATE TABLE half (id int); SELECT 1/0;\n-- back\nDROP TABLE half;\n"
    (folder / "0002_bad.sql").write_text(failing)
    connection = await asyncpg.connect(any_empty_postgres.dsn)
    with pytest.raises(MigrationError, match=r"0002_bad\.sql: division by zero"):
        await migrate(connection, folder=folder)
    assert [was.number for was in await applied(connection)] == [1]
    assert await connection.fetchval("SELECT to_regclass('half')") is None
    assert [migration.title for migration in await pending(connection, folder=folder)] == ["bad"]
    await connection.close()


async def test_a_migration_with_an_error_of_syntax_shows_its_line(any_empty_postgres: Postgres, tmp_path: Path) -> None:
    (tmp_path / "0001_bad.sql").write_text("-- forward\nSELECT 1;\n  SELEKT 2;\n-- back\nSELECT 1;\n")
    connection = await asyncpg.connect(any_empty_postgres.dsn)
    with pytest.raises(MigrationError, match=r"syntax error .* in the line: SELEKT 2;$"):
        await migrate(connection, folder=tmp_path)
    await connection.close()


@pytest.mark.parametrize("ends", ["COMMIT;", "COMMIT; BEGIN;"])
async def test_a_migration_that_ends_its_transaction_is_refused(
    any_empty_postgres: Postgres, tmp_path: Path, ends: str
) -> None:
    (tmp_path / "0001_bad.sql").write_text(f"-- forward\nSELECT 1; {ends}\n-- back\nSELECT 1;\n")
    connection = await asyncpg.connect(any_empty_postgres.dsn)
    with pytest.raises(MigrationError, match=r"0001_bad\.sql ends its transaction"):
        await migrate(connection, folder=tmp_path)
    assert await applied(connection) == []
    await connection.close()


async def test_a_database_newer_than_the_program_is_refused(any_empty_postgres: Postgres, tmp_path: Path) -> None:
    folder = _folder(tmp_path, "t1", "t2")
    connection = await asyncpg.connect(any_empty_postgres.dsn)
    await migrate(connection, folder=folder)
    (folder / "0002_t2.sql").unlink()
    with pytest.raises(MigrationError, match="newer than this triald: 0002_t2 is unknown"):
        await migrate(connection, folder=folder)
    await connection.close()


def _migration(number: int) -> Migration:
    return Migration(number, f"t{number}", f"{number:064}", "SELECT 1;", "SELECT 1;")


def _applied(number: int) -> Applied:
    return Applied(number, f"t{number}", f"{number:064}", datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("done", "to", "number", "direction"),
    [
        (0, None, 1, Direction.FORWARD),
        (2, None, 3, Direction.FORWARD),
        (2, 3, 3, Direction.FORWARD),
        (3, 2, 3, Direction.BACK),
        (1, 0, 1, Direction.BACK),
    ],
)
def test_the_next_step_goes_one_migration_towards_the_target(
    done: int, to: int | None, number: int, direction: Direction
) -> None:
    step = next_step([_migration(n) for n in (1, 2, 3)], [_applied(n) for n in range(1, done + 1)], to)
    assert step is not None
    assert (step.migration.number, step.direction) == (number, direction)


@pytest.mark.parametrize(("done", "to"), [(3, None), (3, 3), (0, 0), (2, 2)])
def test_there_is_no_step_where_the_target_is_reached(done: int, to: int | None) -> None:
    assert next_step([_migration(n) for n in (1, 2, 3)], [_applied(n) for n in range(1, done + 1)], to) is None


@pytest.mark.parametrize("to", [-1, 4])
def test_a_target_that_does_not_exist_is_refused(to: int) -> None:
    with pytest.raises(MigrationError, match=r"from 0 .* to 3"):
        next_step([_migration(n) for n in (1, 2, 3)], [], to)


def test_gaps_and_duplicates_are_refused() -> None:
    with pytest.raises(MigrationError, match=r"0002 is missing: after it comes 0003_t3"):
        in_order([_migration(1), _migration(3)])
    with pytest.raises(MigrationError, match="two migrations have the number 0001"):
        in_order([_migration(1), _migration(1)])
    with pytest.raises(MigrationError, match="has migration 0002 but not 0001"):
        next_step([_migration(1), _migration(2)], [_applied(2)], None)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("1_a.sql", FORWARD_AND_BACK, "not named NNNN_title"),
        ("0001_a.sql", "-- forward\nSELECT 1;\n", "needs a `-- forward` section and then"),
        ("0001_a.sql", "-- back\nSELECT 1;\n-- forward\nSELECT 1;\n", "needs a `-- forward`"),
        ("0001_a.sql", "SELECT 0;\n-- forward\nSELECT 1;\n-- back\nSELECT 1;\n", "needs a `-- forward`"),
        ("0001_a.sql", "-- forward\nSELECT 1;\n-- back\n-- nothing\n", "empty section"),
        ("0001_a.sql", "-- no transaction\n-- forward\nSELECT 1;\n-- back\nSELECT 1;\n", "runs in one"),
    ],
)
def test_a_file_that_is_no_migration_is_refused(name: str, text: str, message: str) -> None:
    with pytest.raises(MigrationError, match=message):
        parse(name, text.encode())


def _folder(folder: Path, *titles: str) -> Path:
    for number, title in enumerate(titles, start=1):
        (folder / f"{number:04}_{title}.sql").write_text(FORWARD_AND_BACK.format(title))
    return folder


def _dump(postgres: Postgres) -> str:
    command = [str(postgres.bin_dir / "pg_dump"), "--schema-only", "--no-owner", postgres.dsn]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    # Newer versions fence the dump with a random key against hostile dumps.
    return "\n".join(line for line in text.splitlines() if not line.startswith(("\\restrict", "\\unrestrict")))
