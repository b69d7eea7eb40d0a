"""Access requests in PostgreSQL."""

from datetime import datetime
from typing import Any

from actors.errors import NotFound
from actors.governance.access import Duration, Request, State, check, until
from actors.governance.approvals import Decided, NotYours
from actors.runtime.database import Database as Database
from schema import query


async def ask(db: Database, *, subject: str, because: str, duration: Duration, who: str, tenant: int) -> Request:
    """Raises Refusal, and Decided where the same waits already."""
    check(subject, because)
    row = await db.fetchrow(query("governance.ask_access"), subject, because, duration.value, who, tenant)
    if row is None:
        raise Decided("subject: you have asked for this already")
    return _request(row)


async def request(db: Database, id_: int) -> Request:
    """Raises NotFound."""
    row = await db.fetchrow(query("governance.access_request"), id_)
    if row is None:
        raise NotFound(f"id: there is no access request {id_}")
    return _request(row)


async def listed(
    db: Database, *, state: str | None = None, who: str | None = None, before: int | None = None, limit: int = 50
) -> list[Request]:
    """The newest first, one more than a page holds."""
    rows = await db.fetch(query("governance.access_requests"), state, who, before, limit + 1)
    return [_request(row) for row in rows]


async def decide(db: Database, id_: int, *, granted: bool, by: str, reason: str | None, now: datetime) -> Request:
    """Raises NotFound, NotYours and Decided."""
    was = await request(db, id_)
    if was.requested_by == by:
        raise NotYours("id: who asked cannot decide")
    state, ends = (State.GRANTED, until(was.duration, now)) if granted else (State.DENIED, None)
    row = await db.fetchrow(query("governance.decide_access"), id_, state.value, by, reason, now, ends)
    if row is None:
        now_is = await request(db, id_)
        raise Decided(f"id: access request {id_} is {now_is.state} already, by {now_is.decided_by}")
    return _request(row)


async def revoke(db: Database, id_: int, *, by: str, now: datetime) -> Request:
    """Ends what was granted. Raises NotFound and Decided."""
    row = await db.fetchrow(query("governance.revoke_access"), id_, by, now)
    if row is None:
        raise Decided(f"id: access request {id_} is {(await request(db, id_)).state}: only what is granted is revoked")
    return _request(row)


async def grant_of(db: Database, *, who: str, subject: str, now: datetime) -> Request | None:
    """By what somebody may see it at this moment."""
    row = await db.fetchrow(query("governance.granted"), who, subject, now)
    return None if row is None else _request(row)


async def trim(db: Database, before: datetime) -> int:
    return int(await db.fetchval(query("governance.trim_access_requests"), before))


def _request(row: Any) -> Request:
    return Request(**{**row, "duration": Duration(row["duration"]), "state": State(row["state"])})
