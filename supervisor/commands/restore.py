"""`triald restore`: a backup brought back, in the place of what is there or into a database of another name."""

import argparse
import sys
from pathlib import Path
from typing import Any

from actors.backup import copying, restoring, sets
from actors.backup.restoring import Restored
from supervisor.auditing import by_command
from supervisor.backups import note, place_of
from supervisor.commands import CANNOT_USE, Command, Exit, json_option, unavailable
from supervisor.database import open_urls
from supervisor.printing import as_json, count
from supervisor.settings import Settings
from supervisor.showing import shown_on


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("set", type=Path, metavar="DIR", help="a set, or a folder of sets: then its newest good one")
    parser.add_argument("--into", metavar="DATABASE", help="a database of this name, and no files")
    parser.add_argument("--files", type=Path, metavar="FOLDER", help="where the files go; default: data_dir/files")
    parser.add_argument("--yes", action="store_true", help="what is there is put aside under another name")
    parser.add_argument("--check", action="store_true", help="verify the checksums, and restore nothing")
    json_option(parser)


async def run(given: argparse.Namespace, settings: Settings) -> int:
    one = sets.choose(given.set.absolute())
    with shown_on(sys.stderr) as tell:
        if given.check:
            copying.verify(one.path, one.manifest, tell)
            print(as_json({"set": one.path, "ok": True}) if given.json else f"{one.path} is what it was")
            return Exit.OK
        try:
            async with open_urls(settings) as ways:
                place = place_of(settings, ways)
                done = await restoring.restore(
                    place, one, into=given.into, files_into=given.files.absolute() if given.files else None,
                    replace=given.yes, tell=tell,
                )  # fmt: skip
                await note(place, by_command("restore_aside" if given.into else "restore", one.name, rows=done.rows))
        except CANNOT_USE as error:
            raise unavailable(error) from error
    print(as_json(_told(done)) if given.json else _shown(done))
    return Exit.OK


def _told(done: Restored) -> dict[str, Any]:
    return {
        "set": done.set.path, "made_at": done.set.manifest.made_at, "database": done.database, "rows": done.rows,
        "files": done.files, "kept_database": done.kept_database, "kept_files": done.kept_files,
        "without": done.without,
    }  # fmt: skip


def _shown(done: Restored) -> str:
    files = "no files" if done.files is None else f"{count(done.files)} files"
    lines = [
        f"{done.set.path} of {done.set.manifest.made_at:%Y-%m-%d %H:%M:%S} UTC",
        f"is in the database {done.database} again: {count(done.rows)} rows, all counted; {files}",
    ]
    if done.kept_database:
        lines.append(f"what was there is the database {done.kept_database} now: drop it once it is not needed")
    if done.kept_files:
        lines.append(f"and the files that were there are in {done.kept_files}")
    lines += [f"left out, for this server has no pgvector: {name} (made anew where there is)" for name in done.without]
    return "\n".join(lines)


COMMAND = Command("restore", "bring a backup back", arguments, run)
