"""One PostgreSQL server process: is it there, launch it, end it."""

import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from supervisor.system_user import Owner

START_WITHIN_S = 60.0  # a crashed server replays its log first
STOP_WITHIN_S = 30.0
LOOK_EVERY_S = 0.01
LOG_KEEP_BYTES = 10 * 2**20
LEAVING = "is still in use"  # what PostgreSQL says of a dead server's shared memory
FULL_BELOW_BYTES = 16 * 2**20  # PostgreSQL cannot even write its log file's next segment
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}  # nothing of ours, least of all secrets


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot run here; the message says why and what the operator can do."""


class NotReady(Exception):
    """A server ended, or took too long, before it accepted connections."""


@dataclass(frozen=True, slots=True)
class Postmaster:
    pid: int
    socket_dir: Path  # known once it is ready
    ready: bool


def running(cluster: Path) -> Postmaster | None:
    """The server that holds this cluster now, or None; a stale postmaster.pid does not count."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None
    if not lines or not lines[0].strip().isdigit() or not _works_in(pid := int(lines[0]), cluster):
        return None
    ready = len(lines) > 7 and lines[7].strip() == "ready"
    return Postmaster(pid, Path(lines[4]) if len(lines) > 4 else Path(), ready)


def program_output(command: Sequence[object], owner: Owner | None, *, timeout_s: float = 120.0) -> str:
    """What one of PostgreSQL's programs prints. Raises EmbeddedError with its complaint."""
    try:
        done = subprocess.run(  # noqa: S603 - our own programs with our own arguments
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
            cwd="/",
            env=ENVIRONMENT,
            user=owner.uid if owner else None,
            group=owner.gid if owner else None,
            extra_groups=() if owner else None,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EmbeddedError(f"{command[0]} does not run: {error}") from error
    if done.returncode != 0:
        raise EmbeddedError(f"{Path(str(command[0])).name}: {complaint(done.stdout)}")
    return done.stdout


def launch(bin_dir: Path, cluster: Path, log: Path, settings: Mapping[str, str], owner: Owner | None) -> None:
    """Start a server on a cluster that none holds. Raises EmbeddedError with what it said.

    The caller sees to it that nobody else starts one at the same time.
    """
    deadline = time.monotonic() + START_WITHIN_S
    options = (f"--{name}={value}" for name, value in settings.items())
    command = [bin_dir / "postgres", "-D", cluster, *options]
    said = LEAVING
    # The last processes of a server that was killed may still hold its memory; they leave by themselves.
    while LEAVING in said and time.monotonic() < deadline:
        forget_dead(cluster, Path(settings["unix_socket_directories"]))
        said_from = _open_log_at(log)
        process = _spawn(command, log, owner)
        # Whoever ends it, and whenever: it leaves no zombie in our process.
        threading.Thread(target=process.wait, daemon=True, name="reap-postgres").start()
        with suppress(NotReady):
            await_ready(cluster, deadline, gone=partial(_ended, process))
            return
        said = _said(log, said_from)
        time.sleep(LOOK_EVERY_S)
    raise EmbeddedError(f"PostgreSQL does not start on {cluster}: {complaint(said) or _full(cluster)}")


def forget_dead(cluster: Path, socket_dir: Path) -> None:
    """Take away the marks of a server that is gone.

    PostgreSQL goes by the process number in them. It takes a number that is somebody else's by now, or that of a
    dead process which nobody reaped (in a container), for a running server. Its shared memory keeps it from
    starting beside a living one.
    """
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    for mark in socket_dir.glob(".s.PGSQL.*"):
        mark.unlink(missing_ok=True)


def await_ready(cluster: Path, deadline: float, *, gone: Callable[[], bool]) -> Postmaster:
    """The server of a cluster once it accepts connections. Raises NotReady when it is gone or too slow."""
    while not gone() and time.monotonic() < deadline:
        if (found := running(cluster)) and found.ready:
            return found
        time.sleep(LOOK_EVERY_S)
    raise NotReady


def end(cluster: Path) -> None:
    """Stop the server of a cluster, if one runs: clients are cut off, nothing committed is lost."""
    for step in (
        signal.SIGINT,
        signal.SIGQUIT,
    ):  # fast; then at once, which replays the log at the next start
        found = running(cluster)
        if found is None:
            return
        with suppress(ProcessLookupError):
            os.kill(found.pid, step)
        deadline = time.monotonic() + STOP_WITHIN_S
        while _works_in(found.pid, cluster) and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY_S)
    if found := running(cluster):
        raise EmbeddedError(f"PostgreSQL (process {found.pid}) on {cluster} does not stop")


def complaint(said: str) -> str:
    """The lines of PostgreSQL's output that tell what is wrong, the last few. No I/O."""
    lines = [line for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"FATAL|PANIC|ERROR|error:|HINT|hint:|could not", line)]
    return " / ".join((telling or lines)[-4:])


def _works_in(pid: int, cluster: Path) -> bool:
    # A number alone may be somebody else's by now (after a reboot, in a container): a server's working
    # directory is its cluster. A process that ended and was not reaped has none.
    try:
        return Path(f"/proc/{pid}/cwd").samefile(cluster)
    except OSError:
        return False


def _ended(process: "subprocess.Popen[bytes]") -> bool:
    return process.poll() is not None


def _spawn(command: Sequence[object], log: Path, owner: Owner | None) -> "subprocess.Popen[bytes]":
    with log.open("ab") as out:
        return subprocess.Popen(  # noqa: S603 - our own program with our own arguments
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd="/",
            env=ENVIRONMENT,
            start_new_session=True,  # Ctrl-C in our terminal is for us
            user=owner.uid if owner else None,
            group=owner.gid if owner else None,
            extra_groups=() if owner else None,
        )


def _open_log_at(log: Path) -> int:
    size_bytes = log.stat().st_size if log.exists() else 0
    if size_bytes < LOG_KEEP_BYTES:
        return size_bytes
    log.replace(log.with_suffix(".log.1"))
    return 0


def _said(log: Path, said_from: int) -> str:
    with log.open("rb") as lines:
        lines.seek(said_from)
        return lines.read().decode("utf-8", "replace")


def _full(folder: Path) -> str:
    free_bytes = shutil.disk_usage(folder).free
    return "the disk is full" if free_bytes < FULL_BELOW_BYTES else "it ended without a word"
