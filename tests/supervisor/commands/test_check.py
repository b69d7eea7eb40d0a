"""`triald check`: can triald work here?"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from demo import process as demo
from supervisor.commands.check import disk
from tests.supervisor.commands.running import Triald

if TYPE_CHECKING:
    import asyncpg


async def test_all_is_well_where_database_disk_and_registries_are(triald: Triald) -> None:
    """N39: registry_bases says where a registry is looked for, and data_dir which disk is looked at."""
    async with demo.running(trials=1) as world:
        bases = f"clinicaltrials.gov={world.url}"
        well, told = await asyncio.gather(
            triald("check", "--registry-bases", bases, "--alert-disk-percent", "100"),
            triald("check", "--registry-bases", bases, "--alert-disk-percent", "100", "--json"),
        )
    assert well.code == 0, well.out
    lines = [line.split(maxsplit=1) for line in well.out.splitlines()]
    assert [state for state, _ in lines] == ["ok"] * 4
    assert [one["part"] for one in told.json] == ["settings", "disk", "database", "registry ctgov"]
    assert triald.environ["TRIALD_DATA_DIR"] in told.json[1]["says"]


async def test_each_thing_that_is_wrong_is_told_and_the_rest_is_looked_at(
    triald: Triald, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """N39: alert_disk_percent is the line; a database that is not migrated, and a registry that is away, are told."""
    await connection.execute("DROP TABLE alerts")
    away = "clinicaltrials.gov=http://127.0.0.1:1"
    ended = await triald("check", "--registry-bases", away, "--alert-disk-percent", "1", "--json")
    assert ended.code == 1
    assert {one["part"]: one["ok"] for one in ended.json} == {
        "settings": True, "disk": False, "database": False, "registry ctgov": False,
    }  # fmt: skip
    says = {one["part"]: one["says"] for one in ended.json}
    assert "expected less than 1 % (alert_disk_percent)" in says["disk"]
    assert "run triald migrate" in says["database"]
    assert "cannot be reached" in says["registry ctgov"]


async def test_a_schema_that_lacks_migrations_or_is_not_ours_is_told(
    triald: Triald, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """N39: what `triald up` would refuse, or do first, is told before."""
    async with demo.running(trials=1) as world:
        words = ("check", "--registry-bases", f"clinicaltrials.gov={world.url}", "--json")
        newest = await connection.fetchrow("SELECT * FROM schema_migrations ORDER BY number DESC LIMIT 1")
        assert newest is not None
        await connection.execute("DELETE FROM schema_migrations WHERE number = $1", newest["number"])
        lacking = await triald(*words)
        await connection.execute(
            "INSERT INTO schema_migrations (number, title, sha256) VALUES ($1, 'edited', repeat('0', 64))",
            newest["number"],
        )
        edited = await triald(*words)
        up = await triald("up", "--listen", "127.0.0.1:0")
    [told] = [one for one in lacking.json if one["part"] == "database"]
    assert (told["ok"], f"{newest['number']:04}_{newest['title']}: run triald migrate" in told["says"]) == (False, True)
    [told] = [one for one in edited.json if one["part"] == "database"]
    assert (told["ok"], "was changed after it was applied" in told["says"]) == (False, True)
    assert (up.code, "was changed after it was applied" in up.err, "Traceback" in up.err) == (2, True, False)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    found = disk(tmp_path / "file" / "data", 100.0)
    assert (found.ok, found.says) == (False, f"{tmp_path / 'file'} cannot be written to")
    assert disk(tmp_path / "not" / "yet", 100.0).ok
