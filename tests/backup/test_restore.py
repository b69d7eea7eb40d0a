"""A backup can be brought back, and is never brought back half, or over what nobody said might go."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import msgspec
import pytest

from actors.backup import copying, sets, store
from actors.backup.drill import drill
from actors.backup.keeping import Rule
from actors.backup.make import make
from actors.backup.manifest import DUMP, BadSet
from actors.backup.place import Place, with_database
from actors.backup.restoring import Differs, InUse, NotEmpty, restore
from actors.backup.sets import Set
from actors.errors import Refusal
from actors.trials.semantic import store as semantic
from actors.trials.semantic.embedder import LOCAL, mark
from supervisor.embedded import wheel_bin_dir
from tests.backup.places import disown, fill, own, place_at, put
from tests.postgres import PG15_BIN, Postgres, Servers

RULE = Rule()


async def content(url: str) -> dict[str, store.Content]:
    async with store.connected(url) as db:
        return await store.content(db, await store.tables(db))


async def names(url: str) -> set[str]:
    async with store.connected(with_database(url, "postgres")) as db:
        return {row["datname"] for row in await db.fetch("select datname from pg_database")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
async def place(any_postgres: Postgres, tmp_path: Path) -> AsyncIterator[Place]:
    await fill(any_postgres.dsn)
    await put(tmp_path, "reports/1.pdf", "reports/2.pdf")
    yield place_at(any_postgres.dsn, tmp_path)
    async with store.connected(with_database(any_postgres.dsn, "postgres")) as db:
        for name in await store.unused_databases(db, f"{any_postgres.name}_"):
            await store.drop_database(db, name)


@pytest.fixture
async def one(place: Place, folder: Path) -> Set:
    return (await make(place, folder, rule=RULE)).set


async def test_backed_up_wiped_and_restored_all_is_as_it_was(place: Place, one: Set) -> None:
    """A22: every row of every table, and every file; on PostgreSQL 18 and 15."""
    was = await content(place.url)
    files = {path: (place.files / path).read_bytes() for path in copying.keys(place.files)}
    db = await asyncpg.connect(place.url)
    await db.execute("truncate jobs, job_history, users cascade; drop table mesh_words; delete from trial_followers")
    await db.close()
    copying.remove(place.files)
    done = await restore(place, one, replace=True)
    assert await content(place.url) == was
    assert {path: (place.files / path).read_bytes() for path in copying.keys(place.files)} == files
    assert done.kept_database is not None
    assert (await content(with_database(place.url, done.kept_database)))["jobs"].rows == 0
    async with store.connected(place.url) as db:
        assert await db.fetchval("insert into jobs (kind) values ('print') returning id") > 300, "sequences go on"
        assert await db.fetchval("select has_table_privilege('triald_web', 'jobs', 'select')")


async def test_what_is_in_the_way_is_put_aside_only_when_told(place: Place, one: Set, tmp_path: Path) -> None:
    with pytest.raises(NotEmpty, match="there are files in"):
        await restore(place, one)
    with pytest.raises(NotEmpty, match="is not empty; with --yes"):
        await restore(Place(place.url, tmp_path / "new", place.bin_dirs, "0.1", place.named), one)
    await put(tmp_path, "reports/3.pdf")
    done = await restore(place, one, replace=True)
    assert copying.keys(place.files) == ["reports/.1.pdf.type", "reports/.2.pdf.type", "reports/1.pdf", "reports/2.pdf"]
    assert done.kept_files is not None
    assert (done.kept_files / "reports" / "3.pdf").is_file()


async def test_a_database_that_others_are_in_is_left_alone(place: Place, one: Set) -> None:
    there = await asyncpg.connect(place.url)
    before = await names(place.url)
    with pytest.raises(InUse, match="1 others are in the database"):
        await restore(place, one, replace=True)
    await there.close()
    assert await names(place.url) == before


async def test_into_a_database_of_another_name_the_service_is_not_touched(
    place: Place, one: Set, any_postgres: Postgres, tmp_path: Path
) -> None:
    """Last night's backup, to look into it."""
    there = await asyncpg.connect(place.url)  # the service runs
    scratch = f"{any_postgres.name}_look"
    done = await restore(place, one, into=scratch)
    assert (done.files, done.kept_database) == (None, None)
    assert await content(with_database(place.url, scratch)) == await content(place.url)
    with pytest.raises(NotEmpty):
        await restore(place, one, into=scratch)
    await there.execute("create table unrelated (id integer)")
    again = await restore(place, one, into=scratch, files_into=tmp_path / "looked", replace=True)
    assert again.files == 4
    await there.close()


async def test_a_set_of_a_newer_triald_is_refused(place: Place, one: Set) -> None:
    newer = msgspec.structs.replace(one.manifest, schema_version=store.newest_schema() + 1, triald="9.0")
    with pytest.raises(Refusal, match=r"has migration \d+ \(triald 9.0\), and this triald knows"):
        await restore(place, Set(one.path, newer), into="never")


async def test_a_set_without_its_files_is_restored_into_another_database_alone(
    place: Place, one: Set, any_postgres: Postgres
) -> None:
    sets._thin(one, one.manifest.made_at)
    thin = sets.read(one.path)
    with pytest.raises(Refusal, match="its files went on"):
        await restore(place, thin, replace=True)
    assert (await restore(place, thin, into=f"{any_postgres.name}_thin")).rows > 400


