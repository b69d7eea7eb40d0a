"""Access requests: before, during and after."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from actors.errors import Conflict, NotFound, Refusal
from actors.governance.access import Duration, Request, State, may_access, store, until
from actors.governance.approvals import NotYours
from tests.governance.people import settle

if TYPE_CHECKING:
    import asyncpg

    Pool = asyncpg.Pool[Any]

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
SUBJECT = "phi:trial:123"


@pytest.mark.parametrize(
    ("duration", "hours"),
    [(Duration.SESSION, 8), (Duration.DAY, 24), (Duration.WEEK, 168), (Duration.PERMANENT, None)],
)
async def test_access_lasts_from_the_decision_for_as_long_as_was_asked(
    db: "Pool", duration: Duration, hours: int | None
) -> None:
    """R10: session 8 h, day, week, permanent; use before, during, after; by the clock."""
    await settle(db)
    one = await ask(db, duration)
    end = NOW + timedelta(hours=hours) if hours else None
    assert until(duration, NOW) == end

    async def may(at: datetime, who: str = "jo", subject: str = SUBJECT) -> bool:
        found = await store.grant_of(db, who=who, subject=subject, now=at)
        assert (found is not None) == may_access(await store.listed(db), who=who, subject=subject, now=at)
        return found is not None

    assert not await may(NOW)
    done = await store.decide(db, one.id, granted=True, by="sam", reason=None, now=NOW)
    assert (done.state, done.until_at, done.decided_by) == (State.GRANTED, end, "sam")
    assert await may(NOW)
    assert not await may(NOW, who="eve") and not await may(NOW, subject="phi:trial:124")
    if end is None:
        assert await may(NOW + timedelta(days=10_000))
    else:
        assert await may(end - timedelta(microseconds=1))
        assert not await may(end)


async def ask(db: "Pool", duration: Duration = Duration.DAY) -> Request:
    return await store.ask(db, subject=SUBJECT, because="a serious event", duration=duration, who="jo", tenant=1)


async def test_who_asked_cannot_decide_and_a_decision_is_made_once(db: "Pool") -> None:
    """R10: a STEWARD decides, never oneself."""
    await settle(db)
    one = await ask(db)
    with pytest.raises(NotYours):
        await store.decide(db, one.id, granted=True, by="jo", reason=None, now=NOW)
    with pytest.raises(Conflict, match="asked for this already"):
        await ask(db)
    await store.decide(db, one.id, granted=False, by="sam", reason="no need", now=NOW)
    with pytest.raises(Conflict, match="denied already, by sam"):
        await store.decide(db, one.id, granted=True, by="kim", reason=None, now=NOW)
    assert await store.grant_of(db, who="jo", subject=SUBJECT, now=NOW) is None
    assert (await ask(db)).id != one.id
    with pytest.raises(NotFound):
        await store.decide(db, 99, granted=True, by="sam", reason=None, now=NOW)


async def test_what_was_granted_can_be_revoked_at_once(db: "Pool") -> None:
    """R10: revoke."""
    await settle(db)
    one = await ask(db, Duration.PERMANENT)
    with pytest.raises(Conflict, match="only what is granted"):
        await store.revoke(db, one.id, by="sam", now=NOW)
    await store.decide(db, one.id, granted=True, by="sam", reason=None, now=NOW)
    await store.revoke(db, one.id, by="kim", now=NOW)
    assert await store.grant_of(db, who="jo", subject=SUBJECT, now=NOW) is None
    assert await store.trim(db, NOW + timedelta(days=1)) == 1


@pytest.mark.parametrize(
    ("subject", "because", "field"),
    [
        ("", "x", "subject"),
        ("PHI trial", "x", "subject"),
        ("phi:" + "x" * 200, "x", "subject"),
        (SUBJECT, " ", "because"),
    ],
)
async def test_what_cannot_be_asked_is_refused_by_field(db: "Pool", subject: str, because: str, field: str) -> None:
    with pytest.raises(Refusal, match=f"^{field}: "):
        await store.ask(db, subject=subject, because=because, duration=Duration.DAY, who="jo", tenant=1)
