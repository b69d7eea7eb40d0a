"""The server in a process of its own, and worlds written to files."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from demo.ctgov_server import serve
from demo.prerender import prerendered
from demo.process import DidNotStart, running
from demo.world import World
from demo.world_source import WorldSource

from .client import get, listed, nct, pages


async def test_it_runs_in_a_process_of_its_own_and_ends_with_the_context() -> None:
    """N32: the fixture server of ClinicalTrials.gov is shipped and starts by one command."""
    async with asyncio.timeout(60):
        async with running(trials=120, switches={"errors": 1}) as demo:
            assert (await get(demo.url)).status == 500
            assert len(await listed(demo.url, pageSize="50")) == 120
            assert (await demo.switch(too_many=1))["too_many"] == 1
            assert (await get(demo.url)).status == 429
            assert [seen["status"] for seen in await demo.requests()] == [500, 200, 200, 200, 429]
            os.kill(demo.pid, 0)
        with pytest.raises(ProcessLookupError):
            os.kill(demo.pid, 0)


async def test_a_port_refuses_for_a_while_and_opens_again() -> None:
    async with asyncio.timeout(60):
        async with running(trials=10) as demo:
            await demo.refuse(for_s=0.5)
            refused = 0
            while not refused or (await _status(demo.url)) != 200:
                refused += (await _status(demo.url)) is None


async def _status(url: str) -> int | None:
    try:
        return (await get(url)).status
    except OSError:
        return None


async def test_a_bad_option_says_so_and_never_starts() -> None:
    with pytest.raises(DidNotStart, match="exit code 2"):
        async with running(trials=10, switches={"nosuch": 1}):
            pass


async def test_an_unknown_command_is_refused() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "demo", "dance", stderr=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    _, said = await process.communicate()
    assert process.returncode == 2
    assert b"usage" in said


async def test_a_world_written_to_files_is_the_same_world(tmp_path: Path) -> None:
    world = World(230)
    made = WorldSource(world)
    kept = prerendered(world, tmp_path, processes=1)
    everything = list(made.positions())
    assert kept.bodies(everything) == made.bodies(everything)
    assert kept.bodies([7, 8, 9, 3, 229]) == made.bodies([7, 8, 9, 3, 229])
    assert kept.bodies([]) == b""
    assert [kept.updated(at) for at in everything] == [made.updated(at) for at in everything]
    assert [kept.status(at) for at in everything] == [made.status(at) for at in everything]
    async with serve(kept) as server:
        by_date = [page async for page in pages(server.url, pageSize="100", sort="LastUpdatePostDate:asc")]
        assert len({nct(study) for page in by_date for study in page["studies"]}) == 230
        server.switch(day=2)
        assert (await get(server.url, countTotal="true")).json["totalCount"] == len(made.on(2).positions())


def test_files_of_a_world_are_written_once(tmp_path: Path) -> None:
    prerendered(World(20), tmp_path, processes=1)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")}
    prerendered(World(20), tmp_path, processes=1)
    assert before
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")} == before
    prerendered(World(20, seed=9), tmp_path, processes=1)
    assert len(list(tmp_path.rglob("*.json"))) == 2
