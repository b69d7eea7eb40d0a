"""Makes notices of trials that have changed, for those who watch them, and has them sent."""

from collections import Counter
from dataclasses import dataclass

from actors.jobs import JobKind
from actors.notices.outbox import store as outbox
from actors.queue.attempt import Attempt
from actors.queue.outcome import Done, Outcome
from actors.runtime.telemetry import emit
from actors.tools import Tools
from actors.trials.following import store as following
from actors.trials.watching import store
from actors.trials.watching.notes import make

FOLLOWER = "watch"
MOST_PAGES = 2000  # of one run, of at most 1000 trials; the next one goes on a minute later


@dataclass(frozen=True, slots=True)
class Payload:
    """Nothing: what is due is in the database."""


async def run(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    notices = 0
    for page in range(MOST_PAGES):
        if await store.is_early(tools.db) or (made := await _page(tools)) is None:
            break
        notices += made
        attempt.progress(page + 1, note=f"{notices} notices")
    return Done({"notices": notices})


async def _page(tools: Tools) -> int | None:
    """A page of trials, the notices of it and their deliveries in one transaction; None where no page waits."""
    now = tools.now()
    async with tools.db.acquire() as db, db.transaction():
        await store.lock(db)
        ids = sorted(await following.take(db, FOLLOWER))
        if not ids:
            return None
        if not await store.is_anything_watched(db):
            return 0
        watches, searches = await store.of_trials(db, ids), await store.of_searches(db, ids)
        concerned = {one.trial_id for one in watches}.union(*({*one.found, *one.members} for one in searches))
        made = make(await store.now(db, sorted(concerned)), watches, searches)
        new = await store.write(db, made, now)
        await outbox.append_notices(db, [id_ for id_, _, _ in new], now)
    for kind, number in Counter(kind for _, _, kinds in new for kind in kinds).items():
        emit("notices.made", kind=kind, number=number)
    return len(new)


JOB = JobKind("watch", Payload, run, timeout_s=1800.0, key=lambda _: "all")
