"""Applies the rules to trials that have changed, and to those of which a date alone says more by now."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import date

from actors.jobs import JobKind
from actors.queue.attempt import Attempt
from actors.queue.outcome import Done, Outcome
from actors.runtime.telemetry import emit
from actors.tools import Tools
from actors.trials.assessing import store
from actors.trials.assessing.judge import Judged, judge
from actors.trials.following import store as following

FOLLOWER = "assess"
AT_ONCE = 1000  # trials of a transaction; some 0.3 s
MOST_PAGES = 2000  # of one run; the next one goes on a minute later
TURN_EVERY = 100  # trials, some 2 ms; then the event loop gets a turn


@dataclass(frozen=True, slots=True)
class Payload:
    """Nothing: what is due is in the database."""


async def run(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    trials = 0
    for _ in range(MOST_PAGES):
        number = await _page(tools)
        trials += number
        attempt.progress(trials)
        if number == 0:
            break
    return Done({"trials": trials})


async def _page(tools: Tools) -> int:
    """One page, what it says of it and that it was looked at in one transaction; how many trials it held."""
    now = tools.now()
    today = now.date()
    async with tools.db.acquire() as db, db.transaction():
        ids = await following.take(db, FOLLOWER) or await store.due(db, today, AT_ONCE)
        if not ids:
            return 0
        judged = await _judged(await store.looked_at(db, sorted(ids)), today)
        await store.put(db, judged, now)
    for registry, number in Counter(one.trial.registry for one, _ in judged).items():
        emit("trials.assessed", registry=registry, number=number)
    return len(ids)


async def _judged(trials: list[store.LookedAt], today: date) -> list[tuple[store.LookedAt, Judged]]:
    found: list[tuple[store.LookedAt, Judged]] = []
    for number, one in enumerate(trials, start=1):
        found.append((one, judge(one.trial, today)))
        if number % TURN_EVERY == 0:
            await asyncio.sleep(0)
    return found


JOB = JobKind("assess", Payload, run, timeout_s=1800.0, key=lambda _: "all")
