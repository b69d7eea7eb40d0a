"""`triald watch` and `triald export`."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from supervisor.commands.watch import COMMAND
from tests.people import people
from tests.supervisor.commands.running import Triald
from tests.trials.pages import begin, nct, page, trial, write

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]


async def test_a_trial_and_a_search_are_watched_and_ended(triald: Triald, connection: "Connection") -> None:
    """N05: from the command line, for whom it says."""
    await people(connection, "admin", "eve")
    await write(connection, page([trial(1, title="Heart failure"), trial(2, title="Asthma")]), await begin(connection))
    one = await triald("watch", "trial", nct(1), "--owner", "eve", "--json")
    two = await triald("watch", "search", "q=heart&status=recruiting", "--owner", "eve", "--json")
    assert (one.code, two.code) == (0, 0), (one.err, two.err)
    listed = (await triald("watch", "list", "--owner", "eve", "--json")).json
    assert [(row["name"], row["trials"]) for row in listed] == [("heart · recruiting", 1), ("Heart failure", None)]
    assert "Heart failure" in (await triald("watch", "list", "--owner", "eve")).out
    assert (await triald("watch", "list", "--json")).json == []
    assert (await triald("watch", "notices", "--unread", "--owner", "eve", "--json")).json == []
    assert (await triald("watch", "end", str(one.json["id"]), "--owner", "eve")).code == 0
    assert (await triald("watch", "end", str(one.json["id"]), "--owner", "eve")).code == 3


async def test_what_cannot_be_watched_ends_with_the_reason(triald: Triald, connection: "Connection") -> None:
    """N05."""
    nobody = await triald("watch", "search", "q=heart", "--owner", "nobody")
    assert nobody.code != 0 and "nobody of this login" in nobody.err
    await people(connection, "admin")
    unknown = await triald("watch", "trial", "NCT99999999")
    assert (unknown.code, "NCT99999999" in unknown.err) == (3, True)
    bad = await triald("watch", "search", "status=nonsense")
    assert bad.code != 0 and "status" in bad.err
    wide = await triald("watch", "search", "")
    assert wide.code != 0 and "everything" in wide.err


async def test_the_mirror_is_exported_into_a_folder_and_into_one_file(
    triald: Triald, connection: "Connection", tmp_path: Path
) -> None:
    """The second time nothing is written; the one file holds the same, with its columns of the folders."""
    await write(connection, page([trial(1), trial(2)]), await begin(connection))
    folder, file = tmp_path / "mirror", tmp_path / "mirror.parquet"
    first, second = await triald("export", str(folder), "--json"), await triald("export", str(folder), "--json")
    assert (first.code, first.json["trials"], first.json["written"]) == (0, 2, 1), first.err
    assert (second.json["trials"], second.json["written"]) == (2, 0)
    assert json.loads((folder / "current" / "manifest.json").read_bytes())["trials"] == 2
    assert (await triald("export", str(file))).code == 0
    with duckdb.connect() as db:
        rows = db.execute(f"select registry, year, registry_id from '{file}' order by registry_id").fetchall()  # noqa: S608
    assert rows == [("ctgov", 0, nct(1)), ("ctgov", 0, nct(2))]
    assert sorted(one.name for one in tmp_path.iterdir() if one.name.startswith((".triald", "mirror"))) == [
        "mirror", "mirror.parquet",
    ]  # fmt: skip
    mine = await triald("export", str(tmp_path))
    assert mine.code != 0 and "no part of an export" in mine.err


def test_every_action_is_in_the_documentation() -> None:
    text = (Path(__file__).parents[3] / "docs" / "commands.md").read_text("utf-8")
    parser = argparse.ArgumentParser()
    COMMAND.add_arguments(parser)
    for name in ("list", "notices", "trial", "search", "end"):
        assert f"watch {name}" in " ".join(text.split()), name
