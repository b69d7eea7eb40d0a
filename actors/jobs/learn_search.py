"""Teaches the search what trials write: words, names and places that a searcher may mean."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from actors.jobs import JobKind
from actors.queue.attempt import Attempt
from actors.queue.outcome import Done, Outcome, Snooze
from actors.runtime.telemetry import emit
from actors.tools import Tools
from actors.trials.facets import folded
from actors.trials.finding import store
from actors.trials.finding.grid import is_place
from actors.trials.following.store import take

FOLLOWER = "search"
MOST_PAGES = 200  # a turn; then another one
BREATH_S = 0.05  # between pages, for those who search


@dataclass(frozen=True, slots=True)
class Payload:
    pass


async def run(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    learned = 0
    for _ in range(MOST_PAGES):
        if not (trials := await _page(tools)):
            emit("search.learned", records=learned)
            return Done({"trials": learned})
        learned += trials
        await asyncio.sleep(BREATH_S)
    emit("search.learned", records=learned)
    return Snooze(0)


async def _page(tools: Tools) -> int:
    """Learn from the next trials that are due; how many they were."""
    async with tools.db.acquire() as db, db.transaction():
        if not (ids := await take(db, FOLLOWER)):
            return 0
        await store.learn(db, ids)
        await store.learn_places(db, places(await store.sites(db, ids)))
        return len(ids)


def places(sites: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str, float, float], tuple[str, int]]:
    """Sites by city, country and place, each with the city as it is written and in how many trials it is. No I/O."""
    found: dict[tuple[str, str, float, float], tuple[str, int]] = {}
    for one in sites:
        city = folded(one["city"])
        if 0 < len(city) <= 100 and is_place(one["lat"], one["lon"]):
            key = (city, one["country"][:100], one["lat"], one["lon"])
            name, times = found.get(key, (one["city"].strip(), 0))
            found[key] = (name, times + 1)
    return found


JOB = JobKind("learn_search", Payload, run, timeout_s=600.0, key=lambda _: FOLLOWER)
