"""PostgreSQL's own client programs, pg_dump and pg_restore."""

import asyncio
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from actors.backup.place import for_programs
from actors.errors import Unavailable

ENDS_WITHIN_S = 5.0  # once it was told to
LOCK_WITHIN_MS = 120_000
LEVEL = 1  # of gzip: a third of the time of the usual 6, and a tenth more bytes (docs/benchmarks.md)
TELLS_TRANSACTION_TIMEOUT = 17  # from this version on, pg_restore sets what older servers do not know
HARMLESS = 'unrecognized configuration parameter "transaction_timeout"'
SHOWN = 2000  # characters of what a program complains of


class ProgramMissing(Unavailable):
    """No pg_dump or pg_restore here is new enough; the message says which is needed."""


class ProgramFailed(Unavailable):
    """pg_dump or pg_restore did not come to its end; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Program:
    path: Path
    major: int


async def find(name: str, bin_dirs: Sequence[Path], *, least: int) -> Program:
    """The oldest one that is not older than `least`: it fits that version best. Raises ProgramMissing."""
    there = [path for path in (folder / name for folder in bin_dirs) if os.access(path, os.X_OK)]
    found = [Program(path, major) for path in there if (major := await _major(path)) is not None]
    fitting = [one for one in found if one.major >= least]
    if not fitting:
        newest = max((one.major for one in found), default=None)
        have = f"the newest here is {newest}" if newest else f"there is none in {', '.join(map(str, bin_dirs))}"
        raise ProgramMissing(
            f"{name} of PostgreSQL {least} or later is needed, and {have}: install its client programs"
        )
    return min(fitting, key=lambda one: one.major)


async def _major(path: Path) -> int | None:
    try:
        process = await asyncio.create_subprocess_exec(
            path, "--version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        out, _ = await process.communicate()
    except OSError:
        return None
    version = re.search(rb"\(PostgreSQL\) (\d+)", out)
    return int(version[1]) if version else None


async def dump(program: Program, url: str, *, snapshot: str, into: Path) -> None:
    """The database as a snapshot shows it. Raises ProgramFailed."""
    await _run(
        program, url,
        ["--format=custom", f"--compress={LEVEL}", f"--snapshot={snapshot}", f"--file={into}",
         "--enable-row-security", "--no-unlogged-table-data", f"--lock-wait-timeout={LOCK_WITHIN_MS}"],
    )  # fmt: skip


async def restore(program: Program, url: str, dump_: Path, *, jobs: int, server: int, only: Path | None = None) -> None:
    """Everything of a dump into an empty database, owned by whom the URL names. Raises ProgramFailed.

    `server` is its major version; `only` is a list of what to restore, in pg_restore's own form.
    """
    told_unknown = program.major >= TELLS_TRANSACTION_TIMEOUT > server
    await _run(
        program, url,
        ["--no-owner", "--no-privileges", "--enable-row-security", f"--jobs={jobs}",
         *([] if told_unknown else ["--exit-on-error"]), *([f"--use-list={only}"] if only else []), dump_],
        harmless=HARMLESS if told_unknown else None,
    )  # fmt: skip


async def contents(program: Program, dump_: Path) -> list[str]:
    """What a dump holds, a line each, as `restore` takes them. Raises ProgramFailed."""
    process = await asyncio.create_subprocess_exec(
        program.path, "--list", dump_, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    if process.returncode:
        raise ProgramFailed(f"{program.path.name}: {_told(err)}")
    return out.decode("utf-8", "replace").splitlines()


async def _run(program: Program, url: str, options: Sequence[str | Path], *, harmless: str | None = None) -> None:
    bare, secret = for_programs(url)
    process = await asyncio.create_subprocess_exec(
        program.path, "--no-password", f"--dbname={bare}", *options,
        env={**os.environ, **secret, "LC_ALL": "C"}, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        _, err = await process.communicate()
    except asyncio.CancelledError:
        await _end(process)
        raise
    if process.returncode and not _only(harmless, err):
        raise ProgramFailed(f"{program.path.name}: {_told(err)}")


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(ENDS_WITHIN_S):
            await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()


def _only(harmless: str | None, err: bytes) -> bool:
    """Whether nothing else was complained of."""
    errors = [line for line in err.decode("utf-8", "replace").splitlines() if ": error: " in line]
    return harmless is not None and bool(errors) and all(harmless in line for line in errors)


def _told(err: bytes) -> str:
    return " ".join(err.decode("utf-8", "replace").split())[:SHOWN] or "it said nothing"
