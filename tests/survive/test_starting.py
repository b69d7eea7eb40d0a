"""A start that is interrupted, or has to wait, or whose host does not listen."""

import asyncio
import signal
from pathlib import Path

import pytest

from supervisor import embedded
from supervisor.postmaster import running as server_of
from tests.survive.processes import NODE, SMALL, UP, command, running, until


@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
async def test_a_stop_that_is_asked_for_during_the_start_undoes_it(tmp_path: Path, times: int) -> None:
    """S15: told to stop while its PostgreSQL comes up, it takes that along, and exits with zero."""
    cluster = tmp_path / "postgres" / "cluster"
    async with running(None, tmp_path, settings=SMALL, ready=False) as one:
        await until(lambda: asyncio.to_thread((cluster / "postmaster.pid").exists))
        for _ in range(times):
            one.signal(signal.SIGTERM)
        assert await one.ended() == 0
        assert one.said_so_far == []
    assert server_of(cluster) is None


@pytest.mark.parametrize("program", [UP, NODE], ids=["up", "node"])
async def test_a_start_waits_for_its_database(tmp_path: Path, program: tuple[str, ...]) -> None:
    """G04: while nobody listens at its address the start goes on and says why; it can be told to stop meanwhile."""
    server = await embedded.start(tmp_path / "theirs")
    await server.stop()
    async with (
        running(server.dsn, tmp_path / "patient", program=program, settings=SMALL, ready=False) as one,
        running(server.dsn, tmp_path / "stopped", program=program, settings=SMALL, ready=False) as other,
    ):
        for each in (one, other):
            await each.said("database.awaited")
        other.signal(signal.SIGTERM)
        assert await other.ended() == 0
        server = await embedded.start(tmp_path / "theirs")
        await one.said("service.ready")
        one.signal(signal.SIGTERM)
        assert await one.ended() == 0
    await server.stop()


async def test_a_database_that_is_there_and_refuses_is_told_at_once(dsn: str) -> None:
    """Waiting does not make a database that nobody has created."""
    ended = await command(dsn.replace("/test_", "/nothing_"), "up")
    assert ended.code == 4
    assert "does not exist" in ended.error


async def test_a_host_that_does_not_listen_is_told_of_once_and_the_service_runs(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S15: with a NOTIFY_SOCKET that leads nowhere it serves, drains and ends as it would without one."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nowhere"))
    monkeypatch.setenv("WATCHDOG_USEC", "400000")
    async with running(dsn, tmp_path, settings=SMALL) as one:
        one.signal(signal.SIGTERM)
        assert await one.ended() == 0
        assert one.all_said("service.stopped")
        assert len(one.all_said("notify.failed")) == 1
