"""A full disk under the data directory: it is told, nothing is half-written, and all goes on once there is room."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import pytest

from actors.runtime.files import DiskFull, LocalFiles
from demo import process as demo
from tests.survive.processes import SMALL, command, dsn_in, running, until, world_settings

Pool: TypeAlias = "asyncpg.Pool[Any]"
DISK_MB = 160
LEFT_MB = 4


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of a few megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=0755", "tmpfs", str(folder)], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"no file system may be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)


def _fill(folder: Path, *, leave_mb: int) -> Path:
    ballast = folder / "ballast"
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    ballast.write_bytes(b"\0" * max(0, free - leave_mb * 2**20))
    return ballast


async def test_a_file_for_which_there_is_no_room_is_refused_and_leaves_nothing(small_disk: Path) -> None:
    """What was there stays; what did not fit is told as a full disk; with room again it fits."""
    files = LocalFiles(small_disk / "files", secret=b"k" * 32)
    await files.put("a/kept", b"before", "text/plain")
    ballast = _fill(small_disk, leave_mb=1)
    for key in ("a/kept", "b/new"):
        with pytest.raises(DiskFull):
            await files.put(key, b"x" * 3 * 2**20, "text/plain")
    assert (await files.get("a/kept")).body == b"before"
    assert sorted(path.name for path in small_disk.rglob("*") if path.is_file()) == [".kept.type", "ballast", "kept"]
    ballast.unlink()
    await files.put("b/new", b"x" * 3 * 2**20, "text/plain")


async def test_the_embedded_database_out_of_space_is_told_and_recovers_when_there_is_room(
    small_disk: Path, tmp_path: Path
) -> None:
    """The scrape says what went wrong, the process stays; with room again the scrape goes on and mirrors everything."""
    async with demo.running(trials=2_000) as world:
        settings = {**SMALL, **world_settings(world.url)}
        async with running(None, small_disk, settings=settings) as one:
            db = await asyncpg.create_pool(dsn_in(small_disk), min_size=0, max_size=2)
            ballast = _fill(small_disk, leave_mb=LEFT_MB)
            asked = await command(dsn_in(small_disk), "scrape", "--full", "--json")
            job = asked.json[0]["job"]
            told = await one.said("scrape.interrupted")
            assert "space" in told["error"] or "Connection" in told["error"], told
            assert one.alive
            ballast.unlink()
            await until(lambda: _goes_on(db, job))
            assert one.alive
            assert await db.fetchval("select count(*) from trials") == 2_000
            db.terminate()


async def _goes_on(db: Pool, job: int) -> bool:
    try:
        await db.execute("update jobs set run_at = now() where state = 'scheduled'")
        return bool(await db.fetchval("select count(*) from job_history where id = $1 and state = 'done'", job))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False  # it is being started again
