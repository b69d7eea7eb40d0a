"""Approvals: who decides, once, and what follows for the job."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from actors.errors import Conflict, NotFound, Refusal
from actors.governance.approvals import Approval, NotYours, Policy, Rule, State, Wish, deciding, needs, store
from actors.queue import operating
from actors.queue import store as queue
from actors.queue.job import NewJob
from tests.governance.people import settle

if TYPE_CHECKING:
    Pool = asyncpg.Pool[Any]

WISH = Wish("export", "jo", 1, rows=200_000, asked="format=csv&q=heart", because="the yearly review")


@pytest.mark.parametrize(("rows", "needed"), [(0, False), (100_000, False), (100_001, True)])
def test_more_rows_than_the_rule_says_need_an_approval(rows: int, needed: bool) -> None:
    """R11: > 100 000 rows."""
    assert needs(Rule(), rows) is needed


async def asked(db: "Pool", wish: Wish = WISH, rule: Rule | None = None) -> Approval:
    """With a job that is held for it, as of now by the database's clock."""
    async with db.acquire() as one, one.transaction():
        [job] = await queue.enqueue(one, [NewJob("maintain", held=True)])
        return await store.ask(one, replace(wish, job=job), rule or Rule(), await one.fetchval("select now()"))


async def now_of(db: "Pool") -> Any:
    return await db.fetchval("select now()")


async def test_a_job_leaves_held_when_somebody_else_agrees(db: "Pool") -> None:
    """R11: held until a STEWARD other than the requester decides; the decision and the job are one."""
    await settle(db)
    one = await asked(db)
    assert await operating.state_of(db, one.job_id or 0) == "held"
    done = await deciding.approve(db, one.id, by="sam", reason=None, now=await now_of(db))
    assert (done.state, done.decided_by) == (State.APPROVED, "sam")
    assert await operating.state_of(db, one.job_id or 0) == "ready"


async def test_who_asked_cannot_decide_and_nothing_else_lets_the_job_go(db: "Pool") -> None:
    """R11: the requester cannot approve, an operator cannot release, and the database refuses it itself."""
    await settle(db)
    one = await asked(db)
    with pytest.raises(NotYours):
        await deciding.approve(db, one.id, by="jo", reason=None, now=await now_of(db))
    with pytest.raises(Conflict, match=f"waits for approval {one.id}"):
        await operating.release(db, one.job_id or 0)
    with pytest.raises(asyncpg.CheckViolationError):
        await db.execute("update approvals set state = 'approved', decided_by = 'jo', decided_at = now()")
    assert await operating.state_of(db, one.job_id or 0) == "held"


async def test_of_two_who_decide_at_once_one_is_heard(db: "Pool") -> None:
    """R11: exactly once."""
    await settle(db)
    one, now = await asked(db), await now_of(db)

    async def decide(by: str) -> str:
        async with db.acquire() as own, own.transaction():
            if by == "sam":
                return (await deciding.approve(own, one.id, by=by, reason=None, now=now)).state
            return (await deciding.deny(own, one.id, by=by, reason="no", now=now)).state

    ends = await asyncio.gather(*(decide(by) for by in ("sam", "kim") * 5), return_exceptions=True)
    assert sum(isinstance(end, str) for end in ends) == 1
    assert sum(isinstance(end, Conflict) for end in ends) == 9
    with pytest.raises(asyncpg.CheckViolationError):
        await db.execute("update approvals set state = case state when 'denied' then 'approved' else 'denied' end")


async def test_who_denies_says_why_and_the_job_is_cancelled(db: "Pool") -> None:
    """R11: deny → cancelled with a reason."""
    await settle(db)
    one, now = await asked(db), await now_of(db)
    with pytest.raises(Refusal, match="reason"):
        await deciding.deny(db, one.id, by="sam", reason=" ", now=now)
    await deciding.deny(db, one.id, by="sam", reason="too much", now=now)
    assert await operating.state_of(db, one.job_id or 0) == "cancelled"
    with pytest.raises(Conflict, match="denied already, by sam"):
        await deciding.approve(db, one.id, by="kim", reason=None, now=now)


