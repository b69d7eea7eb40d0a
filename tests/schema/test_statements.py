"""Every statement fits the database that the migrations make."""

import re
from pathlib import Path

import asyncpg
import pytest

from schema import BadQueryFile, UnknownQuery, parse, queries, query
from tests.postgres import Postgres


async def test_every_statement_prepares_on_a_database_made_by_the_migrations_alone(
    any_postgres: Postgres,
) -> None:
    """G01: every statement that the code can run is prepared, on PostgreSQL 18 and on 15.

    Those over vectors only where the server has pgvector: open_semantic makes what they need, and the code runs them
    only after it said that it has. Elsewhere each is refused for just that.
    """
    connection = await asyncpg.connect(any_postgres.dsn)
    refused = {}
    has_vectors = await connection.fetchval(query("semantic.open"), "for-this-test-1", 3) is None
    for name, statement in queries().items():
        try:
            await connection.prepare(statement)
        except (asyncpg.UndefinedTableError, asyncpg.UndefinedFunctionError, asyncpg.UndefinedObjectError) as error:
            lacks = name.startswith("semantic.") and re.search(r"trial_vectors|nearest_trials|halfvec", str(error))
            if has_vectors or not lacks:
                refused[name] = str(error)
        except asyncpg.PostgresError as error:
            refused[name] = str(error)
    await connection.close()
    assert refused == {}
    assert queries()


def test_a_statement_is_found_by_area_and_name() -> None:
    assert query("migrations.remove") == "DELETE FROM schema_migrations WHERE number = $1"


def test_an_unknown_statement_names_the_file_where_it_should_be() -> None:
    with pytest.raises(UnknownQuery, match=r"'jobs\.nonesuch'.*queries/jobs\.sql"):
        query("jobs.nonesuch")


def test_comment_lines_under_the_name_are_the_statements_doc() -> None:
    head = "-- the area\n\n-- name: claim\n-- $1 queue text\n-- -> jobs\n"
    text = head + "SELECT 1\n  -- kept\n;\n\n-- name: b\nSELECT 2;\n"
    first, second = parse(text, Path("jobs.sql"))
    assert (first.name, first.doc, first.sql) == (
        "jobs.claim",
        "$1 queue text\n-> jobs",
        "SELECT 1\n  -- kept",
    )
    assert (second.name, second.doc, second.sql) == ("jobs.b", "", "SELECT 2")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-- name: a\nSELECT 1;\n-- name: a\nSELECT 2;\n", r"jobs\.sql:3: a second statement is named 'a'"),
        ("-- name: a\n-- only words\n", r"jobs\.sql:1: 'a' holds no statement"),
        ("SELECT 1;\n-- name: a\nSELECT 1;\n", r"jobs\.sql:1: text before the first"),
        ("-- name: Claim-All\nSELECT 1;\n", r"jobs\.sql:1: .* is no name"),
    ],
)
def test_a_file_that_cannot_be_understood_is_refused_by_name_and_line(text: str, message: str) -> None:
    with pytest.raises(BadQueryFile, match=message):
        parse(text, Path("jobs.sql"))
