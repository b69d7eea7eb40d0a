"""Sets are whole, of one moment, and the last good one stays good."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import asyncpg
import pytest

from actors.backup import copying, recorded, sets
from actors.backup.keeping import Rule
from actors.backup.make import Inconsistent, make
from actors.backup.manifest import FILE, BadSet
from actors.backup.place import Place
from actors.backup.programs import ProgramMissing, find
from actors.backup.restoring import restore
from actors.backup.sets import AnotherAtWork
from actors.backup.store import NotMigrated, standing
from actors.errors import NotFound, Unavailable
from actors.retention import applying
from actors.runtime.database import Database
from actors.runtime.files import LocalFiles
from tests.backup.places import fill, place_at, put
from tests.postgres import PG15_BIN, Postgres
from tests.survive.processes import until

RULE = Rule()
DAY = timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
async def place(postgres: Postgres, tmp_path: Path) -> AsyncIterator[Place]:
    await fill(postgres.dsn)
    await put(tmp_path, "reports/1.pdf", "reports/2.pdf", "exports/a/b.pdf")
    yield place_at(postgres.dsn, tmp_path)


def inodes(one: sets.Set) -> dict[str, int]:
    return {entry.path: (one.path / entry.path).stat().st_ino for entry in one.manifest.files}


async def test_a_set_says_what_it_holds_and_is_for_its_owner_alone(place: Place, folder: Path) -> None:
    """A22: one checksummed set of database and files."""
    made = (await make(place, folder, rule=RULE)).set
    assert sets.good(folder) == [sets.choose(folder)] == [sets.read(made.path)]
    copying.verify(made.path, made.manifest, copying.silent)
    rows = made.manifest.rows
    assert (rows["jobs"], rows["users"], rows["job_history"]) == (300, 40, 101)
    assert "trials_incoming" not in rows
    assert sorted(one.path for one in made.manifest.files) == [
        "files/exports/a/.b.pdf.type", "files/exports/a/b.pdf", "files/reports/.1.pdf.type",
        "files/reports/.2.pdf.type", "files/reports/1.pdf", "files/reports/2.pdf",
    ]  # fmt: skip
    assert {file.stat().st_mode & 0o777 for file in made.path.rglob("*") if file.is_file()} == {0o600}
    assert made.path.stat().st_mode & 0o777 == 0o700


async def test_what_is_unchanged_is_a_link_to_the_last_set_and_what_changed_is_copied(
    place: Place, folder: Path, tmp_path: Path
) -> None:
    first = (await make(place, folder, rule=RULE)).set
    await put(tmp_path, "reports/2.pdf", body=b"other ")
    await put(tmp_path, "reports/3.pdf")
    second = (await make(place, folder, rule=RULE)).set
    copying.verify(second.path, second.manifest, copying.silent)
    copying.verify(first.path, first.manifest, copying.silent)
    before, now = inodes(first), inodes(second)
    assert {path for path in now if before.get(path) == now[path]} == {
        "files/reports/1.pdf", "files/reports/.1.pdf.type", "files/exports/a/b.pdf", "files/exports/a/.b.pdf.type"
    }  # fmt: skip
    live = {file.stat().st_ino for file in place.files.rglob("*") if file.is_file()}
    assert live & set(now.values()) == set(), "what the service writes to is no part of a set"


async def test_no_half_of_a_file_and_no_work_in_progress_is_copied(place: Place, folder: Path) -> None:
    (place.files / "reports" / ".9.pdf.0123.part").write_bytes(b"half")
    (place.files / ".scratch").mkdir()
    (place.files / ".scratch" / "x").write_bytes(b"...")
    made = (await make(place, folder, rule=RULE)).set
    assert len(made.manifest.files) == 6


async def test_sets_go_when_they_are_old_and_their_files_before(place: Place, folder: Path) -> None:
    """A22: 30 days for databases, 14 for files; never the last good one. Each clock is one that a caller gives."""
    first = (await make(place, folder, rule=RULE)).set
    made = await make(place, folder, rule=RULE, now=lambda: datetime.now(UTC) + 20 * DAY)
    thin = sets.read(first.path)
    assert (made.removed, thin.manifest.files, (first.path / "files").exists()) == ((), [], False)
    copying.verify(thin.path, thin.manifest, copying.silent)
    last = await make(place, folder, rule=RULE, now=lambda: datetime.now(UTC) + 40 * DAY)
    assert set(last.removed) == {first.name, made.set.name}
    assert [one.name for one in sets.good(folder)] == [last.set.name]


async def test_one_at_a_time(place: Place, folder: Path) -> None:
    with sets.alone(folder), pytest.raises(AnotherAtWork, match="another backup is being made"):
        await make(place, folder, rule=RULE)
    await make(place, folder, rule=RULE)


async def test_what_a_killed_run_left_is_cleared_away_and_is_never_taken_for_a_set(place: Place, folder: Path) -> None:
    good = (await make(place, folder, rule=RULE)).set
    shutil.copytree(good.path, folder / ".making-0123456789ab")
    shutil.copytree(good.path, folder / f".going-{good.name}")
    half = folder / "2031-01-01T000000Z"
    shutil.copytree(good.path, half)
    (half / FILE).unlink()
    assert [one.name for one in sets.good(folder)] == [good.name]
    with pytest.raises(BadSet, match="did not come to its end"):
        sets.choose(half)
    with pytest.raises(NotFound):
        sets.choose(folder / "2031-01-01T000001Z")
    await make(place, folder, rule=RULE)
    assert [path.name for path in folder.iterdir() if path.name.startswith((".making", ".going"))] == []


@pytest.mark.parametrize("harm", ["changed", "shorter", "missing", "link"])
async def test_a_set_that_was_harmed_is_found_out(place: Place, folder: Path, harm: str) -> None:
    """A22: checksums are verified before anything is restored."""
    one = (await make(place, folder, rule=RULE)).set
    file = one.path / "files" / "reports" / "1.pdf"
    match harm:
        case "changed":
            file.write_bytes(file.read_bytes()[::-1])
        case "shorter":
            os.truncate(file, 1)
        case "missing":
            file.unlink()
        case _:
            shutil.move(file, folder / "elsewhere")
            file.symlink_to(folder / "elsewhere")
    with pytest.raises(BadSet, match=r"reports/1\.pdf"):
        await restore(place, one, into="never")


async def test_a_set_is_of_one_moment_while_others_write(postgres: Postgres, folder: Path, tmp_path: Path) -> None:
    """A22: each file that a row of the set names is in it, and counts that change together are equal."""
    place = place_at(postgres.dsn, tmp_path)
    files = LocalFiles(place.files, secret=b"")
    db = await asyncpg.create_pool(postgres.dsn, min_size=4, max_size=4)
    await db.execute(
        "create table things (id bigint primary key, key text); create table twins (id bigint primary key)"
    )
    going = True

    async def write(writer: int) -> None:
        number = writer
        while going:
            await files.put(f"things/{number}.txt", b"%d" % number, "text/plain")
            async with db.acquire() as one, one.transaction():
                await one.execute("insert into things values ($1, $2)", number, f"things/{number}.txt")
                await one.execute("insert into twins values ($1)", number)
            number += 3

    async def named(at: Database) -> dict[str, set[str]]:
        return {"things/": {row["key"] for row in await at.fetch("select key from things")}}

    place = Place(place.url, place.files, place.bin_dirs, place.version, named)
    writers = [asyncio.create_task(write(number)) for number in range(3)]
    await until(partial(db.fetchval, "select count(*) > 3 from twins"))
    made = []
    for _ in range(3):
        made.append((await make(place, folder, rule=RULE)).set)
    going = False
    await asyncio.gather(*writers)
    for number, one in enumerate(made):
        assert one.manifest.rows["things"] == one.manifest.rows["twins"] > 0
        await restore(place, one, into=f"{postgres.name}_{number}", files_into=tmp_path / f"back{number}")
        there = await asyncpg.connect(postgres.server.dsn_of(f"{postgres.name}_{number}"))
        keys = await there.fetch("select key from things where id in (select id from twins)")
        await there.close()
        assert len(keys) == one.manifest.rows["things"]
        assert all((tmp_path / f"back{number}" / row["key"]).is_file() for row in keys)
        await db.execute(f"drop database {postgres.name}_{number}")
    db.terminate()


async def test_no_file_is_swept_while_a_backup_reads_the_rows_that_name_it(place: Place, folder: Path) -> None:
    """A file that no row names any more may be named by the rows of the moment that is backed up."""
    files, long_after = LocalFiles(place.files, secret=b""), datetime.now(UTC) + 3 * DAY
    await files.put("strange/1.txt", b"...", "text/plain")
    pool = await asyncpg.create_pool(place.url, min_size=1, max_size=2)
    swept: list[object] = []

    async def look(moment: object) -> None:
        swept.append(await applying.sweep(pool, files, long_after, dry_run=True))

    await make(place, folder, rule=RULE, look=look)
    assert swept == [([], [])]
    assert "strange/1.txt" in (await applying.sweep(pool, files, long_after, dry_run=True))[1]
    pool.terminate()


async def test_a_set_that_would_lack_a_file_is_none(place: Place, folder: Path) -> None:
    async def named(db: Database) -> dict[str, set[str]]:
        return {"reports/": {"reports/1.pdf", "reports/lost.pdf"}}

    good = (await make(place, folder, rule=RULE)).set
    lacking = Place(place.url, place.files, place.bin_dirs, place.version, named)
    with pytest.raises(Inconsistent, match=r"reports/lost\.pdf"):
        await make(lacking, folder, rule=RULE)
    assert [one.name for one in sets.good(folder)] == [good.name]
    assert sorted(path.name for path in folder.iterdir()) == [".lock", good.name]


async def test_what_became_of_it_is_kept_for_health_and_alerts(place: Place, folder: Path) -> None:
    """N23: the last good one, the last drill, and the last failure."""
    db = await asyncpg.connect(place.url)
    assert (await standing(db)).backup is None
    made = await recorded.backup(place, folder, rule=RULE)
    now = await standing(db)
    assert now.backup is not None
    assert (now.backup.name, now.backup.rows) == (made.set.name, sum(made.set.manifest.rows.values()))
    (folder / "in_the_way").write_bytes(b"")
    with pytest.raises(Unavailable):
        await recorded.backup(place, folder / "in_the_way", rule=RULE)
    then = await standing(db)
    await db.close()
    assert then.backup == now.backup
    assert then.failed is not None and "in_the_way" in str(then.failed.error)


async def test_a_client_program_that_is_too_old_is_refused_with_what_is_needed(place: Place, tmp_path: Path) -> None:
    if not (PG15_BIN / "pg_dump").exists():
        pytest.skip(f"PostgreSQL 15 is not in {PG15_BIN}")
    assert (await find("pg_dump", place.bin_dirs, least=15)).major == 15
    assert (await find("pg_dump", place.bin_dirs, least=16)).major == 18
    with pytest.raises(ProgramMissing, match="pg_dump of PostgreSQL 18 or later is needed, and the newest here is 15"):
        await find("pg_dump", (PG15_BIN,), least=18)
    with pytest.raises(ProgramMissing, match="there is none in"):
        await find("pg_dump", (tmp_path,), least=15)


async def test_a_database_without_our_schema_is_none_to_back_up(
    any_empty_postgres: Postgres, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(NotMigrated, match="triald migrate"):
        await make(place_at(any_empty_postgres.dsn, tmp_path), folder, rule=RULE)
