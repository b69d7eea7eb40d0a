"""Killed at any step, the last good set stays good, and the next run clears up."""

import asyncio
import shutil
import sys
from pathlib import Path

import msgspec

from actors.backup import copying, sets
from actors.backup.keeping import Rule
from actors.backup.make import make
from actors.backup.manifest import Manifest
from tests.backup.places import fill, place_at, put
from tests.postgres import Postgres

AT_ONCE = 3


async def test_killed_at_every_step_the_last_good_set_stays_good(postgres: Postgres, tmp_path: Path) -> None:
    """A22: kill -9 at each touch of the folder in turn: while it is cleared, filled, named, and while old sets go."""
    await fill(postgres.dsn)
    template = tmp_path / "template"
    await put(template, "reports/1.pdf")
    place, folder = place_at(postgres.dsn, template), template / "backups"
    two = [(await make(place, folder, rule=Rule())).set.name for _ in range(2)]
    shutil.copytree(folder / two[0], folder / ".making-000000000000")
    ends = {}
    for told in await asyncio.gather(*(killed(postgres.dsn, template, first) for first in range(1, AT_ONCE + 1))):
        ends.update(told)
    assert set(ends.values()) == {0, -9}
    assert min(number for number, code in ends.items() if code == 0) > 40, "it was not killed at most of its steps"
    for number, code in ends.items():
        check(tmp_path / f"at{number}" / "backups", two[1], whole=code == 0)
        if number % 10 == 1:
            at = tmp_path / f"at{number}"
            await make(place_at(postgres.dsn, at), at / "backups", rule=Rule())
            check(at / "backups", two[1], whole=True)


async def killed(dsn: str, template: Path, first: int) -> dict[int, int]:
    """How each ended that was killed at a touch: -9, and 0 for the one that had come to its end before."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.backup.killed", dsn, str(template), str(first), str(AT_ONCE),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return {int(number): int(code) for number, code in (line.split() for line in out.decode().splitlines())}


def check(folder: Path, last: str, *, whole: bool) -> None:
    """Whatever is taken for good is good, and nothing is lost that was the last; `whole`: nothing else lies about."""
    left = sets.good(folder)
    assert left, f"{folder}: no good set is left"
    assert left[-1].name >= last
    for each in left:
        copying.verify(each.path, each.manifest, copying.silent)
    if whole:
        assert {path.name for path in folder.iterdir()} == {".lock", *(each.name for each in left)}


def test_a_manifest_says_no_more_than_it_did() -> None:
    """Who reads sets of today must be able to tomorrow: a field that is added needs a default, or a new format."""
    required = [one.name for one in msgspec.structs.fields(Manifest) if one.required]
    assert required == [
        "format", "triald", "made_at", "schema_version", "postgres", "dumped_by", "lsn", "snapshot", "rows", "entries",
    ]  # fmt: skip
