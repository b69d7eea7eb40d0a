"""Sends one notice to one webhook: signed, tried again, given up at last."""

from dataclasses import dataclass
from datetime import datetime

from actors.errors import Refusal
from actors.jobs import JobKind
from actors.queue.attempt import Attempt
from actors.queue.outcome import Cancel, Fail, Outcome, Snooze
from actors.runtime.post import NotAccepted
from actors.runtime.telemetry import emit
from actors.tools import Tools
from actors.trials.webhooks import store
from actors.trials.webhooks.breaker import KIND, MOST_ATTEMPTS, OLDEST, TIMEOUT_S, after_failure, wait_s
from actors.trials.webhooks.event import body, headers


@dataclass(frozen=True, slots=True)
class Payload:
    delivery: int


async def run(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    one, now = await store.delivery(tools.db, payload.delivery), tools.now()
    if one is None or one.state != "waiting":
        return Cancel("it has ended, or its webhook is gone")
    if not one.is_on:
        await store.given_up(tools.db, one.id, now, "the webhook was switched off")
        return Cancel("the webhook was switched off")
    if not await store.may_call(tools.db, one.webhook_id, now):
        return await _wait(tools, one, now)
    return await _send(one, attempt, tools)


async def _wait(tools: Tools, one: store.Delivery, now: datetime) -> Outcome:
    """The target does not answer: others try it, and this one waits, though not for ever."""
    if now - one.made_at < OLDEST:
        return Snooze(wait_s(one.closed_until, now))
    await store.given_up(tools.db, one.id, now, f"the target has not answered for {OLDEST.days} days")
    emit("webhook.ended", state="dead")
    return Fail("given up: the target does not answer", final=True)


async def _send(one: store.Delivery, attempt: Attempt, tools: Tools) -> Outcome:
    sent = body(one.event)
    try:
        status, took_s, _ = await tools.post(one.url, sent, headers(one.event.id, sent, one.secret, tools.now()))
    except (NotAccepted, Refusal) as error:
        return await _failed(one, attempt, tools, error)
    async with tools.db.acquire() as db, db.transaction():
        await store.delivered(db, one.id, tools.now(), status)
        ended = await attempt.finish(db, {"status": status})
    emit("webhook.ended", state="delivered", took_s=took_s)
    return ended


async def _failed(one: store.Delivery, attempt: Attempt, tools: Tools, error: NotAccepted | Refusal) -> Outcome:
    now, status = tools.now(), error.status if isinstance(error, NotAccepted) else None
    failure = after_failure(
        failures=one.failures,
        attempt=attempt.job.attempt,
        most=attempt.job.max_attempts,
        status=status,
        final=isinstance(error, Refusal),
        age=now - one.made_at,
        now=now,
    )
    await store.not_delivered(tools.db, one.id, now, status=status, error=str(error), failure=failure)
    emit("webhook.ended", state="dead" if failure.is_last else "failed")
    return Fail(str(error), final=failure.is_last)


JOB = JobKind(KIND, Payload, run, max_attempts=MOST_ATTEMPTS, timeout_s=TIMEOUT_S, key=lambda one: str(one.delivery))
