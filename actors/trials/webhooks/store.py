"""Webhooks and deliveries in PostgreSQL. What writes belongs into the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from actors.errors import NotFound, Refusal
from actors.queue import store as queue
from actors.runtime.database import Database as Database
from actors.trials.webhooks.breaker import CLOSES_AFTER, PROBE_S, Failure, job_of
from actors.trials.webhooks.event import Event
from schema import query

MOST_WEBHOOKS = 10  # of one owner


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where notices are sent to. `unavailable_since`: of the first of the failures that go on."""

    id: int
    url: str
    is_on: bool
    created_at: datetime
    last_success_at: datetime | None
    last_failure_at: datetime | None
    unavailable_since: datetime | None
    closed_until: datetime | None
    failures: int
    last_error: str | None
    waiting: int
    dead: int


@dataclass(frozen=True, slots=True)
class DeliveryTold:
    """One notice on its way to a webhook."""

    id: int
    notice_id: int
    state: str
    attempts: int
    made_at: datetime
    tried_at: datetime | None
    ended_at: datetime | None
    last_status: int | None
    last_error: str | None
    job_id: int | None
    registry_id: str
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is to be sent, where to, and how the target stands."""

    id: int
    state: str
    made_at: datetime
    webhook_id: int
    url: str
    secret: str
    is_on: bool
    failures: int
    closed_until: datetime | None
    event: Event


async def add(db: Database, owner: str, url: str, secret: str, at: datetime) -> int:
    """Raises Refusal where it is there already, or there are too many."""
    if await db.fetchval(query("webhooks.count_of"), owner) >= MOST_WEBHOOKS:
        raise Refusal(f"webhooks: {MOST_WEBHOOKS} at most are kept of one owner; remove another first")
    id_ = await db.fetchval(query("webhooks.add"), owner, url, secret, at)
    if id_ is None:
        raise Refusal("url: notices are sent there already", field="url")
    return int(id_)


async def remove(db: Database, owner: str, webhook_id: int) -> None:
    """Raises NotFound."""
    if await db.fetchval(query("webhooks.remove"), owner, webhook_id) is None:
        raise NotFound(f"webhook: there is no webhook {webhook_id} of yours")


async def switch(db: Database, owner: str, webhook_id: int, *, on: bool) -> None:
    """Switched on, it is called at once, whatever was before. Raises NotFound."""
    if await db.fetchval(query("webhooks.switch"), owner, webhook_id, on) is None:
        raise NotFound(f"webhook: there is no webhook {webhook_id} of yours")


async def webhooks(db: Database, owner: str) -> list[Webhook]:
    return [Webhook(**row) for row in await db.fetch(query("webhooks.listed"), owner)]


async def deliveries(
    db: Database, owner: str, webhook_id: int, *, before: int | None = None, limit: int = 50
) -> list[DeliveryTold]:
    """The newest first; `before` is the id of the last one seen."""
    rows = await db.fetch(query("webhooks.deliveries"), owner, webhook_id, before, limit)
    return [DeliveryTold(**{**row, "kinds": tuple(row["kinds"])}) for row in rows]


# ── sending ──


async def send(db: Database, notice_ids: Sequence[int], at: datetime) -> int:
    """Has these notices sent wherever their owners want them; how many deliveries that makes. In a transaction."""
    made = [row["id"] for row in await db.fetch(query("webhooks.deliver"), list(notice_ids), at)]
    jobs = await queue.enqueue(db, [job_of(id_) for id_ in made])
    await db.execute(query("webhooks.note_jobs"), made, jobs)
    return len(made)


async def delivery(db: Database, delivery_id: int) -> Delivery | None:
    """None where it is gone, with its webhook or its notice."""
    row = await db.fetchrow(query("webhooks.delivery"), delivery_id)
    if row is None:
        return None
    event = Event(
        f"notice_{row['notice_id']}", row["noticed_at"], row["trial_id"], row["registry"], row["registry_id"],
        row["title"], row["version"], row["kinds"], orjson.loads(row["changes"]),
    )  # fmt: skip
    names = ("id", "state", "made_at", "webhook_id", "url", "secret", "is_on", "failures", "closed_until")
    return Delivery(**{name: row[name] for name in names}, event=event)


async def may_call(db: Database, webhook_id: int, now: datetime) -> bool:
    """Whether a target may be called now; of one that fails, by one caller at a time."""
    return bool(await db.fetchval(query("webhooks.may_call"), webhook_id, now, CLOSES_AFTER, PROBE_S))


async def delivered(db: Database, delivery_id: int, at: datetime, status: int) -> None:
    await db.execute(query("webhooks.delivered"), delivery_id, at, status)


async def not_delivered(
    db: Database, delivery_id: int, at: datetime, *, status: int | None, error: str, failure: Failure
) -> None:
    await db.execute(
        query("webhooks.not_delivered"), delivery_id, at, status, error[:1000], failure.closed_until, failure.is_last,
        failure.switches_off,
    )  # fmt: skip


async def given_up(db: Database, delivery_id: int, at: datetime, why: str) -> None:
    await db.execute(query("webhooks.given_up"), delivery_id, at, why)


async def trim(db: Database, before: datetime) -> int:
    """How many deliveries that have ended were removed."""
    return int(await db.fetchval(query("webhooks.trim"), before))
