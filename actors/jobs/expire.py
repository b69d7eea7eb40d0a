"""Ends approvals that nobody decided in time, and the jobs that are held for them."""

from dataclasses import dataclass

from actors.governance.approvals import deciding
from actors.governance.audit import Act
from actors.governance.audit import store as audit
from actors.jobs import JobKind
from actors.queue.attempt import Attempt
from actors.queue.outcome import Outcome
from actors.runtime.telemetry import emit
from actors.tools import Tools


@dataclass(frozen=True, slots=True)
class Payload:
    pass


async def run(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    async with tools.db.acquire() as db, db.transaction():
        ended = await deciding.expire(db, tools.now())
        for one in ended:
            details = {"gate": one.gate, "rows": one.rows, "job": one.job_id}
            await audit.append(
                db, Act(one.tenant_id, "triald", "service", "approvals_expire", f"id={one.id}", details=details)
            )
        done = await attempt.finish(db, {"expired": len(ended)})
    if ended:
        emit("approvals.expired", number=len(ended))
    return done


JOB = JobKind("expire", Payload, run, key=lambda _: "expire")
