"""`triald token`: the tokens that open the pages and the HTTP interface."""

import argparse

from actors.governance import store
from supervisor.commands import Command, Exit, action, actions, database, json_option, run_action
from supervisor.printing import as_json, table
from supervisor.roles import Role
from supervisor.settings import Settings
from supervisor.tokens import new_token

COLUMNS = ("name", "role", "created_at", "used_at", "revoked_at")
ROLES = tuple(role.word for role in Role if role is not Role.ANYONE)


def arguments(parser: argparse.ArgumentParser) -> None:
    where = actions(parser)
    making = action(where, "new", _new, "make a token; it is shown once and cannot be shown again")
    making.add_argument("name", metavar="NAME", help="whom it is for")
    making.add_argument("--role", choices=ROLES, default="viewer", help="what it may do (default: viewer)")
    action(where, "list", _list, "every token, without itself")
    action(where, "revoke", _revoke, "a token opens nothing any more, within seconds").add_argument(
        "name", metavar="NAME"
    )
    for one in where.choices.values():
        json_option(one)


async def _new(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        token = await new_token(pool, given.name, Role.of(given.role))
    print(as_json({"name": given.name, "role": given.role, "token": token}) if given.json else token)
    return Exit.OK


async def _list(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        rows = [{name: getattr(token, name) for name in COLUMNS} for token in await store.tokens(pool)]
    print(as_json(rows) if given.json else table(rows, COLUMNS, none="no token yet: triald up makes one"))
    return Exit.OK


async def _revoke(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        await store.revoke_token(pool, given.name)
    print(as_json({"name": given.name, "revoked": True}) if given.json else f"{given.name} is revoked")
    return Exit.OK


COMMAND = Command("token", "who may use the pages and the HTTP interface", arguments, run_action)
