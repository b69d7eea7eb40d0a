"""Sends one event to one webhook: signed, tried again, given up at last."""

from dataclasses import dataclass
from datetime import datetime

from actors.errors import Refusal
from actors.jobs import JobKind
from actors.notices.breaker import KIND, MOST_ATTEMPTS, OLDEST, TIMEOUT_S, Failure, after_failure, wait_s
from actors.notices.outbox import store as outbox
from actors.notices.outbox.event import New, body, headers
from actors.notices.webhooks import store
from actors.queue.attempt import Attempt
from actors.queue.outcome import Cancel, Fail, Outcome, Snooze
from actors.runtime.post import NotAccepted, Withheld
from actors.runtime.telemetry import emit
from actors.tools import Tools

WITHHELD_S = 60.0  # between two looks whether anything may leave the house again


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
        answer = await tools.post(one.url, sent, headers(one.event.id, sent, one.secret, tools.now()))
    except Withheld:
        return Snooze(WITHHELD_S)
    except (NotAccepted, Refusal) as error:
        return await _failed(one, attempt, tools, error)
    async with tools.db.acquire() as db, db.transaction():
        await store.delivered(db, one.id, tools.now(), answer.status, took_s=answer.took_s, excerpt=answer.excerpt)
        ended = await attempt.finish(db, {"status": answer.status})
    emit("webhook.ended", state="delivered", took_s=answer.took_s)
    return ended


async def _failed(one: store.Delivery, attempt: Attempt, tools: Tools, error: NotAccepted | Refusal) -> Outcome:
    now, answered = tools.now(), error if isinstance(error, NotAccepted) else None
    failure = after_failure(
        failures=one.failures,
        attempt=attempt.job.attempt,
        most=attempt.job.max_attempts,
        status=answered.status if answered else None,
        final=answered is None,
        age=now - one.made_at,
        now=now,
        failing_since=one.unavailable_since,
    )
    async with tools.db.acquire() as db, db.transaction():
        switched_off = await store.not_delivered(
            db, one.id, now, status=answered.status if answered else None, error=str(error), failure=failure,
            took_s=answered.took_s if answered else None, excerpt=answered.excerpt if answered else "",
        )  # fmt: skip
        if switched_off:
            await _tell_off(db, one, failure, now)
    emit("webhook.ended", state="dead" if failure.is_last else "failed")
    return Fail(str(error), final=failure.is_last)


async def _tell_off(db: outbox.Database, one: store.Delivery, failure: Failure, now: datetime) -> None:
    """Its owner reads of it on the page of webhooks, and other webhooks of theirs are told."""
    data = {"webhook": one.webhook_id, "url": one.url, "why": failure.off_why}
    key = f"off:{one.webhook_id}:{now.timestamp():.6f}"
    await outbox.append(db, [New(one.tenant_id, "webhook.switched_off", key, data, one.owner)], now)
    emit("webhook.switched_off", id=one.webhook_id, reason=failure.off_why)


JOB = JobKind(KIND, Payload, run, max_attempts=MOST_ATTEMPTS, timeout_s=TIMEOUT_S, key=lambda one: str(one.delivery))
