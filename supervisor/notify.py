"""Tells systemd how the service does: sd_notify(3) over its datagram socket, without a library.

The watchdog is fed only while the service moves, so a loop that stands still or a claim loop that sticks gets the
process restarted. It must not depend on the database: an outage there would restart the whole fleet in vain.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable

from actors.runtime.telemetry import emit

SEND_WITHIN_S = 1.0  # systemd reads at once; a second is for a machine that swaps
FEEDS = 4  # in the watchdog's time: a loop that stood still for half of it and more is fed again before it runs out


class Notifier:
    """Speaks to the socket named in NOTIFY_SOCKET ('@' in front: abstract), or to nobody when there is none.

    `watchdog_usec` and `watchdog_pid` are WATCHDOG_USEC and WATCHDOG_PID; a watchdog meant for another process is not
    fed. A socket that is named and cannot be reached is told once: whoever named it will act as it sees fit.
    """

    def __init__(self, path: str | None, watchdog_usec: int | None, watchdog_pid: int | None = None) -> None:
        self._address = "\0" + path[1:] if path and path.startswith("@") else path
        meant = watchdog_pid is None or watchdog_pid == os.getpid()
        self.feed_every_s = watchdog_usec / 1e6 / FEEDS if path and watchdog_usec and meant else None
        self._is_reached = True

    def ready(self, status: str = "") -> None:
        self._send("READY=1", f"STATUS={status}")

    def status(self, text: str) -> None:
        self._send(f"STATUS={text}")

    def stopping(self, status: str = "") -> None:
        self._send("STOPPING=1", f"STATUS={status}")

    def extend(self, timeout_s: float) -> None:
        """Asks for that long from now before systemd loses patience with a start or a stop."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(timeout_s * 1e6)}")

    async def feed(
        self, is_moving: Callable[[], bool], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        """Feeds the watchdog at a quarter of its time while `is_moving()`, until cancelled; without one it waits."""
        if self.feed_every_s is None:
            await asyncio.Event().wait()
            return
        while True:
            if is_moving():
                self._send("WATCHDOG=1")
            await sleep(self.feed_every_s)

    async def keep_extending(self, timeout_s: float, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """While a drain goes on: asks for `timeout_s` more, again at half of it. Runs until cancelled."""
        while True:
            self.extend(timeout_s)
            await sleep(timeout_s / 2)

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        message = "\n".join(line.replace("\n", " ") for line in lines if not line.endswith("="))
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.settimeout(SEND_WITHIN_S)
                channel.sendto(message.encode(), self._address)
            self._is_reached = True
        except OSError as error:
            if self._is_reached:
                emit("notify.failed", error=f"{type(error).__name__}: {error}")
            self._is_reached = False
