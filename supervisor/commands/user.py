"""`triald user`: people and programs, from the command line, of any tenant."""

import argparse
from datetime import UTC, datetime
from typing import Any

from actors.errors import Refusal
from actors.governance.accounts import HOME, check_email, store
from actors.governance.accounts.passwords import Passwords, one_time
from actors.governance.audit import store as audit
from supervisor.auditing import by_command
from supervisor.commands import Command, Exit, action, actions, database, json_option, run_action
from supervisor.printing import as_json, printable, table
from supervisor.roles import PEOPLE
from supervisor.settings import Settings

COLUMNS = ("login", "role", "kind", "tenant", "name", "email", "seen_at", "disabled_at")
ROLES = tuple(role.word for role in PEOPLE)
PAGE = 500


def arguments(parser: argparse.ArgumentParser) -> None:
    where = actions(parser)
    adding = action(where, "add", _add, "a person, whose one-time password is shown once")
    adding.add_argument("login", metavar="LOGIN")
    adding.add_argument("--role", choices=ROLES, default="viewer", help="what they may do (default: viewer)")
    adding.add_argument("--tenant", metavar="NAME", help="whose they are; without it of the tenant that runs triald")
    adding.add_argument("--name", metavar="TEXT")
    adding.add_argument("--email", metavar="ADDRESS")
    adding.add_argument("--program", action="store_true", help="a program, which gets tokens and no password")
    listing = action(where, "list", _list, "everybody, by login")
    listing.add_argument("--tenant", metavar="NAME", help="of one tenant")
    role = action(where, "role", _role, "what somebody may do, from their next request on")
    role.add_argument("login", metavar="LOGIN")
    role.add_argument("role", choices=ROLES)
    for name, run, says in (
        ("disable", _disable, "somebody comes in no more: their logins end, their tokens open nothing"),
        ("enable", _enable, "somebody comes in again"),
        ("password", _password, "a one-time password for who forgot theirs; their logins end"),
    ):
        action(where, name, run, says).add_argument("login", metavar="LOGIN")
    for one in where.choices.values():
        json_option(one)


async def _add(given: argparse.Namespace, settings: Settings) -> int:
    email = check_email(given.email) if given.email else None
    password = None if given.program else one_time()
    hashed = None if password is None else await Passwords().hash(password)
    async with database(settings) as pool, pool.acquire() as db, db.transaction():
        tenant = await store.tenant_named(db, given.tenant) if given.tenant else HOME
        user = await store.add_user(
            db, tenant, given.login, given.role, kind="program" if given.program else "person", name=given.name or None,
            email=email, password=hashed, must_change=password is not None,
        )  # fmt: skip
        await audit.append(db, by_command("users_add", f"user={user}", role=given.role))
    return _told(given, password, "was added")


async def _list(given: argparse.Namespace, settings: Settings) -> int:
    rows: list[Any] = []
    async with database(settings) as pool:
        tenant = await store.tenant_named(pool, given.tenant) if given.tenant else None
        while page := await store.users(pool, after=rows[-1].login if rows else "", limit=PAGE):
            rows += page
    told = [{name: getattr(one, name) for name in COLUMNS} for one in rows if tenant in (None, one.tenant_id)]
    print(as_json(told) if given.json else printable(table(told, COLUMNS, none="nobody yet: triald up makes an admin")))
    return Exit.OK


async def _role(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool, pool.acquire() as db, db.transaction():
        one = await store.user(db, given.login)
        await store.set_role(db, one, given.role)
        await audit.append(db, by_command("users_role", f"user={one.id}", role=given.role))
    return _told(given, None, f"is a {given.role}", role=given.role)


async def _disable(given: argparse.Namespace, settings: Settings) -> int:
    return await _switch(given, settings, on=False)


async def _enable(given: argparse.Namespace, settings: Settings) -> int:
    return await _switch(given, settings, on=True)


async def _switch(given: argparse.Namespace, settings: Settings, *, on: bool) -> int:
    async with database(settings) as pool, pool.acquire() as db, db.transaction():
        one = await store.user(db, given.login)
        await store.switch_user(db, one, datetime.now(UTC), on=on)
        await audit.append(db, by_command("users_switch", f"user={one.id}", is_on=on))
    return _told(given, None, "comes in again" if on else "comes in no more", on=on)


async def _password(given: argparse.Namespace, settings: Settings) -> int:
    password = one_time()
    hashed = await Passwords().hash(password)
    async with database(settings) as pool, pool.acquire() as db, db.transaction():
        one = await store.user(db, given.login)
        if one.kind != "person":
            raise Refusal(f"login: {one.login!r} is a program; give it a token", field="login")
        await store.set_password(db, one.id, hashed, must_change=True)
        await store.end_sessions(db, one.id, datetime.now(UTC), "password reset")
        await store.forgive(db, one.login)
        await audit.append(db, by_command("users_password", f"user={one.id}"))
    return _told(given, password, "has another password")


def _told(given: argparse.Namespace, password: str | None, says: str, **more: Any) -> int:
    """A one-time password goes to standard output alone, so that a script can take it."""
    if given.json:
        print(as_json({"login": given.login, **more} | ({"password": password} if password else {})))
    elif password:
        print(password)
    else:
        print(f"{given.login} {says}")
    return Exit.OK


COMMAND = Command("user", "people and programs: added, given a role, switched off", arguments, run_action)
