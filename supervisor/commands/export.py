"""`triald export`: the mirror as Parquet files, only what has changed since the last time."""

import argparse
import asyncio
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from actors.errors import Refusal
from actors.governance.audit import store as audit
from actors.trials.exporting import files
from actors.trials.exporting.export import a_process, export
from actors.trials.exporting.plan import Block, Manifest
from supervisor.auditing import by_command
from supervisor.commands import Command, Exit, connection, has_database, json_option
from supervisor.commands import DatabaseUnavailable as NoDatabase
from supervisor.printing import as_json
from supervisor.settings import Settings

if TYPE_CHECKING:
    import asyncpg

TELL_EVERY_S = 1.0


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", type=Path, metavar="DIR|FILE.parquet", help="a folder of its own, or one file")
    parser.add_argument("--registry", action="append", metavar="NAME", help="only this one; may be given several times")
    parser.add_argument("--anew", action="store_true", help="write every file again")
    json_option(parser)


async def run(given: argparse.Namespace, settings: Settings) -> int:
    if not has_database(settings):
        raise NoDatabase(f"there is none yet in {settings.data_dir}: triald up or triald migrate makes it")
    target = given.target.expanduser().absolute()
    async with connection(settings) as db, db.transaction(isolation="repeatable_read", readonly=True):
        made = await (_one_file if target.suffix == ".parquet" else _folder)(db, target, given)
    async with connection(settings) as db, db.transaction():
        await audit.append(db, by_command("export", rows=made.trials, format="parquet"))
    if given.json:
        told = {"target": str(target), "trials": made.trials, "files": len(made.files), "written": made.written}
        print(as_json(told | {"bytes": made.bytes}))
    else:
        print(f"{made.trials} trials in {len(made.files)} files, {made.written} of them written, {made.bytes} bytes")
    return Exit.OK


async def _folder(db: "asyncpg.Connection[Any]", folder: Path, given: argparse.Namespace) -> Manifest:
    return await export(db, folder, now=datetime.now(UTC), registries=given.registry, anew=given.anew, tell=_Told())


async def _one_file(db: "asyncpg.Connection[Any]", file: Path, given: argparse.Namespace) -> Manifest:
    """By way of a folder beside it; the file is there whole or not at all. Raises Refusal."""
    if not file.parent.is_dir():
        raise Refusal(f"target: there is no folder {file.parent}")
    with tempfile.TemporaryDirectory(prefix=".triald-export-", dir=file.parent) as beside:
        made = await _folder(db, Path(beside), given)
        if not made.files:
            raise Refusal("target: there is no trial to write into a file")
        sources = [str(Path(beside) / files.CURRENT / one.path) for one in made.files]
        whole = Path(beside) / "whole.parquet"
        async with a_process() as process:
            await asyncio.get_running_loop().run_in_executor(process, files.join, sources, str(whole))
        whole.replace(file)
    return made


class _Told:
    """A line on standard error now and then, where somebody looks."""

    def __init__(self) -> None:
        self._last_s = 0.0

    def __call__(self, done: int, total: int, block: Block) -> None:
        if sys.stderr.isatty() and monotonic() - self._last_s >= TELL_EVERY_S:
            self._last_s = monotonic()
            sys.stderr.write(f"{done} of {total} files: {block.path}\n")


COMMAND = Command("export", "the mirror as Parquet files", arguments, run)
