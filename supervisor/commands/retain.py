"""`triald retain`: how long everything is kept, and what is older than that removed."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from actors.errors import Unavailable
from actors.governance.audit import store as audit
from actors.queue.keeping import Busy
from actors.retention import applying
from actors.retention.applying import Applied
from actors.runtime.files import LocalFiles
from supervisor.auditing import by_command
from supervisor.commands import Command, Exit, database, json_option
from supervisor.printing import as_json, table
from supervisor.settings import Settings

COLUMNS = ("area", "what", "kept", "found")
STRANGE_SHOWN = 20


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="say what would be removed, and remove nothing")
    json_option(parser)


async def run(given: argparse.Namespace, settings: Settings) -> int:
    now, dry_run = datetime.now(UTC), bool(given.dry_run)
    files = LocalFiles(settings.data_dir / "files", secret=b"")  # gives out no URL
    async with database(settings) as pool:
        try:
            applied = await applying.apply(pool, settings.kept_days, now, dry_run=dry_run)
        except Busy as error:
            raise Unavailable(f"{error}: somebody reads it just now; try again in a minute") from error
        orphans, strange = await applying.sweep(pool, files, now, dry_run=dry_run)
        if not dry_run:
            number = sum(one.number for one in applied) + len(orphans)
            await audit.append(pool, by_command("retain", rows=number))
    told = {"dry_run": dry_run, "aged": [asdict(one) for one in applied], "held": _held(), "files": len(orphans)}
    print(
        as_json(told | {"unknown_files": strange}) if given.json else _shown(applied, orphans, strange, dry_run=dry_run)
    )
    return Exit.OK


def _held() -> list[dict[str, Any]]:
    """The tables whose rows do not go by age."""
    return [
        {"area": area.name, "table": name, "why": held.value}
        for area in applying.kept().values()
        for name, held in area.held.items()
    ]


def _shown(applied: Sequence[Applied], orphans: Sequence[str], strange: Sequence[str], *, dry_run: bool) -> str:
    rows: list[dict[str, Any]] = [
        {"area": one.area, "what": one.table, "kept": f"{one.days} days ({one.setting})", "found": one.number}
        for one in applied
    ]
    rows.append({"area": "files", "what": "named by no row", "kept": "1 day", "found": len(orphans)})
    rows += [{"area": one["area"], "what": one["table"], "kept": one["why"], "found": None} for one in _held()]
    lines = [table(rows, COLUMNS), ""]
    lines.append(f"{sum(one.number for one in applied) + len(orphans):,} {'would be' if dry_run else 'were'} removed")
    lines += [f"of no area, and left alone: {key}" for key in strange[:STRANGE_SHOWN]]
    return "\n".join(lines)


COMMAND = Command("retain", "how long everything is kept; removes what is older", arguments, run)
