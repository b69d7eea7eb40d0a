"""`triald flag`: what is switched on, for whom."""

import argparse
from dataclasses import asdict
from typing import Any

from actors.errors import Refusal
from actors.governance.accounts import store as accounts
from actors.governance.audit import store as audit
from actors.governance.flags import store
from actors.governance.mode import Mode
from supervisor.auditing import by_command
from supervisor.commands import Command, Exit, action, actions, database, json_option, row_id, run_action, whole
from supervisor.printing import as_json, table
from supervisor.settings import Settings

COLUMNS = ("name", "is_on", "rollout", "modes", "rules", "says")


def arguments(parser: argparse.ArgumentParser) -> None:
    where = actions(parser)
    action(where, "list", _list, "every flag")
    putting = action(where, "set", _set, "make a flag, or change what is given of it")
    putting.add_argument("name", metavar="NAME")
    _switch(putting)
    putting.add_argument("--modes", nargs="+", type=str.upper, choices=[mode.value for mode in Mode], metavar="MODE")
    putting.add_argument("--says", metavar="TEXT", help="what it switches; a new flag needs it")
    ruling = action(where, "rule", _rule, "what differs for an organisation or for one person")
    ruling.add_argument("name", metavar="NAME")
    _switch(ruling)
    ruling.add_argument("--organisation", metavar="NAME")
    ruling.add_argument("--user", metavar="LOGIN")
    ruling.add_argument("--drop", type=row_id, metavar="ID", help="it differs no more")
    action(where, "drop", _drop, "forget a flag, which is then off").add_argument("name", metavar="NAME")
    for one in where.choices.values():
        json_option(one)


def _switch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--on", action=argparse.BooleanOptionalAction, default=None, help="whether it is on")
    parser.add_argument("--rollout", type=whole(0, 100), metavar="PERCENT", help="for how many people")


async def _list(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        told = [asdict(one) | {"rules": await store.rules(pool, one.name)} for one in await store.flags(pool)]
    if given.json:
        print(as_json(told))
        return Exit.OK
    rows = [one | {"modes": " ".join(one["modes"]), "rules": len(one["rules"])} for one in told]
    print(table(rows, COLUMNS, none="there is no flag"))
    return Exit.OK


async def _set(given: argparse.Namespace, settings: Settings) -> int:
    changes: dict[str, Any] = {"rollout": given.rollout, "modes": given.modes}
    async with database(settings) as pool, pool.acquire() as db, db.transaction():
        act = by_command("flag_set", f"name={given.name[:100]}", is_on=given.on, **changes)
        done = await store.put(db, given.name, on=given.on, says=given.says, by=act.who, **changes)
        await audit.append(db, act)
    told = f"{done.name} is {'on' if done.is_on else 'off'} for {done.rollout} % in {' '.join(done.modes)}"
    print(as_json(done) if given.json else told)
    return Exit.OK


async def _rule(given: argparse.Namespace, settings: Settings) -> int:
    if sum(one is not None for one in (given.organisation, given.user, given.drop)) != 1:
        raise Refusal("rule: expected one of --organisation, --user and --drop")
    if given.drop is None and given.on is None:
        raise Refusal("rule: expected --on or --no-on")
    rollout = 100 if given.rollout is None else given.rollout
    async with database(settings) as pool, pool.acquire() as db, db.transaction():
        if given.drop is not None:
            await store.drop_rule(db, given.name, given.drop)
            made = given.drop
        elif given.user is not None:
            made = await store.put_user_rule(db, given.name, given.user, on=given.on, rollout=rollout)
        else:
            tenant = await _tenant(db, given.organisation)
            made = await store.put_tenant_rule(db, given.name, tenant, on=given.on, rollout=rollout)
        await audit.append(db, by_command("flag_rule", f"name={given.name}", number=made, is_on=given.on))
    print(as_json({"name": given.name, "rule": made}) if given.json else f"rule {made} of {given.name}")
    return Exit.OK


async def _tenant(db: Any, name: str) -> int:
    found = next((one.id for one in await accounts.tenants(db) if one.name == name), None)
    if found is None:
        raise Refusal(f"organisation: there is none {name[:100]!r}")
    return found


async def _drop(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool, pool.acquire() as db, db.transaction():
        await store.drop(db, given.name)
        await audit.append(db, by_command("flag_drop", f"name={given.name}"))
    print(as_json({"name": given.name, "dropped": True}) if given.json else f"{given.name} is forgotten, and off")
    return Exit.OK


COMMAND = Command("flag", "what is switched on, for whom", arguments, run_action)
