"""What systemd would read, over a real socket."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.notify import Notifier
from tests.supervisor.clock import Clock, settle

WATCHDOG_USEC = 30_000_000


class Systemd:
    """The end that systemd holds."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + path[1:] if path.startswith("@") else path)
        self._socket.setblocking(False)

    def read(self) -> list[str]:
        """All messages that have come, oldest first."""
        messages = []
        while True:
            try:
                messages.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return messages

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["file", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Systemd]:
    path = str(tmp_path / "notify") if request.param == "file" else f"@triald-test-{os.getpid()}"
    end = Systemd(path)
    yield end
    end.close()


def test_each_state_is_told_in_one_message(systemd: Systemd) -> None:
    notifier = Notifier(systemd.path, None)
    notifier.ready("serving 127.0.0.1:8080")
    notifier.status("12 jobs ready")
    notifier.extend(30.5)
    notifier.stopping()
    assert systemd.read() == [
        "READY=1\nSTATUS=serving 127.0.0.1:8080",
        "STATUS=12 jobs ready",
        "EXTEND_TIMEOUT_USEC=30500000",
        "STOPPING=1",
    ]


def test_a_status_cannot_smuggle_in_another_message(systemd: Systemd) -> None:
    Notifier(systemd.path, None).status("bad\nREADY=1")
    assert systemd.read() == ["STATUS=bad READY=1"]


async def test_the_watchdog_is_fed_at_half_its_time_and_only_while_the_service_moves(systemd: Systemd) -> None:
    clock, moving = Clock(), True
    feed = asyncio.create_task(Notifier(systemd.path, WATCHDOG_USEC).feed(lambda: moving, clock.sleep))
    await settle()
    assert systemd.read() == ["WATCHDOG=1"]
    await clock.advance(14)
    assert systemd.read() == []
    await clock.advance(1)
    assert systemd.read() == ["WATCHDOG=1"]
    moving = False
    await clock.advance(60)
    assert systemd.read() == []
    moving = True
    await clock.advance(15)
    assert systemd.read() == ["WATCHDOG=1"]
    feed.cancel()


async def test_time_to_stop_is_asked_for_again_and_again_while_draining(systemd: Systemd) -> None:
    clock = Clock()
    asking = asyncio.create_task(Notifier(systemd.path, None).keep_extending(20, clock.sleep))
    await clock.advance(25)
    assert systemd.read() == ["EXTEND_TIMEOUT_USEC=20000000"] * 3
    asking.cancel()


@pytest.mark.parametrize(
    ("watchdog_usec", "watchdog_pid", "every_s"),
    [
        (WATCHDOG_USEC, None, 15.0),
        (WATCHDOG_USEC, os.getpid(), 15.0),
        (WATCHDOG_USEC, os.getpid() + 1, None),
        (None, None, None),
        (0, None, None),
    ],
)
def test_only_a_watchdog_that_is_meant_for_this_process_is_fed(
    watchdog_usec: int | None, watchdog_pid: int | None, every_s: float | None
) -> None:
    assert Notifier("/run/notify", watchdog_usec, watchdog_pid).feed_every_s == every_s


async def test_without_systemd_nothing_is_sent_and_feeding_only_waits() -> None:
    notifier = Notifier(None, WATCHDOG_USEC)
    notifier.ready("up")
    notifier.stopping()
    feed = asyncio.create_task(notifier.feed(lambda: True))
    await settle()
    assert not feed.done()
    feed.cancel()


def test_a_socket_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Notifier(str(tmp_path / "none"), None).ready()
