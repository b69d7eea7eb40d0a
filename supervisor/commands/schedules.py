"""`triald schedules`: what is fired by the clock."""

import argparse
from datetime import UTC, datetime

from actors.errors import NotFound
from actors.queue import cron
from actors.queue import schedules as store
from supervisor.commands import Command, Exit, action, actions, database, json_option, run_action
from supervisor.printing import as_json, table
from supervisor.settings import Settings

COLUMNS = ("name", "cron", "zone", "kind", "enabled", "next_due_at")


def arguments(parser: argparse.ArgumentParser) -> None:
    where = actions(parser)
    action(where, "list", _list, "every schedule, and when it is due next")
    action(where, "enable", _enable, "fire a schedule again, from its next time on").add_argument(
        "name", metavar="NAME"
    )
    action(where, "disable", _disable, "fire a schedule no more").add_argument("name", metavar="NAME")
    for one in where.choices.values():
        json_option(one)


async def _list(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        schedules = await store.every(pool)
    print(as_json(schedules) if given.json else table(schedules, COLUMNS))
    return Exit.OK


async def _enable(given: argparse.Namespace, settings: Settings) -> int:
    return await _set(given, settings, enabled=True)


async def _disable(given: argparse.Namespace, settings: Settings) -> int:
    return await _set(given, settings, enabled=False)


async def _set(given: argparse.Namespace, settings: Settings, *, enabled: bool) -> int:
    async with database(settings) as pool:
        found = [schedule for schedule in await store.every(pool) if schedule["name"] == given.name]
        if not found:
            raise NotFound(f"schedule: there is no schedule {given.name!r}")
        due = cron.next_after(found[0]["cron"], found[0]["zone"], datetime.now(UTC))
        await store.enable(pool, given.name, enabled=enabled, next_due_at=due)
    told = {"name": given.name, "enabled": enabled, "next_due_at": due if enabled else None}
    words = f"{given.name} is due at {due:%Y-%m-%d %H:%M} UTC" if enabled else f"{given.name} is not fired any more"
    print(as_json(told) if given.json else words)
    return Exit.OK


COMMAND = Command("schedules", "what is fired by the clock", arguments, run_action)
