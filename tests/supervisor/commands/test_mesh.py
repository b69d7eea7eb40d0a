"""`triald mesh`: G12's `mesh`."""

import asyncio
import sys
from pathlib import Path

import orjson

from demo import mesh_file
from supervisor.commands import Exit
from tests.mesh.taken import supp
from tests.supervisor.commands.running import ROOT, WITHIN_S, Triald


async def test_files_are_imported_and_texts_mapped(triald: Triald, tmp_path: Path) -> None:
    """G12, G16, G17: import with exact counts, once; then a line in, a line of JSON out."""
    desc, more = tmp_path / "desc2024.xml.gz", tmp_path / "supp2024.xml"
    descriptors = mesh_file.write(desc)
    more.write_bytes(supp())
    ended = await triald("mesh", "import", str(desc), str(more), "--json")
    assert ended.code == Exit.OK, ended.err
    first, second = ended.json["imports"]
    assert (first["kind"], first["year"], first["counts"]["descriptors"], first["changes"]["added"]) == (
        "descriptors", 2024, descriptors, descriptors,
    )  # fmt: skip
    assert (second["kind"], second["counts"]["supplementary"]) == ("supplementary", 2)
    again = await triald("mesh", "import", str(desc))
    assert (again.code, "imported before" in again.out) == (Exit.OK, True)

    mapped = [
        orjson.loads(line)
        for line in (await _map(triald, "heart attack\n\nNo such thing\nheart atack", "--json")).splitlines()
    ]
    assert mapped == [
        _told("heart attack", 0.92, "entry", "heart attack"),
        {"term": "No such thing", "ui": None, "name": None, "score": 0.0, "how": "unmatched", "part": None},
        _told("heart atack", 0.69, "approximate", "heart atack"),
    ]
    several = "heart attack; hypertension"
    read = [orjson.loads(line) for line in (await _map(triald, several, "--json")).splitlines()]
    assert {one["term"] for one in read} == {several}
    assert {(one["ui"], one["part"]) for one in read} == {("D009203", "heart attack"), ("D006973", "hypertension")}
    shown = await _map(triald, several)
    assert "heart attack; hypertension: D009203 Myocardial Infarction  0.85 span (heart attack)" in shown
    assert "C582435 pembrolizumab" in await _map(triald, "Pembrolizumab", "--about", "intervention")

    status = (await triald("mesh", "status", "--json")).json
    assert status["status"]["descriptors"] == descriptors
    assert [one["year"] for one in status["imports"]] == [2024, 2024]
    unmatched = await triald("mesh", "unmatched", "--json")
    assert unmatched.json == {"total": 0, "unmatched": []}


def _told(term: str, score: float, how: str, part: str) -> dict[str, object]:
    return {"term": term, "ui": "D009203", "name": "Myocardial Infarction", "score": score, "how": how, "part": part}


async def _map(triald: Triald, lines: str, *words: str) -> str:
    """What `triald mesh map` prints for these lines."""
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", 'printf "%s" "$LINES_IN" | exec "$@"', "sh",
        sys.executable, "-m", "supervisor", "mesh", "map", *words,
        cwd=ROOT, env={**triald.environ, "LINES_IN": lines}, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(WITHIN_S):
        out, err = await process.communicate()
    assert process.returncode == Exit.OK, err.decode()
    return out.decode()


async def test_without_mesh_commands_say_what_to_do(triald: Triald) -> None:
    for words in (("map", "--json"), ("status",)):
        ended = await triald("mesh", *words)
        assert ended.code == Exit.NOT_FOUND
        assert "triald mesh import" in ended.err


async def test_what_is_no_file_of_mesh_is_refused_in_one_line(triald: Triald, tmp_path: Path) -> None:
    (tmp_path / "desc2024.xml").write_text("<html>not found</html>")
    for file in (tmp_path / "desc2024.xml", tmp_path / "missing.xml"):
        ended = await triald("mesh", "import", str(file))
        assert ended.code == Exit.USAGE
        assert len(ended.err.splitlines()) == 1
