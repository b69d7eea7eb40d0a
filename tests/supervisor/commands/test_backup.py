"""`triald backup` and `triald restore`."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

from actors.backup import sets
from tests.backup.places import fill, put
from tests.postgres import Postgres
from tests.supervisor.commands.running import Triald

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


async def test_a_backup_is_made_and_restored_into_a_scratch_database_and_in_place(
    triald: Triald, postgres: Postgres, tmp_path: Path
) -> None:
    """A22: as an operator does it; the answers say what was done, and what is in the way."""
    await fill(postgres.dsn)
    await put(tmp_path, "reports/1.pdf")
    folder = str(tmp_path / "backups")
    made = await triald("backup", folder, "--json")
    assert (made.code, made.json["files"], made.json["removed"]) == (0, 2, [])
    assert "database" in made.err
    people = await triald("backup", folder)
    assert "rows of" in people.out
    checked, looked, refused = await asyncio.gather(
        triald("restore", made.json["set"], "--check"),
        triald("restore", folder, "--into", f"{postgres.name}_look", "--json"),
        triald("restore", folder),
    )
    assert (checked.code, checked.out) == (0, f"{made.json['set']} is what it was\n")
    assert (looked.code, looked.json["database"], looked.json["files"]) == (0, f"{postgres.name}_look", None)
    assert (refused.code, "with --yes they are put aside" in refused.err) == (2, True)
    done = await triald("restore", folder, "--yes", "--json")
    assert (done.code, done.json["rows"], done.json["files"]) == (0, looked.json["rows"], 2)
    assert Path(done.json["kept_files"]).is_dir()
    there = await asyncpg.connect(postgres.dsn)
    acts = await there.fetch("select action, subject, role from audit_entries order by id")
    await there.close()
    name = Path(sets.choose(Path(folder)).path).name
    assert [tuple(row) for row in acts][-1:] == [("restore", name, "machine")]
    nothing, nowhere = await asyncio.gather(triald("restore", str(tmp_path / "none")), triald("backup"))
    assert (nothing.code, nowhere.code) == (3, 2)
    assert "DIR: expected a folder for backups, or the setting backup_dir" in nowhere.err


async def test_a_drill_says_whether_all_is_as_it_was(
    triald: Triald, connection: "Connection", postgres: Postgres, tmp_path: Path
) -> None:
    """N23: a table for people, JSON and an exit code for programs; health knows of it afterwards."""
    await fill(postgres.dsn)
    told = await triald("backup", "--drill", str(tmp_path / "backups"), "--json")
    assert (told.code, told.json["ok"]) == (0, True)
    assert {one["table"]: one["restored"] for one in told.json["tables"]}["users"] == 40
    await connection.execute(
        "create function made_up(integer) returns text language sql immutable as $$ select gen_random_uuid()::text $$;"
        "create table strange (id integer, made text generated always as (made_up(id)) stored);"
        "insert into strange select 1"
    )
    failed = await triald("backup", "--drill", "--backup-dir", str(tmp_path / "backups"))
    assert failed.code == 1
    assert "NOT all is as it was" in failed.out
    status = await triald("status", "--json")
    assert status.json["backups"]["failed"]["error"] == "restored differently: strange"
    assert status.json["backups"]["drill"]["state"] == "done"
    assert "restored differently: strange" in (await triald("status")).out
    assert len(sets.good(tmp_path / "backups")) == 2


async def test_a_backup_that_fails_says_why_and_exits_so(triald: Triald, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    ended = await triald("backup", str(tmp_path / "file"))
    assert (ended.code, ended.out) == (1, "")
    assert "File exists" in ended.err or "Not a directory" in ended.err
