"""Approvals in PostgreSQL."""

from datetime import datetime
from typing import Any

from actors.errors import NotFound
from actors.governance.approvals import Approval, Policy, Rule, State, Wish, check, covers_until
from actors.runtime.database import Database as Database
from schema import query

EXPIRED_AT_ONCE = 200


async def ask(db: Database, wish: Wish, rule: Rule, now: datetime) -> Approval:
    """Raises Refusal."""
    check(wish, rule.policy)
    return _approval(
        await db.fetchrow(
            query("governance.ask_approval"), wish.gate, rule.policy.value, wish.phase, wish.rows, wish.asked,
            wish.because, wish.who, now + rule.waits, wish.job, wish.tenant,
        )
    )  # fmt: skip


async def approval(db: Database, id_: int) -> Approval:
    """Raises NotFound."""
    row = await db.fetchrow(query("governance.approval"), id_)
    if row is None:
        raise NotFound(f"id: there is no approval {id_}")
    return _approval(row)


async def listed(
    db: Database, *, state: str | None = None, who: str | None = None, before: int | None = None, limit: int = 50
) -> list[Approval]:
    """The newest first, one more than a page holds."""
    return [_approval(row) for row in await db.fetch(query("governance.approvals"), state, who, before, limit + 1)]


async def covering(db: Database, wish: Wish, now: datetime) -> int | None:
    """The approval that was given before and covers this."""
    found = await db.fetchval(query("governance.covering"), wish.who, wish.gate, wish.phase, now, wish.asked)
    return None if found is None else int(found)


async def same(db: Database, wish: Wish) -> Approval | None:
    """One that waits for the same already."""
    row = await db.fetchrow(query("governance.same_request"), wish.who, wish.gate, wish.asked)
    return None if row is None else _approval(row)


async def decide(
    db: Database, id_: int, state: State, policy: Policy, *, by: str, reason: str | None, now: datetime
) -> Approval | None:
    """None where another decided first, nobody in time, or who asked would."""
    until = covers_until(policy, now) if state is State.APPROVED else None
    row = await db.fetchrow(query("governance.decide"), id_, state.value, by, reason, now, until)
    return None if row is None else _approval(row)


async def withdraw(db: Database, id_: int, *, by: str, now: datetime) -> Approval | None:
    row = await db.fetchrow(query("governance.withdraw"), id_, by, now)
    return None if row is None else _approval(row)


async def expire(db: Database, now: datetime) -> list[Approval]:
    return [_approval(row) for row in await db.fetch(query("governance.expire"), now, EXPIRED_AT_ONCE)]


async def waiting(db: Database) -> tuple[int, float]:
    """How many wait, and the age of the oldest in seconds."""
    row = await db.fetchrow(query("governance.approvals_waiting"))
    return row["number"], row["age_s"]


async def trim(db: Database, before: datetime) -> int:
    return int(await db.fetchval(query("governance.trim_approvals"), before))


def _approval(row: Any) -> Approval:
    return Approval(**{**row, "policy": Policy(row["policy"]), "state": State(row["state"])})
