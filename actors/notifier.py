"""The notifier: tells people of alerts, once an episode by each way. Any number of them run, and none leads.

It stands apart from the queue, since what is wrong may be the queue: it decides and sends by itself.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from actors.errors import Refusal
from actors.notices.alerts import store
from actors.notices.alerts.letter import Envelope, letter
from actors.notices.alerts.pager import dedup_key, event
from actors.notices.alerts.store import Send
from actors.notices.alerts.telling import GROUPED, Channel, Item, Rule, Ways, decide
from actors.notices.breaker import closed_until
from actors.notices.outbox import store as outbox
from actors.notices.outbox.event import New
from actors.runtime.life import Life, pause
from actors.runtime.mail import Mailer
from actors.runtime.post import Answer, NotAccepted, Post, Withheld
from actors.runtime.telemetry import emit

if TYPE_CHECKING:
    import asyncpg

HOME = 1  # the tenant that runs the service: alerts are its affair
TICK_S = 5.0
MOST_SENDS = 20  # by one way before it looks again at what is to be told
FIRST_S, LONGEST_S = 30.0, 900.0  # between two attempts at a send, doubling
OLDEST = timedelta(days=1)  # then a send is given up
BAD_EVENT = 400  # of a pager: it will never take this one

By = Callable[[Send], Awaitable[Answer]]


def by_mail(mailer: Mailer, envelope: Envelope) -> By:
    """One mail a send, to all who are named."""

    async def send(one: Send) -> Answer:
        return await mailer(letter(one.items, envelope, send_id=one.id, at=one.made_at))

    return send


def by_pager(post: Post, url: str, *, routing_key: str, source: str, link: str | None) -> By:
    """One event a send, in the form of PagerDuty's Events API v2."""

    async def send(one: Send) -> Answer:
        [item] = one.items
        body = event(item, routing_key=routing_key, source=source, link=link)
        return await post(url, body, [("Content-Type", "application/json")])

    return send


@dataclass(slots=True)
class Notifier:
    """`ways` are those by which people can be told here; webhooks go by the outbox."""

    pool: "asyncpg.Pool[Any]"
    ways: Mapping[str, By] = field(default_factory=dict)
    rule: Rule = field(default_factory=Rule)
    may_send: Callable[[], bool] = lambda: True
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    tick_s: float = TICK_S

    async def run(self, life: Life) -> None:
        while not life.draining.is_set():
            life.beat()
            if self.may_send():
                await self.decide()
                for channel in self.ways:
                    await self.send_all(channel, life)
            await pause(life, self.tick_s)

    async def decide(self) -> int:
        """Writes down what is to be said now, in one transaction; how much that is."""
        now = self.now()
        async with self.pool.acquire() as db, db.transaction():
            if not await store.lock(db):
                return 0
            await store.follow(db, now)
            episodes = await store.going_on(db)
            if not episodes:
                return 0
            ways = Ways(await store.routes(db), frozenset({*self.ways, "webhooks"}))
            decided = decide(episodes, await store.silences_that_hold(db, now), ways, self.rule, now)
            for channel, items in decided.sends:
                await self._keep(db, channel, items, now)
            await store.end(db, decided.ended, now)
        for channel, items in decided.sends:
            for item in items:
                emit("alert.told", name=channel, kind=item.what, number=1)
        return len(decided.sends)

    async def _keep(self, db: store.Database, channel: Channel, items: tuple[Item, ...], now: datetime) -> None:
        if channel == "webhooks":
            await store.tell(db, channel, items, now)
            await outbox.append(db, [_event(item) for item in items], now, urgency=outbox.URGENT)
        else:
            first = items[0]
            key = f"{first.what}-{first.episode.id}-{first.number}" if channel in GROUPED else dedup_key(first.episode)
            await store.add_send(db, channel, key, items, now)

    async def send_all(self, channel: str, life: Life | None = None) -> int:
        """Sends what waits for a way, one after the other; how many went well."""
        sent = 0
        for _ in range(MOST_SENDS):
            if life is not None:
                life.beat()
                if life.draining.is_set():
                    break
            async with self.pool.acquire() as db, db.transaction():
                one = await store.claim(db, channel, self.now())
            if one is None:
                break
            sent += await self._send(channel, one)
        return sent

    async def _send(self, channel: str, one: Send) -> bool:
        if not one.items:  # its episodes are gone, long after
            await self._failed(channel, one, Refusal("there is nothing left to say"))
            return False
        try:
            answer = await self.ways[channel](one)
        except (NotAccepted, Refusal) as error:
            await self._failed(channel, one, error)
            return False
        except Withheld:
            return False  # the claim runs out, and whoever may send then does
        await store.sent(self.pool, one, self.now(), status=answer.status, took_s=answer.took_s)
        emit("alert.sent", name=channel, state="sent", took_s=answer.took_s)
        return True

    async def _failed(self, channel: str, one: Send, error: NotAccepted | Refusal) -> None:
        now, status = self.now(), error.status if isinstance(error, NotAccepted) else None
        never = isinstance(error, Refusal) or (channel == "pagerduty" and status == BAD_EVENT)
        is_last = never or now - one.made_at >= OLDEST
        async with self.pool.acquire() as db, db.transaction():
            failures = await store.failures(db, channel) + 1
            await store.not_sent(
                db, one, now, status=status, error=str(error), again_at=now + _after(one.attempt), is_last=is_last,
                closed_until=closed_until(failures, now),
            )  # fmt: skip
        emit("alert.sent", name=channel, state="dead" if is_last else "failed", error=str(error))


def _after(attempt: int) -> timedelta:
    return timedelta(seconds=min(FIRST_S * 2 ** min(attempt - 1, 20), LONGEST_S))


def _event(item: Item) -> New:
    one = item.episode
    data = {
        "episode": one.id, "alert": one.name, "subject": one.subject, "severity": one.severity, "message": one.message,
        "opened_at": one.opened_at, "closed_at": one.closed_at, "acknowledged_at": one.acknowledged_at,
        "acknowledged_by": one.acknowledged_by,
    }  # fmt: skip
    return New(HOME, f"alert.{item.what}", f"episode:{one.id}:{item.what}", data)
