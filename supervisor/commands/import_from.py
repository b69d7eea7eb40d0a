"""`triald import-from`: what a replaced system has kept, as far as triald has a place for it."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO

from actors.errors import NotFound
from actors.governance.accounts import HOME
from actors.governance.audit import store as audit
from actors.replaced import System
from actors.replaced.dump import files_of
from supervisor.auditing import by_command
from supervisor.commands import Command, Exit, database, json_option
from supervisor.printing import as_json, printable, table
from supervisor.settings import Settings
from supervisor.showing import shown_on
from supervisor.taking_over import RefusedRow, Taken, Taking, json_line, known_systems

KINDS = ("trials", "searches", "terms", "people", "projects")
REASONS_SHOWN = 40


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("system", metavar="NAME", help=f"whose dump it is: {', '.join(known_systems())}")
    parser.add_argument(
        "path", type=Path, metavar="PATH", help="a JSON, JSON lines, CSV or SQL file, or a folder of such"
    )
    parser.add_argument("--dry-run", action="store_true", help="read and check all of it, and keep nothing")
    parser.add_argument("--owner", default="admin", metavar="LOGIN", help="who gets what belongs to nobody in the dump")
    parser.add_argument(
        "--refused", type=Path, metavar="FILE", help="a line of JSON for each row that is not taken over"
    )
    json_option(parser)


async def run(given: argparse.Namespace, settings: Settings) -> int:
    known = known_systems()
    if given.system not in known:
        raise NotFound(f"system: there is no {given.system!r}; those that are read are {', '.join(known)}")
    system = known[given.system]
    files_of(given.path)
    async with database(settings) as pool, pool.acquire() as db:
        with _report(given.refused) as refuse, shown_on(sys.stderr) as tell:
            taking = Taking(db, system, given.path, HOME, given.owner, refuse, tell)
            taken = await taking.run(dry_run=given.dry_run)
        if not given.dry_run:
            rows, count = sum(taken.rows.values()), sum(taken.new.values())
            await audit.append(db, by_command("import_from", system.name, rows=rows, count=count))
    print(as_json(_told(taken, system, dry_run=given.dry_run)) if given.json else _shown(taken, dry_run=given.dry_run))
    return Exit.OK


@contextmanager
def _report(path: Path | None) -> "Iterator[Any]":
    with path.open("wb") if path else nullcontext() as out:

        def refuse(one: RefusedRow) -> None:
            if out is not None:
                _line(out, one)

        yield refuse


def _line(out: BinaryIO, one: RefusedRow) -> None:
    out.write(json_line(one))


def _told(taken: Taken, system: System, *, dry_run: bool) -> dict[str, Any]:
    return {
        "system": system.name, "dry_run": dry_run, "rows": dict(taken.rows), "new": dict(taken.new),
        "there": dict(taken.there), "refused": _reasons(taken), "left_out": _left_out(taken),
    }  # fmt: skip


def _reasons(taken: Taken) -> list[dict[str, Any]]:
    """The most first."""
    return [{"table": one, "reason": why, "rows": number} for (one, why), number in taken.refused.most_common()]


def _left_out(taken: Taken) -> list[dict[str, Any]]:
    return [{"table": one, "field": name, "rows": number} for (one, name), number in sorted(taken.left_out.items())]


def _shown(taken: Taken, *, dry_run: bool) -> str:
    items = [{"what": one, "new": taken.new[one], "there already": taken.there[one]} for one in KINDS]
    left = _left_out(taken)
    refused = _reasons(taken)
    parts = [
        f"{sum(taken.rows.values()):,} rows of {len(taken.rows)} tables"
        + (": nothing is kept of them" if dry_run else ""),
        table(items, ("what", "new", "there already")),
        "LEFT OUT OF ROWS THAT WERE TAKEN OVER\n" + table(left, ("table", "field", "rows"), none="nothing"),
        "REFUSED\n" + table(refused[:REASONS_SHOWN], ("table", "rows", "reason"), none="nothing"),
    ]
    if len(refused) > REASONS_SHOWN:
        parts.append(f"and {len(refused) - REASONS_SHOWN} further reasons: --refused FILE has them all")
    return printable("\n\n".join(parts))


COMMAND = Command("import_from", "what a replaced system has kept", arguments, run)
