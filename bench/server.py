"""A PostgreSQL for benchmarks, on a real disk, every commit flushed: the embedded one, or Debian's by --pg 15."""

import argparse
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from schema.migrate import migrate
from supervisor import embedded
from supervisor.embedded import Embedded

EMBEDDED = "18"
DEBIAN = Path("/usr/lib/postgresql")  # a folder for each major version


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--pg", default=EMBEDDED, metavar="MAJOR", help="18 is the embedded PostgreSQL, any other Debian's"
    )


@asynccontextmanager
async def running(major: str = EMBEDDED) -> AsyncIterator[Embedded]:
    """A fresh server with the settings that triald gives its own; everything in it goes with the context."""
    with tempfile.TemporaryDirectory(prefix="triald-bench-") as folder:
        programs = None if major == EMBEDDED else DEBIAN / major / "bin"
        server = await embedded.start(Path(folder), bin_dir=programs)
        try:
            yield server
        finally:
            await server.stop()


@asynccontextmanager
async def database(server: Embedded, name: str, *, empty: bool = False) -> AsyncIterator[str]:
    """The URL of a fresh database, migrated unless it shall be empty; dropped afterwards."""
    admin = await asyncpg.connect(server.dsn)
    try:
        await admin.execute(f"drop database if exists {name} with (force)")
        await admin.execute(f"create database {name} template template0")
        if not empty:
            fresh = await asyncpg.connect(server.dsn_of(name))
            await migrate(fresh)
            await fresh.close()
        await admin.execute("checkpoint")  # what went before is not written during the measurement
        yield server.dsn_of(name)
        await admin.execute(f"drop database {name} with (force)")
    finally:
        await admin.close()


async def version(server: Embedded) -> str:
    db = await asyncpg.connect(server.dsn)
    try:
        return str(await db.fetchval("show server_version"))
    finally:
        await db.close()
