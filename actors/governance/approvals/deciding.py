"""Decisions, each with what follows for the job that waits for it: one transaction, the caller's."""

from datetime import datetime

from actors.errors import Refusal
from actors.governance.approvals import Approval, Decided, NotYours, State, store
from actors.queue import operating

LONGEST_REASON = 500  # characters


async def approve(db: store.Database, id_: int, *, by: str, reason: str | None, now: datetime) -> Approval:
    """Its job leaves held, and is due at once. Raises NotFound, NotYours and Decided."""
    done = await _decide(db, id_, State.APPROVED, by, reason, now)
    if done.job_id is not None and await operating.release(db, done.job_id) is None:
        raise Decided(f"id: the job of approval {id_} waits no more")
    return done


async def deny(db: store.Database, id_: int, *, by: str, reason: str, now: datetime) -> Approval:
    """Its job is cancelled. Raises NotFound, NotYours and Decided."""
    if not reason.strip():
        raise Refusal("reason: expected why, for who asked", field="reason")
    done = await _decide(db, id_, State.DENIED, by, reason, now)
    await _cancel(db, done, f"approval {id_} was denied")
    return done


async def withdraw(db: store.Database, id_: int, *, by: str, now: datetime) -> Approval:
    """By who asked. Raises NotFound, NotYours and Decided."""
    done = await store.withdraw(db, id_, by=by, now=now)
    if done is None:
        was = await store.approval(db, id_)
        if was.requested_by != by:
            raise NotYours("id: only who asked may withdraw it")
        raise _decided(was, now)
    await _cancel(db, done, f"approval {id_} was withdrawn")
    return done


async def expire(db: store.Database, now: datetime) -> list[Approval]:
    """Those that nobody decided in time; their jobs are cancelled."""
    ended = await store.expire(db, now)
    for one in ended:
        await _cancel(db, one, f"nobody decided approval {one.id} in time")
    return ended


async def _decide(db: store.Database, id_: int, state: State, by: str, reason: str | None, now: datetime) -> Approval:
    if reason is not None and (len(reason) > LONGEST_REASON or "\0" in reason):
        raise Refusal(f"reason: expected {LONGEST_REASON} characters at most", field="reason")
    was = await store.approval(db, id_)
    if was.requested_by == by:
        raise NotYours("id: who asked cannot decide")
    done = await store.decide(db, id_, state, was.policy, by=by, reason=reason, now=now)
    if done is None:
        raise _decided(await store.approval(db, id_), now)
    return done


def _decided(was: Approval, now: datetime) -> Decided:
    state = "expired" if was.state is State.WAITING and was.expires_at <= now else was.state.value
    return Decided(f"id: approval {was.id} is {state} already" + (f", by {was.decided_by}" if was.decided_by else ""))


async def _cancel(db: store.Database, one: Approval, reason: str) -> None:
    if one.job_id is not None and await operating.state_of(db, one.job_id) == "held":
        await operating.cancel(db, one.job_id, reason)
