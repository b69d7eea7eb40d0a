"""`triald import`: reads an export file of a registry into the mirror, here and now."""

import argparse
import asyncio
import signal
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import asyncpg

from actors.errors import NotFound
from actors.file_passage import READERS, ExportFile, count_records, look_at
from supervisor.commands import CANNOT_USE, Command, Exit, has_database, json_option, unavailable
from supervisor.commands import DatabaseUnavailable as NoDatabase
from supervisor.following import Look, follow, screen_on, summary
from supervisor.importing import Importer, ask_for_import, open_importer
from supervisor.printing import as_json
from supervisor.settings import Settings

INTERRUPTED = 130  # as shells say it: 128 + SIGINT
ENDS_WITHIN_S = 0.5  # when interrupted: a page that is being written, whose checkpoint goes with it


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("registry", metavar="REGISTRY", help=f"whose export it is: {', '.join(READERS)}")
    parser.add_argument("file", type=Path, metavar="FILE", help="XML, CSV, or a ZIP with one of them")
    json_option(parser)


async def run(given: argparse.Namespace, settings: Settings) -> int:
    if given.registry not in READERS:
        raise NotFound(f"registry: {given.registry} has no export files; those that have are {', '.join(READERS)}")
    if not has_database(settings):
        raise NoDatabase(f"there is none yet in {settings.data_dir}: triald up or triald migrate makes it")
    file = look_at(given.registry, given.file)
    records = await asyncio.to_thread(count_records, file)
    sys.stderr.write(f"{file.path}: {records:,} records\n")
    interrupted = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(one, interrupted.set)
    try:
        async with open_importer(settings) as importer:
            look = await _imported(importer, file, interrupted)
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError) as error:
        raise NoDatabase(f"it is not up to date ({error}): run triald migrate") from error
    except CANNOT_USE as error:
        raise unavailable(error) from error
    if look is None:
        sys.stderr.write("interrupted: the same command goes on where this one stopped\n")
        return INTERRUPTED
    print(as_json(_told(look, file)) if given.json else summary([look]))
    return Exit.OK if look.state == "done" else Exit.FAILED


async def _imported(importer: Importer, file: ExportFile, interrupted: asyncio.Event) -> Look | None:
    """How it ended; None where it was interrupted."""
    job = await ask_for_import(importer, file)
    running = asyncio.create_task(importer.supervisor.run())
    following = asyncio.create_task(follow(importer.pool, {job: file.registry}, screen_on(sys.stderr).show))
    stopping = asyncio.create_task(interrupted.wait())
    try:
        await asyncio.wait([running, following, stopping], return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            await running  # it gave up, and says why
        return (await following)[0] if following.done() else None
    finally:
        for task in (following, stopping):
            task.cancel()
        if not running.done():
            await importer.supervisor.drain(ENDS_WITHIN_S)
        with suppress(Exception):  # told already
            await running


def _told(look: Look, file: ExportFile) -> dict[str, Any]:
    scrape = asdict(look.scrape) if look.scrape else {}
    counts = ("id", "records", "new", "changed", "unchanged", "refused", "error")
    named = {"scrape" if name == "id" else name: scrape.get(name) for name in counts}
    return {"registry": file.registry, "file": file.path, "job": look.job, "state": look.state} | named


COMMAND = Command("import", "read an export file of a registry", arguments, run)
