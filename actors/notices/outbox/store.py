"""The outbox in PostgreSQL. What writes belongs into the transaction of what is told."""

from collections.abc import Sequence
from datetime import datetime

import orjson

from actors.notices.outbox.event import New
from actors.runtime.database import Database as Database
from schema import query

URGENT = 100  # of a job that tells of an alert: before all that waits


async def append(db: Database, events: Sequence[New], at: datetime, *, urgency: int = 0) -> int:
    """Has these sent to every webhook that asked for their kind; how many deliveries that makes."""
    if not events:
        return 0
    columns = (
        [one.tenant for one in events], [one.kind for one in events], [one.key for one in events],
        [one.owner for one in events], [orjson.dumps(one.data).decode() for one in events],
    )  # fmt: skip
    return int(await db.fetchval(query("outbox.append"), at, *columns, urgency))


async def append_notices(db: Database, notice_ids: Sequence[int], at: datetime) -> int:
    """The same for notices that were made of trials, each for its owner."""
    return int(await db.fetchval(query("outbox.append_notices"), at, list(notice_ids)))


async def trim(db: Database, before: datetime) -> int:
    """How many events were removed: those of which no delivery is left."""
    return int(await db.fetchval(query("outbox.trim"), before))
