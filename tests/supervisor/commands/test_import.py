"""triald import, as a user runs it, on a real PostgreSQL."""

import csv
import io
import signal
import zipfile
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from actors.trials import store
from actors.trials.pack import unpack
from tests.supervisor.commands.running import Triald

FIELDS = ("TrialID", "Last_Refreshed_on", "Public_title", "Date_registration", "Date_registration3", "Condition")


def row(number: int, **fields: str) -> dict[str, str]:
    made = {
        "TrialID": f"NCT{number:08}", "Last_Refreshed_on": "16 March 2020", "Public_title": f"Trial {number}",
        "Date_registration": "05/03/2020", "Date_registration3": "20200305", "Condition": "Asthma;Cough",
    }  # fmt: skip
    return made | fields


def write(file: Path, rows: list[dict[str, str]]) -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, FIELDS)
    writer.writeheader()
    writer.writerows(rows)
    file.write_bytes(text.getvalue().encode())
    return file


async def test_a_file_is_imported_and_again_changes_nothing(
    triald: Triald, tmp_path: Path, db: "asyncpg.Pool[Any]"
) -> None:
    """G07, G12: counts are printed; a record that cannot be read is kept aside; nothing else is taken for gone."""
    file = write(tmp_path / "export.csv", [row(number) for number in range(1, 2501)] + [row(1, TrialID="none")])
    ended = await triald("import", "ictrp", str(file), "--json")
    assert ended.code == 0, ended.err
    counts = ("state", "records", "new", "changed", "unchanged", "refused", "error")
    assert [ended.json[name] for name in counts] == ["done", 2501, 2500, 0, 0, 1, None]
    [aside] = await store.refusals(db)
    assert aside.reason == "it has no TrialID"
    raw = await db.fetchval(
        "select body from trial_raw r join trials t on t.id = r.trial_id where t.registry_id = 'NCT00000007'"
    )
    assert unpack(raw).decode().splitlines()[0] == ",".join(FIELDS)
    again = await triald("import", "ictrp", str(write(tmp_path / "less.csv", [row(1), row(2, Condition="Flu")])))
    assert again.code == 0, again.err
    assert "1 changed, 1 unchanged" in again.out
    assert await db.fetchval("select count(*) from trials where removed_at is null") == 2500


async def test_a_record_that_stands_twice_is_no_shortfall(
    triald: Triald, tmp_path: Path, db: "asyncpg.Pool[Any]"
) -> None:
    file = write(tmp_path / "twice.csv", [row(1), row(2), row(1)])
    ended = await triald("import", "ictrp", str(file), "--json")
    assert (ended.code, ended.json["records"], ended.json["new"], ended.json["error"]) == (0, 3, 2, None)


async def test_an_import_that_was_killed_goes_on_where_it_was(
    triald: Triald, tmp_path: Path, db: "asyncpg.Pool[Any]"
) -> None:
    """G04: kill -9 in the middle: what was written stays, nothing is written twice, and the same command ends it."""
    file = write(tmp_path / "large.csv", [row(number) for number in range(1, 4_001)])
    quick = {"TRIALD_BEAT_EVERY_S": "0.2", "TRIALD_DEAD_AFTER_S": "1"}
    async with triald.started("import", "ictrp", str(file), **quick) as process:
        while not await db.fetchval("select count(*) from scrapes where pages >= 1"):
            assert process.returncode is None
        process.kill()
        await process.wait()
    written = await db.fetchval("select records from scrapes")
    assert 0 < written < 4_000
    ended = await triald("import", "ictrp", str(file), "--json", **quick)
    assert ended.code == 0, ended.err
    assert (ended.json["records"], ended.json["new"]) == (4_000, 4_000)
    [scrape] = await store.scrapes(db, "ictrp")
    assert (scrape.state, scrape.pages) == ("done", 4)


async def test_an_import_that_is_interrupted_ends_at_once_and_can_be_gone_on_with(
    triald: Triald, tmp_path: Path, db: "asyncpg.Pool[Any]"
) -> None:
    file = write(tmp_path / "large.csv", [row(number) for number in range(1, 4_001)])
    async with triald.started("import", "ictrp", str(file)) as process:
        while not await db.fetchval("select count(*) from scrapes where pages >= 1"):
            assert process.returncode is None
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 130
    assert await db.fetchval("select count(*) from jobs where state = 'running'") == 0
    ended = await triald("import", "ictrp", str(file), "--json")
    assert (ended.code, ended.json["records"], ended.json["new"]) == (0, 4_000, 4_000)


BOMB = b"<Trials_downloaded_from_ICTRP>" + b" " * (80 << 20) + b"</Trials_downloaded_from_ICTRP>"


@pytest.mark.parametrize(
    ("name", "body", "says"),
    [
        ("a.xml", b"<!DOCTYPE x><Trials_downloaded_from_ICTRP></Trials_downloaded_from_ICTRP>", "document type"),
        ("b.xml", b"<Trials_downloaded_from_ICTRP><Trial><TrialID>NCT00000001</TrialID>", "cut short"),
        ("c.txt", b"Dear colleague,\nplease find", "neither XML nor CSV"),
        ("d.zip", BOMB, "times its own size"),
        ("e.xml", b"", "neither XML nor CSV"),
    ],
)
async def test_a_file_that_is_no_export_is_refused_before_anything_is_written(
    triald: Triald, tmp_path: Path, db: "asyncpg.Pool[Any]", name: str, body: bytes, says: str
) -> None:
    """G07: bombs and others' files: exit code 2, and the reason."""
    file = tmp_path / name
    if name.endswith(".zip"):
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("export.xml", body)
    else:
        file.write_bytes(body)
    ended = await triald("import", "ictrp", str(file))
    assert ended.code == 2
    assert says in ended.err
    assert await db.fetchval("select count(*) from scrapes") == 0


async def test_a_file_that_is_not_there_and_a_registry_without_files_are_told(triald: Triald, tmp_path: Path) -> None:
    assert (await triald("import", "ictrp", str(tmp_path / "none.xml"))).code == 2
    assert (await triald("import", "ctgov", str(tmp_path / "none.xml"))).code == 3
