"""What systemd would read, over a real socket."""

from __future__ import annotations

import asyncio
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.runtime.telemetry import attach
from supervisor.notify import Notifier
from tests.supervisor.clock import Clock, settle

UNIT = Path(__file__).parents[2] / "systemd" / "triald.service"
WATCHDOG_USEC = 60_000_000
STALL_S = 20.0


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


async def test_the_watchdog_is_fed_at_a_quarter_of_its_time_and_only_while_the_service_moves(systemd: Systemd) -> None:
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


@pytest.mark.parametrize("since_fed_s", [0, 1, 7, 12, 14.75])
@pytest.mark.parametrize("moves_at_once", [True, False], ids=["moves at once", "moves a moment later"])
async def test_a_loop_that_stands_still_for_twenty_seconds_is_fed_in_time(
    systemd: Systemd, since_fed_s: float, moves_at_once: bool
) -> None:
    """G10: with the unit's own watchdog, whenever the stall begins, and also where the first look after it comes too
    early to see that all moves again.
    """
    watchdog_s = float(re.findall(r"^WatchdogSec=(\d+)$", UNIT.read_text(), re.M)[0])
    clock, moves = Clock(), [True]
    feed = asyncio.create_task(Notifier(systemd.path, int(watchdog_s * 1e6)).feed(lambda: moves[-1], clock.sleep))
    await clock.advance(since_fed_s)
    fed_at = clock.now() - since_fed_s
    systemd.read()
    moves.append(moves_at_once)
    await clock.stall(STALL_S)
    moves.append(True)
    while not systemd.read():
        await clock.advance(0.25)
    assert clock.now() - fed_at < watchdog_s
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
    ids=["anybody", "us", "another", "nobody", "never"],
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


def test_a_socket_that_is_not_there_is_told_once_and_again_once_it_was_there(tmp_path: Path) -> None:
    told: list[str] = []
    detach = attach(lambda event, fields: told.append(f"{event}: {fields['error']}"))
    path = str(tmp_path / "notify")
    notifier = Notifier(path, None)
    for _ in range(3):
        notifier.ready()
    assert [line.split(":")[:2] for line in told] == [["notify.failed", " FileNotFoundError"]]
    end = Systemd(path)
    notifier.status("here")
    assert end.read() == ["STATUS=here"]
    end.close()
    notifier.stopping()
    detach()
    assert len(told) == 2
