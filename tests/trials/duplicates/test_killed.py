"""A sweep that is killed: nothing is half written, and the next one goes on."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from actors.trials.duplicates import store
from actors.trials.duplicates.sweeping.sweep import sweep
from bench.dedupe_world import world
from tests.postgres import Postgres
from tests.trials.duplicates.records import clusters, forget, keep, links, put

if TYPE_CHECKING:
    import asyncpg

    Pool = asyncpg.Pool[Any]

ROOT = Path(__file__).parents[3]
RECORDS = 1_500
WITHIN_S = 120.0


@pytest.mark.parametrize("lines", [1, 2, 3, 4, 5, 6])
async def test_what_was_found_stays_whole_when_a_sweep_is_killed(
    postgres: Postgres, db: "Pool", tmp_path: Path, lines: int
) -> None:
    """G15: kill -9 after so many signs of life: pairs and clusters are as before, or as after, and never between."""
    records = [made.record for made in world(RECORDS)]
    ids = await put(db, records)
    await keep(db, records, ids)
    await sweep(db, tmp_path / "reference")
    whole = await links(db), await clusters(db)
    assert len(whole[1]) > 20
    await forget(db)
    await keep(db, records, ids)
    run = uuid4()
    await _killed_after(lines, postgres.dsn, tmp_path, str(run))
    found = await links(db), await clusters(db)
    assert found in (({}, set()), whole)
    assert (await store.state(db)).run in (run, None)
    await sweep(db, tmp_path / "scratch", run=run)
    assert (await links(db), await clusters(db)) == whole
    again = await sweep(db, tmp_path / "scratch")
    assert (again.new, again.changed, again.gone, again.merged, again.unmerged) == (0, 0, 0, 0, 0)


async def _killed_after(lines: int, dsn: str, folder: Path, run: str) -> None:
    """A sweep in a process that is killed once it has said so much, or ends by itself before."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.trials.duplicates.sweeper", dsn, str(folder / "scratch"), run,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    async with asyncio.timeout(WITHIN_S):
        for _ in range(lines):
            await process.stdout.readline()
        if process.returncode is None:
            process.kill()
        await process.communicate()
