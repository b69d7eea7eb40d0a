"""Flags in PostgreSQL."""

from collections.abc import Sequence
from typing import Any

from actors.errors import NotFound, Refusal
from actors.governance.flags import Flag, Rule, check, is_on
from actors.governance.mode import Mode
from actors.runtime.database import Database as Database
from schema import query


async def flags(db: Database) -> list[Flag]:
    return [_flag(row) for row in await db.fetch(query("governance.flags"))]


async def flag(db: Database, name: str) -> Flag:
    """Raises NotFound."""
    row = await db.fetchrow(query("governance.flag"), name)
    if row is None:
        raise NotFound(f"name: there is no flag {name[:100]!r}")
    return _flag(row)


async def holds(db: Database, name: str, *, tenant: int, user: int, mode: Mode) -> bool:
    """Whether a flag is on for somebody now; one that nobody knows is off."""
    row = await db.fetchrow(query("governance.flag"), name)
    if row is None:
        return False
    rules = await db.fetch(query("governance.flag_rules_for"), name, tenant, user)
    return is_on(_flag(row), map(_rule, rules), tenant=tenant, user=user, mode=mode)


async def put(
    db: Database, name: str, *, on: bool | None = None, rollout: int | None = None,
    modes: Sequence[str] | None = None, says: str | None = None, by: str | None,
) -> Flag:  # fmt: skip
    """Makes a flag, which needs to say what it is, or changes what is given. Raises Refusal."""
    check(name, rollout=rollout, modes=modes, says=says)
    if says is None:
        says = (await flag(db, name)).says
    given = None if modes is None else list(modes)
    return _flag(await db.fetchrow(query("governance.put_flag"), name, on, rollout, given, says, by))


async def drop(db: Database, name: str) -> None:
    """Raises NotFound."""
    if await db.fetchval(query("governance.drop_flag"), name) is None:
        raise NotFound(f"name: there is no flag {name[:100]!r}")


async def rules(db: Database, name: str, tenant: int | None = None) -> list[Rule]:
    return [_rule(row) for row in await db.fetch(query("governance.flag_rules"), name, tenant)]


async def put_tenant_rule(db: Database, name: str, tenant: int, *, on: bool, rollout: int = 100) -> int:
    """What holds for an organisation. Raises Refusal."""
    await flag(db, name)
    check(name, rollout=rollout, modes=None, says=None)
    return int(await db.fetchval(query("governance.put_tenant_rule"), name, tenant, on, rollout))


async def put_user_rule(db: Database, name: str, login: str, *, on: bool, rollout: int = 100) -> int:
    """What holds for one person. Raises Refusal."""
    await flag(db, name)
    check(name, rollout=rollout, modes=None, says=None)
    id_ = await db.fetchval(query("governance.put_user_rule"), name, login, on, rollout)
    if id_ is None:
        raise Refusal(f"login: there is nobody {login[:100]!r}", field="login")
    return int(id_)


async def drop_rule(db: Database, name: str, rule: int) -> None:
    """Raises NotFound."""
    if await db.fetchval(query("governance.drop_rule"), name, rule) is None:
        raise NotFound(f"rule: {name[:100]!r} has no rule {rule}")


def _flag(row: Any) -> Flag:
    return Flag(**{**row, "modes": tuple(Mode(one) for one in row["modes"])})


def _rule(row: Any) -> Rule:
    return Rule(
        row["id"], row["of_tenant"], row["user_id"], row["is_on"], row["rollout"], row["changed_at"],
        row.get("organisation"), row.get("login"),
    )  # fmt: skip
