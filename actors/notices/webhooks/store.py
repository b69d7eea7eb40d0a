"""Webhooks and deliveries in PostgreSQL. What writes belongs into the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from actors.errors import NotFound, Refusal
from actors.notices.breaker import CLOSES_AFTER, PROBE_S, Failure
from actors.notices.outbox.event import Event
from actors.runtime.database import Database as Database
from schema import query

MOST_WEBHOOKS = 10  # of one owner
MOST_REPLAYED = 1000  # at once


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where events are sent to. `unavailable_since`: of the first of the failures that go on.

    `off_why`: it was switched off by itself, at `off_at`.
    """

    id: int
    url: str
    is_on: bool
    kinds: tuple[str, ...]
    created_at: datetime
    last_success_at: datetime | None
    last_failure_at: datetime | None
    unavailable_since: datetime | None
    closed_until: datetime | None
    off_at: datetime | None
    failures: int
    last_error: str | None
    off_why: str | None
    waiting: int
    dead: int


@dataclass(frozen=True, slots=True)
class AttemptTold:
    """`excerpt`: how the answer begins; `status` null where none came."""

    at: datetime
    took_s: float | None
    status: int | None
    error: str | None
    excerpt: str


@dataclass(frozen=True, slots=True)
class DeliveryTold:
    """One event on its way to a webhook; `tries` are kept as long as it is, those before a replay too."""

    id: int
    event: str
    kind: str
    state: str
    attempts: int
    made_at: datetime
    tried_at: datetime | None
    ended_at: datetime | None
    last_status: int | None
    last_error: str | None
    job_id: int | None
    data: dict[str, Any]
    tries: tuple[AttemptTold, ...]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is to be sent, where to, and how the target stands."""

    id: int
    state: str
    made_at: datetime
    webhook_id: int
    owner: str
    tenant_id: int
    url: str
    secret: str
    is_on: bool
    failures: int
    unavailable_since: datetime | None
    closed_until: datetime | None
    event: Event


async def add(db: Database, owner: str, url: str, secret: str, kinds: Sequence[str], at: datetime) -> int:
    """Raises Refusal where it is there already, or there are too many."""
    kept = await db.fetchval(query("webhooks.count_of"), owner)
    if kept is None:
        raise Refusal("owner: there is nobody of this login", field="owner")
    if kept >= MOST_WEBHOOKS:
        raise Refusal(f"webhooks: {MOST_WEBHOOKS} at most are kept of one owner; remove another first")
    id_ = await db.fetchval(query("webhooks.add"), owner, url, secret, list(kinds), at)
    if id_ is None:
        raise Refusal("url: a webhook of yours leads there already", field="url")
    return int(id_)


async def remove(db: Database, owner: str, webhook_id: int) -> None:
    """Raises NotFound."""
    if await db.fetchval(query("webhooks.remove"), owner, webhook_id) is None:
        raise _no(webhook_id)


async def switch(db: Database, owner: str, webhook_id: int, *, on: bool) -> None:
    """Switched on, it is called at once, whatever was before. Raises NotFound."""
    if await db.fetchval(query("webhooks.switch"), owner, webhook_id, on) is None:
        raise _no(webhook_id)


async def ask_for(db: Database, owner: str, webhook_id: int, kinds: Sequence[str]) -> None:
    """From now on it is told of these kinds. Raises NotFound."""
    if await db.fetchval(query("webhooks.ask_for"), owner, webhook_id, list(kinds)) is None:
        raise _no(webhook_id)


async def test(db: Database, owner: str, webhook_id: int, at: datetime) -> int:
    """The delivery of an event that only tests it, whatever kinds it asks for. Raises NotFound and Refusal."""
    if not (await webhook(db, owner, webhook_id)).is_on:
        raise Refusal("webhook: it is switched off; switch it on to test it")
    key = f"test:{webhook_id}:{at.timestamp():.6f}"
    id_ = await db.fetchval(query("webhooks.test"), owner, webhook_id, at, key)
    await db.execute(query("webhooks.enqueue"), [id_], at)
    return int(id_)


async def replay(db: Database, owner: str, webhook_id: int, delivery_id: int | None, at: datetime) -> int:
    """Sends one delivery again, or all that were given up; how many: one that waits is sent anyway.

    Raises NotFound and Refusal.
    """
    if not (await webhook(db, owner, webhook_id)).is_on:
        raise Refusal("webhook: it is switched off; switch it on to send again")
    if delivery_id is not None and not await db.fetchval(query("webhooks.has_delivery"), webhook_id, delivery_id):
        raise NotFound(f"delivery: there is no delivery {delivery_id} of it")
    rows = await db.fetch(query("webhooks.replay"), owner, webhook_id, delivery_id, at, MOST_REPLAYED)
    await db.execute(query("webhooks.enqueue"), [row["id"] for row in rows], at)
    return len(rows)


async def webhooks(db: Database, owner: str) -> list[Webhook]:
    return [Webhook(**{**row, "kinds": tuple(row["kinds"])}) for row in await db.fetch(query("webhooks.listed"), owner)]


async def webhook(db: Database, owner: str, webhook_id: int) -> Webhook:
    """Raises NotFound."""
    for one in await webhooks(db, owner):
        if one.id == webhook_id:
            return one
    raise _no(webhook_id)


async def deliveries(
    db: Database, owner: str, webhook_id: int, *, before: int | None = None, limit: int = 50
) -> list[DeliveryTold]:
    """The newest first, each with its attempts; `before` is the id of the last one seen."""
    rows = await db.fetch(query("webhooks.deliveries"), owner, webhook_id, before, limit)
    tries: dict[int, list[AttemptTold]] = {}
    for row in await db.fetch(query("webhooks.attempts"), owner, webhook_id, [row["id"] for row in rows]):
        tried = dict(row)
        tries.setdefault(tried.pop("delivery_id"), []).append(AttemptTold(**tried))
    return [
        DeliveryTold(**{**row, "data": orjson.loads(row["data"])}, tries=tuple(tries.get(row["id"], ())))
        for row in rows
    ]


def _no(webhook_id: int) -> NotFound:
    return NotFound(f"webhook: there is no webhook {webhook_id} of yours")


# ── sending ──


async def delivery(db: Database, delivery_id: int) -> Delivery | None:
    """None where it is gone, with its webhook or its event."""
    row = await db.fetchrow(query("webhooks.delivery"), delivery_id)
    if row is None:
        return None
    event = Event(f"event_{row['outbox_id']}", row["told_at"], row["kind"], orjson.loads(row["data"]))
    others = ("outbox_id", "told_at", "kind", "data")
    return Delivery(**{name: value for name, value in row.items() if name not in others}, event=event)


async def may_call(db: Database, webhook_id: int, now: datetime) -> bool:
    """Whether a target may be called now; of one that fails, by one caller at a time."""
    return bool(await db.fetchval(query("webhooks.may_call"), webhook_id, now, CLOSES_AFTER, PROBE_S))


async def delivered(
    db: Database, delivery_id: int, at: datetime, status: int, *, took_s: float | None = None, excerpt: str = ""
) -> None:
    await db.execute(query("webhooks.delivered"), delivery_id, at, status, took_s, excerpt)


async def not_delivered(
    db: Database, delivery_id: int, at: datetime, *, status: int | None, error: str, failure: Failure,
    took_s: float | None = None, excerpt: str = "",
) -> bool:  # fmt: skip
    """Whether this switched the webhook off."""
    switched_off = await db.fetchval(
        query("webhooks.not_delivered"), delivery_id, at, status, error[:1000], failure.closed_until, failure.is_last,
        failure.off_why, took_s, excerpt,
    )  # fmt: skip
    return switched_off is not None


async def given_up(db: Database, delivery_id: int, at: datetime, why: str) -> None:
    await db.execute(query("webhooks.given_up"), delivery_id, at, why)


async def trim(db: Database, before: datetime) -> int:
    """How many deliveries that have ended were removed."""
    return int(await db.fetchval(query("webhooks.trim"), before))
