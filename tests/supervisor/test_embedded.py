"""The embedded PostgreSQL starts, is found again, survives kills, and says clearly why it cannot run."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from supervisor import embedded
from supervisor.embedded import Embedded, shared_buffers, start
from supervisor.postmaster import EmbeddedError, complaint, running
from supervisor.system_user import Owner, may_pass, with_pass
from tests.postgres import PG15_BIN

PG15_THERE = PG15_BIN.exists()
ROOT = Path(__file__).parents[2]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user run PostgreSQL")

# A triald in small: starts the server, commits a row, says so, and waits to be killed.
COMMITS_AND_WAITS = """
import asyncio, sys
from pathlib import Path
import asyncpg
from supervisor.embedded import start

async def main():
    server = await start(Path(sys.argv[1]))
    connection = await asyncpg.connect(server.dsn)
    await connection.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
    await connection.execute("INSERT INTO kept VALUES ('committed')")
    print(server.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data directory that the tests of this file share; no server is left on it."""
    folder = tmp_path_factory.mktemp("data")
    yield folder
    assert running(folder / "postgres" / "cluster") is None


@pytest.fixture
async def server(data_dir: Path) -> AsyncIterator[Embedded]:
    one = await start(data_dir)
    yield one
    await one.stop()


async def _one(server: Embedded, statement: str) -> object:
    connection = await asyncpg.connect(server.dsn)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("bin_dir", [None, PG15_BIN], ids=["18", "15"])
async def test_the_first_start_makes_a_database_and_the_next_finds_it(tmp_path: Path, bin_dir: Path | None) -> None:
    if bin_dir is not None and not PG15_THERE:
        pytest.skip(f"PostgreSQL 15 is not in {bin_dir}")
    for words in ([], ["kept"]):
        server = await start(tmp_path / "data", bin_dir=bin_dir)
        connection = await asyncpg.connect(server.dsn)
        await connection.execute("CREATE TABLE IF NOT EXISTS words (word text)")
        assert [row["word"] for row in await connection.fetch("SELECT word FROM words")] == words
        await connection.execute("INSERT INTO words VALUES ('kept')")
        await connection.close()
        await server.stop()
        assert server.pid is None


async def test_letters_beyond_ascii_are_letters(server: Embedded) -> None:
    assert await _one(server, "SELECT lower('ÄÖÉΩ')") == "äöéω"
    assert await _one(server, "SELECT to_tsvector('simple', 'Ménière''s Überfluß') @@ 'ménière'::tsquery")


async def test_a_running_server_is_joined_and_stopped_by_the_last_who_leaves(server: Embedded, data_dir: Path) -> None:
    second, third = await asyncio.gather(start(data_dir), start(data_dir))
    assert {second.pid, third.pid} == {server.pid}
    await second.stop()
    await second.stop()
    assert await _one(third, "SELECT 1") == 1
    await server.stop()
    assert third.pid is not None
    await third.stop()
    assert third.pid is None


async def test_two_first_starts_at_once_make_one_server(tmp_path: Path) -> None:
    one, other = await asyncio.gather(start(tmp_path), start(tmp_path))
    assert one.pid == other.pid is not None
    await one.stop()
    await other.stop()
    assert other.pid is None


async def test_a_killed_triald_loses_nothing_and_the_next_takes_the_server_over(data_dir: Path) -> None:
    killed, server_pid = await _kill_after_commit(data_dir)
    assert killed == -signal.SIGKILL
    server = await start(data_dir)
    assert server.pid == server_pid
    assert await _one(server, "SELECT word FROM kept LIMIT 1") == "committed"
    await server.stop()
    assert server.pid is None


async def test_a_triald_killed_together_with_its_server_loses_nothing(data_dir: Path) -> None:
    _, server_pid = await _kill_after_commit(data_dir)
    await _kill(server_pid, data_dir)
    server = await start(data_dir)
    assert server.pid not in (None, server_pid)
    assert await _one(server, "SELECT word FROM kept LIMIT 1") == "committed"
    await server.stop()


async def _kill(server_pid: int, data_dir: Path) -> None:
    os.kill(server_pid, signal.SIGKILL)
    async with asyncio.timeout(30):  # a process lives on for a moment after it was killed
        while running(data_dir / "postgres" / "cluster") is not None:  # noqa: ASYNC110 - nothing to wait on
            await asyncio.sleep(0.01)


async def _kill_after_commit(data_dir: Path) -> tuple[int, int]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", COMMITS_AND_WAITS, str(data_dir)), cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        server_pid = int(await process.stdout.readline())
        process.kill()
        return await process.wait(), server_pid


async def test_a_crashed_server_is_started_again(server: Embedded) -> None:
    before = server.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    await server.restart()
    assert server.pid not in (None, before)
    assert await _one(server, "SELECT 1") == 1


async def test_a_server_is_revived_once_however_many_notice_that_it_died(server: Embedded, data_dir: Path) -> None:
    second = await start(data_dir)
    before = server.pid
    await server.revive()
    assert server.pid == before is not None
    await _kill(before, data_dir)
    await asyncio.gather(server.revive(), second.revive())
    assert server.pid == second.pid not in (None, before)
    assert await _one(second, "SELECT 1") == 1
    await second.stop()


async def test_a_restart_keeps_the_address(server: Embedded) -> None:
    dsn, pid = server.dsn, server.pid
    await server.restart()
    assert server.dsn == dsn
    assert server.pid not in (None, pid)


async def test_a_cancelled_start_leaves_no_server(data_dir: Path) -> None:
    starting = asyncio.create_task(start(data_dir))
    await asyncio.sleep(0)  # it has begun
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert running(data_dir / "postgres" / "cluster") is None


async def test_a_number_left_by_a_dead_server_that_now_is_another_process_does_not_matter(
    data_dir: Path,
) -> None:
    left_over = data_dir / "postgres" / "cluster" / "postmaster.pid"
    await (await start(data_dir)).stop()
    left_over.write_text(f"{os.getpid()}\n{left_over.parent}\n1700000000\n5432\n/nowhere\n\n  123 456\nready\n")
    server = await start(data_dir)
    assert server.pid not in (None, os.getpid())
    await server.stop()


async def test_the_rest_of_a_first_start_that_was_killed_is_cleared_away(tmp_path: Path) -> None:
    half = tmp_path / "postgres" / "cluster.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    server = await start(tmp_path)
    assert await _one(server, "SELECT 1") == 1
    assert not half.exists()
    await server.stop()


async def test_only_the_owner_reaches_the_server(server: Embedded) -> None:
    assert server.socket_dir.stat().st_mode & 0o077 == 0
    assert server.cluster.stat().st_mode & 0o077 == 0
    assert await _one(server, "SHOW listen_addresses") == ""


async def test_the_server_does_not_see_the_secrets_of_our_environment(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIALD_TEST_SECRET", "canary")
    server = await start(data_dir)
    assert server.pid is not None
    seen = _environment_of(server.pid)
    await server.stop()
    assert b"PATH=" in seen
    assert b"canary" not in seen


def _environment_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


async def test_options_win_over_our_settings(data_dir: Path) -> None:
    server = await start(data_dir, options={"shared_buffers": "33MB", "work_mem": "5MB", "jit": "on"})
    shown = [await _one(server, f"SHOW {name}") for name in ("shared_buffers", "work_mem", "jit", "timezone")]
    await server.stop()
    assert shown == ["33MB", "5MB", "on", "UTC"]


async def test_a_path_too_long_for_a_socket_gets_a_short_one(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    server = await start(deep)
    assert not server.socket_dir.is_relative_to(deep)
    assert await _one(server, "SELECT 1") == 1
    await server.stop()
    server.socket_dir.rmdir()


async def test_a_data_directory_of_another_major_version_is_refused(data_dir: Path) -> None:
    if not PG15_THERE:
        pytest.skip(f"PostgreSQL 15 is not in {PG15_BIN}")
    await (await start(data_dir)).stop()
    with pytest.raises(EmbeddedError, match=r"made by PostgreSQL 18, and .* holds 15: dump it"):
        await start(data_dir, bin_dir=PG15_BIN)


async def test_a_setting_that_postgresql_refuses_is_told(data_dir: Path) -> None:
    with pytest.raises(EmbeddedError, match=r"does not start.*max_connections"):
        await start(data_dir, options={"max_connections": "many"})


async def test_a_place_where_nothing_can_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedError, match=r"cannot use .*file/postgres: .*Not a directory"):
        await start(tmp_path / "file")


async def test_programs_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match=r"there is no PostgreSQL in .*nowhere"):
        await start(tmp_path, bin_dir=tmp_path / "nowhere")


async def test_a_socket_directory_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    (tmp_path / "postgres" / "socket").symlink_to(elsewhere)
    with pytest.raises(EmbeddedError, match="socket belongs to somebody else"):
        await start(tmp_path)
    assert elsewhere.stat().st_mode & 0o777 == 0o755


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 100 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100m", "none", folder], capture_output=True)
    if made.returncode != 0:
        pytest.skip("this needs the right to mount a small file system")
    yield folder
    subprocess.run(["umount", folder], check=True)


@needs_root
async def test_a_full_disk_is_told_and_costs_nothing_once_there_is_room(small_disk: Path) -> None:
    server = await start(small_disk)
    connection = await asyncpg.connect(server.dsn)
    await connection.execute("CREATE TABLE kept AS SELECT 'committed' AS word")
    await connection.close()
    await server.stop()
    ballast = small_disk / "ballast"
    _fill(ballast)
    with pytest.raises(EmbeddedError, match=r"No space left on device|disk is full"):
        await start(small_disk)
    ballast.unlink()
    server = await start(small_disk)
    assert await _one(server, "SELECT word FROM kept") == "committed"
    await server.stop()


@needs_root
async def test_a_disk_too_full_for_a_first_start_is_told_and_leaves_nothing_half_made(
    small_disk: Path,
) -> None:
    ballast = small_disk / "ballast"
    _fill(ballast)
    with pytest.raises(EmbeddedError, match="No space left on device"):
        await start(small_disk)
    ballast.unlink()
    assert not (small_disk / "postgres" / "cluster").exists()
    assert not (small_disk / "postgres" / "cluster.new").exists()


def _fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as out:
        try:
            while True:
                out.write(bytes(65536))
        except OSError:
            return


@needs_root
async def test_a_closed_directory_lets_only_the_servers_user_through(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "open_to_all").write_text("text")
    (closed / "open_to_all").chmod(0o644)
    server = await start(closed / "data")
    await server.stop()
    assert server.owner is not None
    assert _may(server.owner.uid, "cat", closed / "open_to_all")
    assert not _may(server.owner.uid, "ls", closed)
    assert not _may(server.owner.uid + 1, "cat", closed / "open_to_all")


def _may(uid: int, *command: object) -> bool:
    words = [str(word) for word in command]
    return subprocess.run(words, user=uid, group=uid, extra_groups=(), capture_output=True).returncode == 0


@pytest.mark.parametrize(
    ("mode", "owned_by", "may"),
    [
        (0o700, (5, 0), True),
        (0o077, (5, 0), False),
        (0o710, (0, 6), True),
        (0o701, (0, 6), False),  # the group's bits decide for a member of the group
        (0o701, (0, 0), True),
        (0o776, (0, 0), False),
    ],
)
def test_mode_bits_say_who_may_pass(mode: int, owned_by: tuple[int, int], may: bool) -> None:
    assert may_pass(mode, owned_by, Owner(5, 6)) is may


NO_ID = 0xFFFFFFFF


def test_an_access_list_made_from_mode_bits_adds_one_user_who_may_only_pass() -> None:
    assert with_pass([], 0o40750, 101) == [
        (1, 7, NO_ID),
        (2, 1, 101),
        (4, 5, NO_ID),
        (16, 5, NO_ID),
        (32, 0, NO_ID),
    ]


def test_an_access_list_that_is_there_is_kept() -> None:
    there = [(1, 7, NO_ID), (2, 6, 7), (2, 4, 101), (4, 0, NO_ID), (16, 6, NO_ID), (32, 0, NO_ID)]
    assert with_pass(there, 0o40760, 101) == [
        (1, 7, NO_ID),
        (2, 6, 7),
        (2, 5, 101),
        (4, 0, NO_ID),
        (16, 7, NO_ID),
        (32, 0, NO_ID),
    ]


@pytest.mark.parametrize(
    ("memory_mb", "expected"), [(32, "16MB"), (1024, "128MB"), (8 * 1024, "1024MB"), (64 * 1024, "2048MB")]
)
def test_shared_buffers_are_an_eighth_of_the_memory_up_to_2_gb(memory_mb: int, expected: str) -> None:
    assert shared_buffers(memory_mb * 2**20) == expected


def test_a_complaint_is_the_telling_lines() -> None:
    said = "LOG:  starting\nFATAL:  no room\nHINT:  make some\nLOG:  bye\n"
    assert complaint(said) == "FATAL:  no room / HINT:  make some"
    assert complaint("one\ntwo\n") == "one / two"
    assert complaint("") == ""


def test_the_wheel_is_found_without_being_imported() -> None:
    command = (
        "import sys; from supervisor.embedded import WHEEL, wheel_bin_dir; print(wheel_bin_dir(), WHEEL in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", command], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.split() == [str(embedded.wheel_bin_dir()), "False"]
    assert (embedded.wheel_bin_dir() / "initdb").exists()
