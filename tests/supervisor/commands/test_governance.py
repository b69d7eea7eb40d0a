"""`triald mode`, `triald audit`, `triald flag`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.supervisor.commands.running import Triald

if TYPE_CHECKING:
    import asyncpg


async def test_the_mode_is_told_and_changed_and_the_audit_says_by_whom(triald: Triald, db: "asyncpg.Pool[Any]") -> None:
    """R01, N19: one switch, audited."""
    assert (await triald("mode")).out.startswith("LIVE, since ")
    told = await triald("mode", "standby", "--because", "the disk is full", "--json")
    assert (told.json["mode"], told.json["version"], told.json["because"]) == ("STANDBY", 1, "the disk is full")
    [entry] = (await triald("audit", "list", "--json")).json
    assert (entry["action"], entry["details"]) == (
        "mode_switch", {"mode": "STANDBY", "previous_mode": "LIVE", "version": 1},
    )  # fmt: skip
    assert (await triald("mode", "OPEN")).code == 2
    await db.execute("delete from service_mode")
    gone = await triald("mode")
    assert (gone.code, gone.out.partition(":")[0]) == (1, "STANDBY")
    assert (await triald("mode", "live")).code == 0


async def test_the_audit_is_verified_exported_and_verified_again_without_a_database(
    triald: Triald, db: "asyncpg.Pool[Any]", tmp_path: Path
) -> None:
    """R13: verify names the bad row and fails; the export is signed and needs no database."""
    await triald("mode", "DEMO")
    await triald("mode", "LIVE")
    well = await triald("audit", "verify", "--json")
    assert (well.code, well.json["links"], well.json["unsealed"]) == (0, 2, 0)
    file = tmp_path / "audit.jsonl"
    assert (await triald("audit", "export", str(file))).code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    elsewhere = {"TRIALD_DATABASE_URL": "postgresql://nowhere.invalid/x"}
    checked = await triald("audit", "verify", str(file), "--head", well.json["head"], **elsewhere)
    assert checked.code == 0 and "the key of this installation" in checked.out
    other = await triald("audit", "verify", str(file), **elsewhere, TRIALD_AUDIT_KEY_FILE=str(tmp_path / "none"))
    assert other.code == 0 and "compare it with triald audit key" in other.out
    file.write_bytes(file.read_bytes().replace(b'"mode":"DEMO"', b'"mode":"LIVE"'))
    forged = await triald("audit", "verify", str(file), **elsewhere)
    assert forged.code == 1 and forged.out.startswith("BROKEN at seq 1, entry 1: payload")
    assert (await triald("audit", "verify", str(tmp_path / "nofile"))).code == 3
    await db.execute("alter table audit_entries disable trigger all")
    await db.execute('update audit_entries set details = \'{"mode": "LIVE"}\' where id = 2')
    broken = await triald("audit", "verify")
    assert broken.code == 1 and broken.out.startswith("BROKEN at seq 2, entry 2: payload")


async def test_flags_are_made_and_differ_for_people(triald: Triald, db: "asyncpg.Pool[Any]") -> None:
    """R12: the command line; scope, rollout, modes."""
    await db.execute("insert into users (tenant_id, login, role) values (1, 'jo', 'viewer')")
    assert (await triald("flag", "set", "new_search", "--on")).code == 3
    made = await triald(
        "flag", "set", "new_search", "--on", "--rollout", "30", "--modes", "live", "--says", "Finds more."
    )
    assert made.out == "new_search is on for 30 % in LIVE\n"
    assert (await triald("flag", "rule", "new_search", "--user", "jo", "--on")).code == 0
    assert (await triald("flag", "rule", "new_search", "--organisation", "home", "--no-on")).code == 0
    assert (await triald("flag", "rule", "new_search", "--organisation", "nowhere", "--on")).code == 2
    assert (await triald("flag", "rule", "new_search", "--on")).code == 2
    listed = {one["name"]: one for one in (await triald("flag", "list", "--json")).json}
    assert sorted(listed) == ["allow_mode_changes", "new_search"]
    assert len(listed["new_search"]["rules"]) == 2
    assert (await triald("flag", "drop", "new_search")).code == 0
    assert [one["action"] for one in (await triald("audit", "list", "--json")).json] == [
        "flag_drop", "flag_rule", "flag_rule", "flag_set",
    ]  # fmt: skip
