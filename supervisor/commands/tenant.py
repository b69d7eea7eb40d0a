"""`triald tenant`: the organisations that use this service."""

import argparse

from actors.governance.accounts import store
from actors.governance.accounts.passwords import Passwords, one_time
from actors.governance.audit import store as audit
from actors.storage import GB
from actors.storage import store as files
from supervisor.auditing import by_command
from supervisor.commands import Command, Exit, action, actions, database, json_option, run_action
from supervisor.printing import as_json, table
from supervisor.roles import Role
from supervisor.settings import Settings

MOST_GB = 1_000_000
COLUMNS = ("id", "name", "users", "created_at", "disabled_at")


def arguments(parser: argparse.ArgumentParser) -> None:
    where = actions(parser)
    adding = action(where, "add", _add, "an organisation and its first admin, whose one-time password is shown once")
    adding.add_argument("name", metavar="NAME")
    adding.add_argument("admin", metavar="LOGIN", help="of its first admin, who adds the others")
    action(where, "list", _list, "every organisation, and how many people it has")
    for name, run, says in (
        ("disable", _disable, "nobody of it comes in; nothing of it is lost"),
        ("enable", _enable, "its people come in again"),
    ):
        action(where, name, run, says).add_argument("name", metavar="NAME")
    quota = action(where, "quota", _quota, "how much its files may take, and how much they do; --gb sets it")
    quota.add_argument("name", metavar="NAME")
    quota.add_argument(
        "--gb",
        type=_gb,
        metavar="N",
        default=argparse.SUPPRESS,
        help="in GB (10^9 bytes); default: as storage_quota_gb says",
    )
    for one in where.choices.values():
        json_option(one)


async def _add(given: argparse.Namespace, settings: Settings) -> int:
    password = one_time()
    hashed = await Passwords().hash(password)
    async with database(settings) as pool, pool.acquire() as db, db.transaction():
        tenant = await store.add_tenant(db, given.name)
        admin = Role.ADMIN.word
        await store.add_user(db, tenant, given.admin, admin, password=hashed, must_change=True)
        await audit.append(db, by_command("users_add_tenant", f"tenant={tenant}"))
    told = {"id": tenant, "name": given.name, "admin": given.admin, "password": password}
    print(as_json(told) if given.json else password)
    return Exit.OK


async def _list(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        rows = [{name: getattr(one, name) for name in COLUMNS} for one in await store.tenants(pool)]
    print(as_json(rows) if given.json else table(rows, COLUMNS))
    return Exit.OK


async def _disable(given: argparse.Namespace, settings: Settings) -> int:
    return await _switch(given, settings, on=False)


async def _enable(given: argparse.Namespace, settings: Settings) -> int:
    return await _switch(given, settings, on=True)


async def _switch(given: argparse.Namespace, settings: Settings, *, on: bool) -> int:
    async with database(settings) as pool, pool.acquire() as db, db.transaction():
        tenant = await store.tenant_named(db, given.name)
        await store.switch_tenant(db, tenant, on=on)
        await audit.append(db, by_command("users_switch_tenant", f"tenant={tenant}", is_on=on))
    told = f"{given.name} is {'on again' if on else 'off'}"
    print(as_json({"name": given.name, "on": on}) if given.json else told)
    return Exit.OK


def _gb(text: str) -> int | None:
    """Bytes; None for what the settings say."""
    if text == "default":
        return None
    size_gb = float(text)
    if not 0 <= size_gb <= MOST_GB:
        raise ValueError
    return round(size_gb * GB)


async def _quota(given: argparse.Namespace, settings: Settings) -> int:
    """Without --gb nothing is changed."""
    async with database(settings) as pool, pool.acquire() as db, db.transaction():
        tenant = await store.tenant_named(db, given.name)
        if "gb" in given:
            await files.set_quota(db, tenant, given.gb)
            await audit.append(db, by_command("users_set_quota", f"tenant={tenant}"))
        own = await files.quota(db, tenant)
        used, _ = await files.used(db, tenant)
    quota = round(settings.storage_quota_gb * GB) if own is None else own
    told = {"name": given.name, "used_bytes": used, "quota_bytes": quota, "of_its_own": own is not None}
    shown = f"{used / GB:,.3f} of {quota / GB:,.3f} GB" + ("" if own is not None else " (storage_quota_gb)")
    print(as_json(told) if given.json else shown)
    return Exit.OK


COMMAND = Command("tenant", "the organisations that use this service", arguments, run_action)
