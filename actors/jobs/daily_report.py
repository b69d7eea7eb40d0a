"""Makes the report of the day: what changed since the last one, what to beware of, which registries do not answer."""

from dataclasses import dataclass
from datetime import datetime

from actors.jobs import JobKind
from actors.queue.attempt import Attempt
from actors.queue.outcome import Done, Outcome
from actors.runtime.telemetry import emit
from actors.tools import Tools
from actors.trials import store as trials
from actors.trials.assessing import store as assessing
from actors.trials.reporting import store
from actors.trials.reporting.report import Told, period, registries
from actors.trials.standing import SCRAPES_LOOKED_AT, failing_since


@dataclass(frozen=True, slots=True)
class Payload:
    """`zone`: the time zone in which a day is a day."""

    zone: str = "UTC"


async def run(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    now = tools.now()
    async with tools.db.acquire() as db, db.transaction(isolation="repeatable_read"):  # all its figures of one moment
        last = await store.last(db)
        of = period(last[1] if last else None, now, payload.zone)
        if last is not None and last[0] >= of.day:
            return Done({"day": of.day.isoformat(), "made": False})
        told = Told(
            registries(
                tools.registries,
                await store.events(db, of),
                await store.refused(db),
                await assessing.counted(db),
                {name: await _standing(db, name) for name in tools.registries},
            ),
            await store.moves(db, of),
            await store.notable(db, of),
            await store.flagged(db, of),
        )
        made = await store.keep(db, of, payload.zone, told, now)
    emit("report.made", number=sum(one.new + one.changed for one in told.registries))
    return Done({"day": of.day.isoformat(), "made": made})


async def _standing(db: trials.Database, registry: str) -> tuple[datetime | None, datetime | None]:
    """Since when a registry has not answered, and when it was complete last."""
    last = await trials.last_success(db, registry)
    scrapes = await trials.scrapes(db, registry, limit=SCRAPES_LOOKED_AT)
    return failing_since(scrapes), last.ended_at if last else None


JOB = JobKind("daily_report", Payload, run, timeout_s=600.0, key=lambda _: "all")
