"""`triald up` as an operator runs it: a process of its own, ready, and drained at the end."""

import asyncio
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bench.children import ROOT, end

LOOK_EVERY_S = 0.005
READY_WITHIN_S = 120.0
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ")  # no setting of ours slips in


@dataclass(frozen=True, slots=True)
class Triald:
    pid: int
    url: str
    token: str
    ready_s: float  # from before the process was made to the first answer that it is ready

    def session(self) -> aiohttp.ClientSession:
        """An operator's, logged in by the token."""
        limit = aiohttp.ClientTimeout(total=60)
        return aiohttp.ClientSession(self.url, headers={"Authorization": f"Bearer {self.token}"}, timeout=limit)


class NotReady(Exception):
    """It ended, or answered too late; what it said last follows."""


class Ended(Exception):
    """It ended by itself, before it was asked to; what it said last follows."""


@asynccontextmanager
async def up(data_dir: Path, **settings: str) -> AsyncIterator[Triald]:
    """Its log is triald.log in the data directory. Raises NotReady, Ended."""
    token, file, log = secrets.token_urlsafe(32), data_dir / "bench-token", data_dir / "triald.log"
    file.write_text(token)
    url = f"http://127.0.0.1:{free_port()}"
    given = {"data_dir": str(data_dir), "listen": url.removeprefix("http://"), "token_file": str(file)} | settings
    options = [word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", value)]
    began = time.perf_counter()
    command = [sys.executable, "-m", "supervisor", "up", *options]
    with log.open("ab") as said:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=said, stderr=said, cwd=ROOT, env=_environment(os.environ)
        )
    try:
        await _ready(process, url, log)
        yield Triald(process.pid, url, token, time.perf_counter() - began)
        if process.returncode is not None:  # what was measured of it says nothing
            raise Ended(f"it ended with {process.returncode}: {await asyncio.to_thread(_end_of, log)}")
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await end(process)


async def _ready(process: asyncio.subprocess.Process, url: str, log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    async with aiohttp.ClientSession(url) as session:
        while process.returncode is None and time.monotonic() < deadline:
            try:
                async with session.get("/ready") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(LOOK_EVERY_S)
    raise NotReady(await asyncio.to_thread(_end_of, log))


def _end_of(log: Path) -> str:
    return log.read_text("utf-8", "replace")[-2000:]


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: environ[name] for name in KEPT_VARIABLES if name in environ}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
