"""The gate before large exports: 202 with the number of an approval, until somebody else has agreed."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from actors.errors import Forbidden
from actors.governance.accounts.store import acting_for
from actors.governance.approvals import EXPORT, Approval, Wish, store
from actors.governance.audit import Act
from actors.governance.audit import store as audit
from actors.queue import store as queue
from supervisor import finding
from supervisor.finding import Wanted
from supervisor.web.answering import REQUEST_ID
from supervisor.web.mounting import json_response
from supervisor.web.pages_of import see
from supervisor.web.route import Call

NO_PART = ("approval_phase", "because")  # of what is asked for
JOB = "announce_approval"


class Waits(msgspec.Struct, frozen=True):
    """Ask for the same again once it is approved: `/api/v1/approvals/{gateId}` tells."""

    gateId: int
    state: str
    rows: int
    job: int
    expires_at: datetime


async def gate(call: Call[Any, Any], wanted: Wanted, *, phase: str, because: str) -> web.Response | None:
    """None where it may go on. Raises BadSearch, Refusal."""
    rule = call.site.approval_rule
    rows = await finding.rows_beyond(call.site.pool, wanted, rule.rows)
    if rows is None:
        return None
    who = call.who
    if not who.user:
        raise Forbidden("an export of so many rows is for people who are known")
    asked = urlencode(sorted((name, value) for name, value in call.request.query.items() if name not in NO_PART))
    wish = Wish(EXPORT, who.login, who.tenant, rows, phase, asked[:4000], because)
    now = datetime.now(UTC)
    async with acting_for(call.site.pool, who.tenant) as db:
        if await store.covering(db, wish, now) is not None:
            return None
        one = await store.same(db, wish) or await _ask(call, db, wish, now)
    if "text/html" in call.request.headers.get("Accept", ""):
        return see("/approvals")
    told = Waits(one.id, one.state.value, rows, one.job_id or 0, one.expires_at)
    return json_response(202, msgspec.json.encode(told))


async def _ask(call: Call[Any, Any], db: Any, wish: Wish, now: datetime) -> Approval:
    """With a job that is held for it, and tells who asked once it is let go."""
    kind = call.site.kinds[JOB]
    [id_] = await queue.enqueue(db, [kind.new(kind.payload(login=wish.who), held=True)])
    one = await store.ask(db, replace(wish, job=id_), call.site.approval_rule, now)
    details = {"gate": wish.gate, "rows": wish.rows, "policy": one.policy.value, "job": id_, "approval": one.id}
    act = Act(
        wish.tenant, wish.who, call.who.role.word, "approvals_ask", f"id={one.id}",
        request_id=call.request[REQUEST_ID], details=details,
    )  # fmt: skip
    await audit.append(db, act)
    return one
