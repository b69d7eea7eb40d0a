"""`triald backup`: the database and the files as they are now, as one set in a folder; or a drill."""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from actors.backup import recorded
from actors.backup.drill import Drill
from actors.backup.keeping import Rule
from actors.backup.make import Made
from actors.errors import Refusal
from supervisor.auditing import by_command
from supervisor.backups import note, place_of
from supervisor.commands import CANNOT_USE, Command, DatabaseUnavailable, Exit, has_database, json_option, unavailable
from supervisor.database import open_urls
from supervisor.printing import as_json, count, duration, table
from supervisor.settings import Settings
from supervisor.showing import shown_on, size

COLUMNS = ("table", "rows", "restored", "same")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dir", type=Path, nargs="?", metavar="DIR", help="the folder of sets; default: backup_dir")
    parser.add_argument(
        "--drill", action="store_true", help="restore the new set into a scratch database too, and compare all"
    )
    json_option(parser)


async def run(given: argparse.Namespace, settings: Settings) -> int:
    folder = given.dir or settings.backup_dir
    if folder is None:
        raise Refusal("DIR: expected a folder for backups, or the setting backup_dir", field="dir")
    if not has_database(settings):
        raise DatabaseUnavailable(f"there is none yet in {settings.data_dir}: there is nothing to back up")
    rule = Rule(settings.backup_days, settings.backup_files_days)
    folder = folder.absolute()
    try:
        async with open_urls(settings) as ways:
            place = place_of(settings, ways)
            with shown_on(sys.stderr) as tell:
                if given.drill:
                    done = await recorded.held(place, folder, rule=rule, tell=tell)
                    made = done.made
                else:
                    made = await recorded.backup(place, folder, rule=rule, tell=tell)
            rows = sum(made.set.manifest.rows.values())
            await note(place, by_command("backup_drill" if given.drill else "backup", made.set.name, rows=rows))
    except CANNOT_USE as error:
        raise unavailable(error) from error
    if given.drill:
        print(as_json(_told_drill(done)) if given.json else _shown_drill(done))
        return Exit.OK if done.ok else Exit.FAILED
    print(as_json(_told(made)) if given.json else _shown(made))
    return Exit.OK


def _told(made: Made) -> dict[str, Any]:
    manifest = made.set.manifest
    return {
        "set": made.set.path, "made_at": manifest.made_at, "schema_version": manifest.schema_version,
        "rows": sum(manifest.rows.values()), "files": len(manifest.files), "database_bytes": manifest.dump.size_bytes,
        "bytes": manifest.size_bytes, "removed": made.removed, "took_s": made.took_s,
    }  # fmt: skip


def _told_drill(done: Drill) -> dict[str, Any]:
    return {
        "ok": done.ok, "backup": _told(done.made), "tables": [asdict(one) for one in done.tables],
        "sequences_differ": done.sequences_differ, "files": done.files, "without": done.without, "took_s": done.took_s,
    }  # fmt: skip


def _shown(made: Made) -> str:
    manifest = made.set.manifest
    rows = count(sum(manifest.rows.values()))
    lines = [
        f"{made.set.path}",
        f"{rows} rows of {len(manifest.rows)} tables in {size(manifest.dump.size_bytes)}, "
        f"{count(len(manifest.files))} files, in {duration(made.took_s)}",
    ]
    lines += [f"removed, for they were too old: {', '.join(made.removed)}"] if made.removed else []
    return "\n".join(lines)


def _shown_drill(done: Drill) -> str:
    rows = [asdict(one) for one in done.tables if one.rows or not one.same]
    lines = [_shown(done.made), "", table(rows, COLUMNS, none="every table is empty"), ""]
    lines += [f"not at the same number: the sequence {name}" for name in done.sequences_differ]
    lines += [f"left out, for this server has no pgvector: {name}" for name in done.without]
    verdict = "all is as it was" if done.ok else "NOT all is as it was"
    lines.append(f"restored into a scratch database and compared in {duration(done.took_s)}: {verdict}")
    return "\n".join(lines)


COMMAND = Command("backup", "database and files as one set in a folder, or a drill", arguments, run)
