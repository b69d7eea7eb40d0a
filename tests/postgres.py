"""Real PostgreSQL servers for the tests: one per version and session, a fresh database per test."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import asyncpg

from schema.migrate import migrate
from supervisor import embedded
from supervisor.embedded import Embedded

PG15_BIN = Path("/usr/lib/postgresql/15/bin")
TEMPLATE = "triald_template"
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - names inside are made by mkdtemp
IN_MEMORY_BYTES = 4 * 2**30
# A crash of the machine may spoil a test database; a crash of the server (which tests provoke) does not.
OPTIONS = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB", "max_connections": "200"}
# Ends the server and takes its files away when this process goes, however it goes: its input then ends.
GUARD = """
cat > /dev/null
pid=$(head -n 1 "$0/postgres/cluster/postmaster.pid" 2> /dev/null) && kill -QUIT "$pid"
while [ -n "$pid" ] && kill -0 "$pid" 2> /dev/null; do sleep 0.1; done
rm -rf "$0"
"""


@dataclass(frozen=True, slots=True)
class Postgres:
    """One database, and the server that holds it."""

    name: str
    dsn: str
    server: Embedded

    @property
    def bin_dir(self) -> Path:
        return self.server.bin_dir

    async def restart(self) -> None:
        """Stop the server, cutting its clients off, and start it again; also after kill()."""
        await self.server.restart()

    async def kill(self) -> None:
        """Kill the server with SIGKILL, as a crash would; it is gone when this returns."""
        pid = self.server.pid
        assert pid is not None, "the server does not run"
        os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(10):
            while self.server.pid is not None:  # noqa: ASYNC110 - another process: nothing to wait on
                await asyncio.sleep(0.005)


@dataclass(frozen=True, slots=True)
class Stock:
    """What the databases of some tests hold from the start: one is filled, by its URL, and the others are copies."""

    name: str
    fill: Callable[[str], Awaitable[None]]


@dataclass(slots=True)
class Server:
    """A server with a migrated template to copy databases from."""

    embedded: Embedded
    folder: Path
    guard: "subprocess.Popen[bytes]"
    templates: set[str] = field(default_factory=set)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    @asynccontextmanager
    async def database(self, *, empty: bool = False, stock: Stock | None = None) -> AsyncIterator[Postgres]:
        """A database of its own, migrated unless it shall be empty; dropped afterwards."""
        template = "template0" if empty else await self.template(stock)
        name = f"test_{next(self._numbers)}"
        await self._run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        try:
            yield Postgres(name, self.embedded.dsn_of(name), self.embedded)
        finally:
            if self.embedded.pid is None:
                await self.embedded.restart()
            await self._run(f"DROP DATABASE {name} WITH (FORCE)")

    async def template(self, stock: Stock | None = None) -> str:
        """The name of the database to copy, which is made when first asked for."""
        name = f"{TEMPLATE}_{stock.name}" if stock else TEMPLATE
        if name not in self.templates:
            source = await self.template() if stock else "template0"
            await self._run(f"DROP DATABASE IF EXISTS {name}")  # a failed one: fails again, with its reason
            await self._run(f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY file_copy")
            await (stock.fill if stock else _migrate)(self.embedded.dsn_of(name))
            self.templates.add(name)
        return name

    async def _run(self, statement: str) -> None:
        connection = await asyncpg.connect(self.embedded.dsn_of("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@dataclass(slots=True)
class Servers:
    """The servers of this session, started when first asked for."""

    _started: dict[Path, Server] = field(default_factory=dict)

    async def at(self, bin_dir: Path) -> Server:
        """The server run by the programs of a directory."""
        if bin_dir not in self._started:
            folder = Path(tempfile.mkdtemp(prefix="triald-test-", dir=_roomy_memory()))
            guard = _guard(folder)
            running = await embedded.start(folder, bin_dir=bin_dir, options=OPTIONS)
            self._started[bin_dir] = Server(running, folder, guard)
        return self._started[bin_dir]

    async def stop(self) -> None:
        for server in self._started.values():
            await server.embedded.stop()
            shutil.rmtree(server.folder)
            server.guard.communicate()


async def _migrate(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await migrate(connection)
    finally:
        await connection.close()


def _roomy_memory() -> Path | None:
    """A file system in memory with room for test databases: there a fresh one takes a tenth of the time."""
    if IN_MEMORY.is_dir() and os.access(IN_MEMORY, os.W_OK):
        return IN_MEMORY if shutil.disk_usage(IN_MEMORY).free >= IN_MEMORY_BYTES else None
    return None


def _guard(folder: Path) -> "subprocess.Popen[bytes]":
    command = ["/bin/sh", "-c", GUARD, str(folder)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)


def default_bin_dir() -> Path:
    """The programs that tests run on: TRIALD_TEST_PG, else the embedded PostgreSQL."""
    given = os.environ.get("TRIALD_TEST_PG")
    return Path(given) if given else embedded.wheel_bin_dir()
