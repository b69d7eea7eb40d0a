"""`triald token`: the tokens that open the pages and the HTTP interface, and the keys behind short ones."""

import argparse
from datetime import UTC, datetime, timedelta

from actors.errors import Refusal
from actors.governance import store
from actors.governance.accounts import check_scopes
from actors.governance.accounts import store as accounts
from actors.governance.audit import store as audit
from supervisor import signing
from supervisor.auditing import by_command
from supervisor.commands import Command, Exit, action, actions, database, json_option, run_action, whole
from supervisor.printing import as_json, table
from supervisor.roles import PEOPLE, Role
from supervisor.settings import Settings
from supervisor.tokens import new_token

COLUMNS = ("name", "login", "role", "scopes", "created_at", "used_at", "expires_at", "revoked_at")
ROLES = tuple(role.word for role in PEOPLE)
LONGEST_DAYS = 3660


def arguments(parser: argparse.ArgumentParser) -> None:
    where = actions(parser)
    making = action(where, "new", _new, "make a token; it is shown once and cannot be shown again")
    making.add_argument("name", metavar="NAME", help="what it is for")
    making.add_argument("--user", metavar="LOGIN", help="whose it is; without it a program's of the same name")
    making.add_argument("--role", choices=ROLES, default="viewer", help="what it may do (default: viewer)")
    making.add_argument(
        "--scope", action="append", metavar="SCOPE",
        help="what it is for: read, write, or the same of one resource such as trials:read; may be given again",
    )  # fmt: skip
    making.add_argument("--days", type=whole(1, LONGEST_DAYS), metavar="N", help="for how long; without it for good")
    action(where, "list", _list, "every token, without itself").add_argument(
        "--user", metavar="LOGIN", help="of one user"
    )
    revoking = action(where, "revoke", _revoke, "a token opens nothing any more, within seconds")
    revoking.add_argument("name", metavar="NAME")
    revoking.add_argument("--user", metavar="LOGIN", help="whose it is; without it a program's of the same name")
    action(where, "rotate-keys", _rotate_keys, "a fresh key signs access tokens from now on; nobody is logged out")
    for one in where.choices.values():
        json_option(one)


async def _new(given: argparse.Namespace, settings: Settings) -> int:
    scopes = check_scopes(tuple(given.scope or ("read", "write")))
    role, until = Role.of(given.role), None
    if given.days is not None:
        until = datetime.now(UTC) + timedelta(days=given.days)
    async with database(settings) as pool, pool.acquire() as db, db.transaction():
        one = await accounts.user(db, given.user) if given.user else None
        if one is not None and not Role.of(one.role).may(role):
            raise Refusal(f"role: {one.login!r} is a {one.role}; a token may do no more", field="role")
        user = None if one is None else one.id
        token = await new_token(db, given.name, role, user=user, scopes=scopes, expires_at=until)
        await audit.append(db, by_command("me_new_token", role=given.role, scopes=list(scopes)))
    told = {"name": given.name, "role": given.role, "token": token}
    print(as_json(told) if given.json else token)
    return Exit.OK


async def _list(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        user = (await accounts.user(pool, given.user)).id if given.user else None
        rows = [{name: getattr(token, name) for name in COLUMNS} for token in await store.tokens(pool, user)]
    print(as_json(rows) if given.json else table(rows, COLUMNS, none="no token yet: triald token new makes one"))
    return Exit.OK


async def _revoke(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool, pool.acquire() as db, db.transaction():
        await store.revoke_token(db, given.name, given.user)
        await audit.append(db, by_command("me_revoke"))
    print(as_json({"name": given.name, "revoked": True}) if given.json else f"{given.name} is revoked")
    return Exit.OK


async def _rotate_keys(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        key = await signing.rotate(pool)
        await audit.append(pool, by_command("rotate_keys"))
    print(as_json({"key": key}) if given.json else f"{key} signs from now on; what older keys signed stays good")
    return Exit.OK


COMMAND = Command("token", "tokens for programs, and the keys that sign access tokens", arguments, run_action)
