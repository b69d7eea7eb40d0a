"""The mirror as Parquet files: whole, what has changed, at one moment, and after being cut off."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import duckdb
import orjson
import pytest

from actors.trials.exporting import files
from actors.trials.exporting.export import export
from actors.trials.exporting.plan import COLUMNS, Manifest
from actors.trials.record import Site, Trial
from tests.postgres import Postgres
from tests.trials.pages import START, mirror, nct, on, trial

if TYPE_CHECKING:
    from tests.trials.pages import Connection

NOW = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
async def conn(any_postgres: Postgres) -> "AsyncIterator[Connection]":
    """A connection, on PostgreSQL 18 and on 15."""
    one = await asyncpg.connect(any_postgres.dsn)
    yield one
    one.terminate()


def posted(number: int, year: int, **more: Any) -> Trial:
    return trial(number, first_posted=on(date(year, 5, 5)), **more)


async def write(conn: "Connection", folder: Path, *, days: int = 0, **more: Any) -> Manifest:
    async with conn.transaction(isolation="repeatable_read"):
        return await export(conn, folder, now=NOW + timedelta(days=days), **more)


def read(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """What DuckDB sees of the current export; `trials` is all of it."""
    with duckdb.connect() as db:
        db.execute("set TimeZone = 'UTC'")
        glob = folder / "current" / "**" / "*.parquet"
        db.execute(f"create view trials as select * from read_parquet('{glob}', hive_partitioning=true)")  # noqa: S608
        return db.execute(sql).fetchall()


async def test_an_export_holds_what_the_database_holds(conn: "Connection", tmp_path: Path) -> None:
    """Read back with DuckDB, every column compared with SQL."""
    odd = posted(
        3,
        2021,
        title='Ménière’s\n"disease" \\ 日本 \t end',
        conditions=("a, b", 'c"d'),
        sites=(Site(city="Graz"),) * 500,
    )
    await mirror(conn, posted(1, 2020, enrolment=2**40, has_results=False), posted(2, 2021), odd, trial(4))
    await conn.execute("update trials set removed_at = now(), cluster_id = 1 where registry_id = $1", nct(2))
    made = await write(conn, tmp_path)
    assert (made.trials, len(made.files), made.written) == (4, 3, 3)
    assert read(tmp_path, "select year, count(*) from trials group by 1 order by 1") == [(0, 1), (2020, 1), (2021, 2)]
    names = [name for name in COLUMNS if name not in ("trial", "cluster", "record", "content_sha256")]
    rows = await conn.fetch(f"select {', '.join(names)} from trials order by id")  # noqa: S608
    assert [tuple(row) for row in rows] == read(tmp_path, f"select {', '.join(names)} from trials order by trial")  # noqa: S608
    rest = await conn.fetch(
        "select id, cluster_id, encode(content_sha256, 'hex'), record::text from trials order by id"
    )
    told = read(tmp_path, "select trial, cluster, content_sha256, record from trials order by trial")
    assert [(*one[:3], orjson.loads(one[3])) for one in told] == [(*row[:3], orjson.loads(row[3])) for row in rest]
    types = {name: type_ for name, type_, *_ in read(tmp_path, "describe trials")}
    assert {name: types[name].replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ") for name in COLUMNS} == {
        name: type_ for name, (type_, _) in COLUMNS.items()
    }


async def test_what_the_manifest_says_is_so(conn: "Connection", tmp_path: Path) -> None:
    """Counts and SHA-256 of each file."""
    await mirror(conn, posted(1, 2020), posted(2, 2021))
    made = await write(conn, tmp_path)
    assert files.read_manifest(tmp_path) == made
    for one in made.files:
        body = (tmp_path / "current" / one.path).read_bytes()
        assert (len(body), hashlib.sha256(body).hexdigest()) == (one.bytes, one.sha256)
    assert made.bytes == sum(one.bytes for one in made.files)
    assert [column.name for column in made.columns] == list(COLUMNS)


async def test_only_what_changed_is_written_again(conn: "Connection", tmp_path: Path) -> None:
    """The other files are the same ones; what changed its year is in one file, and in no other."""
    await mirror(conn, posted(1, 2020), posted(2, 2021), posted(3, 2022))
    first = await write(conn, tmp_path)
    kept = (tmp_path / "current" / first.files[0].path).stat().st_ino
    assert (await write(conn, tmp_path, days=1)).written == 0
    await mirror(conn, replace(posted(3, 2021), last_updated=on(date(2026, 1, 1))), at=START + timedelta(days=1))
    later = await write(conn, tmp_path, days=2)
    assert (later.written, [one.year for one in later.files]) == (1, [2020, 2021])
    assert (tmp_path / "current" / later.files[0].path).stat().st_ino == kept
    assert read(tmp_path, "select registry_id, year from trials order by 1") == [
        (nct(1), 2020), (nct(2), 2021), (nct(3), 2021),
    ]  # fmt: skip
    await conn.execute("update trials set removed_at = now() where registry_id = $1", nct(1))
    assert (await write(conn, tmp_path, days=3)).written == 1
    assert len([one for one in tmp_path.iterdir() if files.NAME.fullmatch(one.name)]) == 2
    assert (await write(conn, tmp_path, days=4, anew=True)).written == 2


async def test_an_export_that_was_cut_off_leaves_the_last_one_and_is_taken_up(
    conn: "Connection", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Atomic, and it goes on where it was."""
    await mirror(conn, *(posted(number, 2000 + number) for number in range(1, 7)))
    before = await write(conn, tmp_path)
    changed = [
        posted(number, 2000 + number, title="Changed", last_updated=on(date(2026, 1, 1))) for number in range(1, 7)
    ]
    await mirror(conn, *changed, at=START + timedelta(days=1))
    whole, done = files.write, 0

    async def cut(*given: Any) -> Any:
        nonlocal done
        done += 1
        if done == 4:
            raise asyncio.CancelledError
        return await whole(*given)

    monkeypatch.setattr(files, "write", cut)
    with pytest.raises(asyncio.CancelledError):
        await write(conn, tmp_path, days=1)
    assert files.read_manifest(tmp_path) == before
    assert read(tmp_path, "select count(*) from trials where title = 'Changed'") == [(0,)]
    done = 10
    after = await write(conn, tmp_path, days=2)
    assert (after.written, done) == (6, 13)
    assert read(tmp_path, "select count(*) from trials where title = 'Changed'") == [(6,)]
    assert not (tmp_path / files.UNFINISHED).exists()


async def test_a_folder_with_something_else_in_it_is_left_alone(conn: "Connection", tmp_path: Path) -> None:
    """Nothing of it is touched."""
    (tmp_path / "thesis.doc").write_text("mine")
    with pytest.raises(files.NotAnExport, match=r"thesis\.doc"):
        await write(conn, tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["thesis.doc"]


async def test_only_some_registries_are_exported_where_they_are_named(conn: "Connection", tmp_path: Path) -> None:
    """Nothing of it is touched."""
    await mirror(conn, posted(1, 2020))
    assert (await write(conn, tmp_path, registries=["isrctn"])).trials == 0
    assert (await write(conn, tmp_path, days=1, registries=["ctgov"])).trials == 1


def test_every_column_is_in_the_documentation_with_its_type() -> None:
    """docs/export.md has a row for each."""
    text = (Path(__file__).parents[2] / "docs" / "export.md").read_text("utf-8")
    assert [name for name, (kind, says) in COLUMNS.items() if f"| `{name}` | {kind} | {says} |" not in text] == []
