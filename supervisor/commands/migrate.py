"""`triald migrate`: the schema brought up to date, or back to a number."""

import argparse

from actors.errors import Refusal
from actors.queue import store as queue
from schema.migrate import MigrationError, Step, migrate
from supervisor.commands import Command, Exit, connection, json_option, whole
from supervisor.kinds import job_kinds
from supervisor.printing import as_json
from supervisor.settings import Settings


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--to", type=whole(0, 9999), metavar="N", help="go forward or back to this migration; 0 empties the database"
    )
    json_option(parser)


async def run(given: argparse.Namespace, settings: Settings) -> int:
    async with connection(settings) as db:
        try:
            steps = await migrate(db, given.to)
        except MigrationError as error:
            raise Refusal(f"not migrated: {error}") from error
        if given.to is None:
            await queue.ensure_queues(db, {kind.queue for kind in job_kinds().values()})
    told = [_told(step) for step in steps]
    print(as_json({"steps": told}) if given.json else _lines(told))
    return Exit.OK


def _told(step: Step) -> dict[str, object]:
    return {"number": step.migration.number, "title": step.migration.title, "direction": step.direction.value}


def _lines(told: list[dict[str, object]]) -> str:
    lines = [f"{one['number']:04} {one['title']}: {one['direction']}" for one in told]
    return "\n".join(lines) or "nothing to do"


COMMAND = Command("migrate", "apply or reverse migrations", arguments, run)