async def test_what_was_restored_is_counted_before_it_takes_a_place(place: Place, one: Set) -> None:
    """The manifest, signed anew, says another number: nothing was replaced, and the scratch is gone."""
    wrong = msgspec.structs.replace(one.manifest, rows=one.manifest.rows | {"jobs": 301})
    before = await names(place.url)
    with pytest.raises(Differs, match="table jobs should have 301 rows and has 300"):
        await restore(place, Set(one.path, wrong), replace=True)
    assert await names(place.url) == before


async def test_a_dump_that_cannot_be_read_replaces_nothing(place: Place, one: Set) -> None:
    before = await names(place.url)
    (one.path / DUMP).write_bytes(b"PGDMP")
    with pytest.raises(BadSet):
        await restore(place, one, replace=True)
    broken = copying.entry_of(one.path, DUMP)
    manifest = msgspec.structs.replace(one.manifest, entries=[broken, *one.manifest.files])
    with pytest.raises(Exception, match="pg_restore"):
        await restore(place, Set(one.path, manifest), replace=True)
    assert await names(place.url) == before


async def test_a_drill_restores_compares_and_leaves_nothing_behind(place: Place, folder: Path) -> None:
    """N23: one command backs up, restores into a scratch database and compares."""
    before = await names(place.url)
    done = await drill(place, folder, rule=RULE)
    assert done.ok
    rows = {one.table: (one.rows, one.restored) for one in done.tables}
    assert (rows["jobs"], rows["users"]) == ((300, 300), (40, 40))
    assert done.files == 4
    assert await names(place.url) == before


async def test_a_drill_notices_one_changed_letter_and_clears_up_after_a_killed_one(
    place: Place, folder: Path, any_postgres: Postgres
) -> None:
    """N23: same counts, another content: a trigger of a table spoils what comes in."""
    db = await asyncpg.connect(place.url)
    await db.execute(f"create database {any_postgres.name}_drill_20200101000000_0000")
    await db.execute(SPOILED)
    await db.close()
    done = await drill(place, folder, rule=RULE)
    assert not done.ok
    assert [one.table for one in done.tables if not one.same] == ["strange"]
    assert "strange" in done.says
    assert not [name for name in await names(place.url) if "_drill_" in name]


# Said to be immutable, and not: what is restored is made anew.
SPOILED = """
create sequence strange_seq;
create function strange_made(integer) returns text language sql immutable as $$ select gen_random_uuid()::text $$;
create table strange (id integer, made text generated always as (strange_made(id)) stored);
insert into strange select generate_series(1, 5);
"""


@pytest.mark.parametrize("version", ["18", "15"])
async def test_an_owner_that_is_no_superuser_backs_up_the_rows_of_every_tenant(
    any_postgres: Postgres, folder: Path, tmp_path: Path, version: str
) -> None:
    """A22: row-level security, which is forced on the owner too, keeps nothing out of a backup."""
    role, name = f"owner_{any_postgres.name}", f"{any_postgres.name}_owned"
    url = await own(any_postgres, role, name)
    await fill(url)
    place = place_at(url, tmp_path)
    if version == "18":  # programs newer than a server of 15
        place = Place(url, place.files, (wheel_bin_dir(),), "0.1", place.named)
    done = await drill(place, folder, rule=RULE)
    assert done.ok
    assert {one.table: one.restored for one in done.tables}["users"] == 40
    restored = await restore(place, done.made.set, replace=True)
    assert (await content(url))["users"].rows == 40
    async with store.connected(url) as db:
        await db.execute("set triald.tenant = '1'")
        assert await db.fetchval("select count(*) from users") == 20
    await disown(any_postgres, role, name, str(restored.kept_database))


async def test_vectors_are_restored_where_there_is_pgvector_and_left_out_where_not(
    servers: Servers, folder: Path, tmp_path: Path
) -> None:
    """From the embedded PostgreSQL 18 to itself, and to a PostgreSQL 15 that lacks the extension."""
    if not (PG15_BIN / "initdb").exists():
        pytest.skip(f"PostgreSQL 15 is not in {PG15_BIN}")
    newer, older = await servers.at(wheel_bin_dir()), await servers.at(PG15_BIN)
    async with newer.database() as one, older.database(empty=True) as other:
        pool = await asyncpg.create_pool(one.dsn, min_size=1, max_size=2)
        assert await semantic.open_for(pool, mark(LOCAL), LOCAL.dimensions) is None
        pool.terminate()
        done = await drill(place_at(one.dsn, tmp_path), folder, rule=RULE)
        assert (done.ok, done.without) == (True, ())
        assert "trial_vectors" in {table.table for table in done.tables}
        async with store.connected(other.dsn) as db:
            has_vectors = "vector" in await store.extensions(db)
        restored = await restore(place_at(other.dsn, tmp_path), done.made.set)
        assert restored.without == (() if has_vectors else ("trial_vectors",))
        assert (await content(other.dsn))["trial_followers"] == (await content(one.dsn))["trial_followers"]
