"""`triald refused`: records that could not be read, kept aside with their reason."""

import argparse
import base64
import sys
from dataclasses import asdict

from actors.errors import NotFound
from actors.trials import store as trials
from supervisor.commands import Command, Exit, action, actions, database, json_option, row_id, run_action, whole
from supervisor.printing import as_json, printable, table
from supervisor.settings import Settings

COLUMNS = ("id", "registry", "registry_id", "reason", "size_bytes", "times", "last_at")


def arguments(parser: argparse.ArgumentParser) -> None:
    where = actions(parser)
    listing = action(where, "list", _list, "records that wait aside, the newest first")
    listing.add_argument("--registry", metavar="NAME")
    listing.add_argument("--before", type=row_id, metavar="ID", help="older than this one")
    listing.add_argument("--limit", type=whole(1, 1000), default=50, metavar="N")
    showing = action(where, "show", _show, "a record as it came, on standard output; its reason on standard error")
    showing.add_argument("id", type=row_id, metavar="ID")
    for one in where.choices.values():
        json_option(one)


async def _list(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        rows = [
            asdict(one) for one in await trials.refusals(pool, given.registry, before=given.before, limit=given.limit)
        ]
    print(as_json(rows) if given.json else printable(table(rows, COLUMNS, none="no record waits aside")))
    return Exit.OK


async def _show(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        body = await trials.refusal_body(pool, given.id)
        found = await trials.refusals(pool, before=given.id + 1, limit=1)
    if not found or found[0].id != given.id:
        raise NotFound(f"record {given.id} does not wait aside any more: it could be read after all")
    if given.json:
        print(as_json(asdict(found[0]) | {"body_base64": base64.b64encode(body).decode()}))
    else:
        sys.stderr.write(printable(f"{found[0].registry} {found[0].registry_id or ''}: {found[0].reason}\n"))
        sys.stdout.buffer.write(body)
    return Exit.OK


COMMAND = Command("refused", "records that could not be read", arguments, run_action)
