"""The running service tells systemd what it does."""

import asyncio
import os
import signal
import socket
from pathlib import Path

import pytest

from tests.survive.processes import running

WATCHDOG_USEC = 400_000


async def told(receiver: socket.socket, word: str) -> str:
    """The next message that holds a word."""
    async with asyncio.timeout(60):
        while word not in (message := (await asyncio.get_running_loop().sock_recv(receiver, 4096)).decode()):
            pass
        return message


async def test_systemd_hears_of_ready_of_life_and_of_the_end(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """READY once it serves, WATCHDOG while its loops move, STOPPING and more time when it drains."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.setblocking(False)
        receiver.bind(f"\0triald-test-{os.getpid()}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@triald-test-{os.getpid()}")
        monkeypatch.setenv("WATCHDOG_USEC", str(WATCHDOG_USEC))
        async with running(dsn, tmp_path) as triald:
            assert "serving on" in await told(receiver, "READY=1")
            await told(receiver, "WATCHDOG=1")
            await told(receiver, "WATCHDOG=1")
            triald.signal(signal.SIGTERM)
            await told(receiver, "STOPPING=1")
            assert await triald.ended() == 0
