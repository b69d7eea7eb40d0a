"""`triald user`: people and programs, from the command line, of any tenant."""

import argparse
import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actors.errors import Refusal
from actors.governance.accounts import HOME, check_email, store
from actors.governance.accounts.passwords import Passwords, one_time
from actors.governance.audit import store as audit
from supervisor import persons
from supervisor.auditing import by_command
from supervisor.commands import Command, Exit, action, actions, database, json_option, run_action
from supervisor.printing import as_json, printable, table
from supervisor.roles import PEOPLE
from supervisor.settings import Settings

if TYPE_CHECKING:
    import asyncpg

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
    exporting = action(where, "export", _export, "everything that is held of somebody, as one JSON document")
    exporting.add_argument("login", metavar="LOGIN")
    exporting.add_argument("file", type=Path, metavar="FILE", help="which may not be there yet")
    erasing = action(where, "erase", _erase, "everything that is held of somebody goes, for good")
    erasing.add_argument("login", metavar="LOGIN")
    erasing.add_argument("--yes", action="store_true", help="nothing of it comes back: without this nothing is done")
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


async def _export(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        one = await store.user(pool, given.login)
        written = await _write(given.file, persons.document(pool, one))
        async with pool.acquire() as db, db.transaction():
            await audit.append(db, by_command("users_export", f"actor {await audit.actor(db, one.login)}"))
    told = {"login": one.login, "file": str(given.file), "bytes": written}
    print(as_json(told) if given.json else f"{given.file}: {written} bytes, everything that is held of {one.login}")
    return Exit.OK


async def _write(file: Path, parts: AsyncIterator[bytes]) -> int:
    """For its owner alone to read. Raises Refusal where there is one already, or none can be."""
    written = 0
    try:
        target = await asyncio.to_thread(os.open, file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Refusal(f"file: {file} cannot be written: {error.strerror}", field="file") from error
    with os.fdopen(target, "wb") as opened:
        async for part in parts:
            written += await asyncio.to_thread(opened.write, part)
    return written


async def _erase(given: argparse.Namespace, settings: Settings) -> int:
    if not given.yes:
        raise Refusal(f"yes: nothing of {given.login!r} comes back; say --yes where that is meant", field="yes")
    async with database(settings) as pool:
        await _settle(pool, given.login)
        async with pool.acquire() as db, db.transaction():
            erased = await persons.erase(db, await store.user(db, given.login))
            await audit.append(db, by_command("users_erase", f"actor {erased.actor}"))
    told = {"login": given.login, "alias": erased.alias}
    said = f"everything that was held of {given.login} is gone; what others rest on says {erased.alias}"
    print(as_json(told) if given.json else said)
    return Exit.OK


async def _settle(pool: "asyncpg.Pool[Any]", login: str) -> None:
    """Switches them off, and waits until nothing of theirs is under way."""
    now = datetime.now(UTC)
    async with pool.acquire() as db, db.transaction():
        one = await store.user(db, login)
        await store.switch_user(db, one, now, on=False)
    since = now if one.disabled_at is None else one.disabled_at
    await asyncio.sleep(max(0.0, (since + persons.SETTLES - now).total_seconds() + 0.5))


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
