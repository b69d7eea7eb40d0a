"""Makes vectors of trials that are new or changed, for semantic search; of all where the embedder is another."""

import asyncio
from dataclasses import dataclass
from time import monotonic

from actors.jobs import JobKind
from actors.queue.attempt import Attempt
from actors.queue.outcome import Done, Outcome, Snooze
from actors.runtime.telemetry import emit
from actors.tools import Tools
from actors.trials.following.store import take
from actors.trials.semantic import store
from actors.trials.semantic.embedder import LOCAL, mark, written_vectors

FOLLOWER = "embed"
STEP_WITHIN_S = 120.0  # of a page; on an idle machine some 1 s
TURN_S = 300.0  # then another job has its turn
FAR_BEHIND = 5_000  # trials: others go first where they have so much to do, since nothing else waits for vectors
# After each page, in the time that it took: a whole mirror takes a fifth of a core, what came today a half.
REST, REST_AT_ONCE = 4, 1


@dataclass(frozen=True, slots=True)
class Payload:
    """Nothing: what is due is in the database."""


async def run(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    embedded, until = 0, monotonic() + TURN_S
    while monotonic() < until:
        began = monotonic()
        if await store.others_due(tools.db) > FAR_BEHIND:
            return Done({"trials": embedded, "waits": "others have much to do"})
        if (number := await _page(tools)) is None:
            return Done({"trials": embedded})
        embedded += number
        attempt.progress(embedded)
        took_s = monotonic() - began
        emit("trials.embedded", number=number, took_s=took_s)
        await asyncio.sleep(took_s * (REST if (await store.standing(tools.db)).due > FAR_BEHIND else REST_AT_ONCE))
    return Snooze(0)


async def _page(tools: Tools) -> int | None:
    """Embed the next trials that are due, in one transaction; None when none is, or vectors are not ours to make."""
    async with tools.db.acquire() as db, db.transaction():
        if await store.embedder(db) != mark(LOCAL) or not (ids := await take(db, FOLLOWER)):
            return None
        worded = await store.wording(db, ids)
        texts = [text for _, text in worded]
        vectors = await tools.compute.run(written_vectors, LOCAL, texts, timeout_s=STEP_WITHIN_S)
        await store.put(db, dict(zip((trial for trial, _ in worded), vectors, strict=True)))
        return len(ids)


JOB = JobKind("embed", Payload, run, timeout_s=3600.0, key=lambda _: FOLLOWER)