async def test_what_nobody_decides_in_time_expires_with_its_job(db: "Pool") -> None:
    """R11: expiry by the clock; afterwards nobody can agree to it."""
    await settle(db)
    one = await asked(db)
    late = one.expires_at + timedelta(seconds=1)
    with pytest.raises(Conflict, match="expired"):
        await deciding.approve(db, one.id, by="sam", reason=None, now=late)
    assert await deciding.expire(db, one.expires_at - timedelta(seconds=1)) == []
    assert [ended.id for ended in await deciding.expire(db, late)] == [one.id]
    assert await operating.state_of(db, one.job_id or 0) == "cancelled"


async def test_who_asked_may_take_it_back(db: "Pool") -> None:
    """R11: withdrawn by its requester alone."""
    await settle(db)
    one, now = await asked(db), await now_of(db)
    with pytest.raises(NotYours):
        await deciding.withdraw(db, one.id, by="sam", now=now)
    await deciding.withdraw(db, one.id, by="jo", now=now)
    assert await operating.state_of(db, one.job_id or 0) == "cancelled"
    with pytest.raises(Conflict, match="withdrawn"):
        await deciding.withdraw(db, one.id, by="jo", now=now)
    with pytest.raises(NotFound):
        await deciding.withdraw(db, 99, by="jo", now=now)


@pytest.mark.parametrize(
    ("policy", "other_phase", "lasts"),
    [
        (Policy.REQUIRE_EACH, False, timedelta(days=1)),
        (Policy.APPROVE_PHASE, False, timedelta(days=30)),
        (Policy.APPROVE_SESSION, True, timedelta(hours=8)),
    ],
)
async def test_what_an_approval_covers(db: "Pool", policy: Policy, other_phase: bool, lasts: timedelta) -> None:
    """R11: REQUIRE_EACH, APPROVE_PHASE, APPROVE_SESSION."""
    await settle(db)
    wish = replace(WISH, phase="screening")
    one, now = await asked(db, wish, Rule(policy=policy)), await now_of(db)
    assert await store.covering(db, wish, now) is None
    await deciding.approve(db, one.id, by="sam", reason=None, now=now)
    assert await store.covering(db, wish, now) == one.id
    each = policy is Policy.REQUIRE_EACH
    assert await store.covering(db, replace(wish, phase="writing"), now) == (one.id if other_phase or each else None)
    assert await store.covering(db, replace(wish, asked="q=lung"), now) == (None if each else one.id)
    assert await store.covering(db, replace(wish, who="kim"), now) is None
    assert await store.covering(db, replace(wish, gate="delete"), now) is None
    assert await store.covering(db, wish, now + lasts) is None


async def test_a_phase_must_be_named_where_it_decides(db: "Pool") -> None:
    await settle(db)
    with pytest.raises(Refusal, match="phase"):
        await asked(db, rule=Rule(policy=Policy.APPROVE_PHASE))


async def test_lists_counts_and_what_is_old_goes(db: "Pool") -> None:
    """R11: what waits is counted; what was decided goes once it covers nothing."""
    await settle(db)
    one, other, now = await asked(db), await asked(db, replace(WISH, asked="format=parquet")), await now_of(db)
    assert (await store.waiting(db))[0] == 2
    assert await store.same(db, WISH) == one
    assert await store.same(db, replace(WISH, asked="q=x")) is None
    await deciding.approve(db, one.id, by="sam", reason=None, now=now)
    assert [each.id for each in await store.listed(db, state="waiting")] == [other.id]
    assert [each.id for each in await store.listed(db, who="jo")] == [other.id, one.id]
    assert await store.trim(db, now + timedelta(hours=23)) == 0
    assert await store.trim(db, now + timedelta(days=400)) == 1
    assert [each.id for each in await store.listed(db)] == [other.id]
