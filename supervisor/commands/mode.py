"""`triald mode`: what the service may do at all, and changing that."""

import argparse
from typing import Any

from actors.governance.audit import store as audit
from actors.governance.mode import Mode, store
from supervisor.auditing import by_command
from supervisor.commands import Command, Exit, database, json_option
from supervisor.printing import as_json, cell
from supervisor.settings import Settings


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "mode", nargs="?", type=_mode, metavar="LIVE|DEMO|STANDBY", help="the mode from now on; none: say which it is"
    )
    parser.add_argument("--because", metavar="TEXT", help="why, for who wonders later")
    json_option(parser)


def _mode(word: str) -> Mode:
    try:
        return Mode(word.upper())
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected LIVE, DEMO or STANDBY, got {word!r}") from None


async def run(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        if given.mode is not None:
            async with pool.acquire() as db, db.transaction():
                done = await store.switch(db, given.mode, by=by_command("mode_switch").who, because=given.because)
                told: dict[str, Any] = {"previous_mode": done.previous and done.previous.value, "version": done.version}
                await audit.append(db, by_command("mode_switch", mode=given.mode.value, **told))
        chosen = await store.chosen(pool)
    if chosen is None:
        print(as_json({"mode": Mode.STANDBY.value, "readable": False}) if given.json else UNREADABLE)
        return Exit.FAILED
    print(as_json(chosen) if given.json else _shown(chosen))
    return Exit.OK


UNREADABLE = "STANDBY: the row that says the mode is gone; triald mode LIVE makes it anew"


def _shown(chosen: Any) -> str:
    by = f" by {chosen.changed_by}" if chosen.changed_by else ""
    since = f"since {cell(chosen.changed_at)} UTC{by}"
    return f"{chosen.mode}, {since}" + (f": {chosen.because}" if chosen.because else "")


COMMAND = Command("mode", "LIVE, DEMO or STANDBY: what the service may do at all", arguments, run)
