"""Alerts that open and close, a clock to turn, and notifiers that tell of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import asyncpg

from actors.monitoring import store as monitoring
from actors.monitoring.alarms import Close, Open, Thresholds, rules
from actors.notices.alerts.letter import Envelope
from actors.notifier import Notifier, by_mail, by_pager
from actors.runtime.mail import Mailer, Server
from actors.runtime.post import Post
from demo.events_sink import Pager, pager
from tests.notices.mailbox import Mailbox, mailbox

if TYPE_CHECKING:
    Pool = asyncpg.Pool[Any]

KEY = "r" * 32
LINK = "https://triald.example.org"
RULES = {rule.name: rule for rule in rules(Thresholds())}


@dataclass(slots=True)
class Telling:
    """`now` is what every notifier takes for the time."""

    pool: "Pool"
    dsn: str
    post: Post
    mailbox: Mailbox
    pager: Pager
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    may_send: bool = True

    def notifier(self) -> Notifier:
        server = Server("127.0.0.1", self.mailbox.port, "none", timeout_s=5.0)
        ways = {
            "mail": by_mail(Mailer(server), Envelope("triald@example.org", ("ops@example.org",), LINK)),
            "pagerduty": by_pager(self.post, self.pager.url, routing_key=KEY, source="test", link=LINK),
        }
        return Notifier(self.pool, ways, may_send=lambda: self.may_send, now=lambda: self.now)

    async def opens(self, name: str = "disk_full", subject: str = "/data", value: float = 91.0) -> int:
        await monitoring.open_alert(self.pool, Open(RULES[name], subject, value))
        [one] = [
            one for one in await monitoring.open_alerts(self.pool) if (one["name"], one["subject"]) == (name, subject)
        ]
        await self.pool.execute("update alerts set opened_at = $2 where id = $1", one["id"], self.now)
        return int(one["id"])

    async def closes(self, name: str = "disk_full", subject: str = "/data") -> None:
        assert await monitoring.close_alert(self.pool, Close(RULES[name], subject), quiet_s=0.0)
        await self.pool.execute(
            "update alerts set closed_at = $1 where id = (select max(id) from alerts where name = $2 and subject = $3)",
            self.now, name, subject,
        )  # fmt: skip

    async def later(self, one: Notifier | None = None, **by: float) -> None:
        """Time goes by, and a notifier looks and sends."""
        self.now += timedelta(**by)
        one = one or self.notifier()
        await one.decide()
        for channel in one.ways:
            await one.send_all(channel)


@asynccontextmanager
async def telling(pool: "Pool", dsn: str) -> AsyncIterator[Telling]:
    async with (
        mailbox() as box,
        pager() as events,
        Post(agent="tests", own=[("127.0.0.1", events.port)], timeout_s=5.0) as post,
    ):
        yield Telling(pool, dsn, post, box, events)
