"""Codes trials with MeSH: what is new or changed, and all there is once MeSH itself is another."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, TypeVarTuple

from actors.jobs import JobKind
from actors.mesh.coding import Page, code_page, store
from actors.mesh.reading import Reader
from actors.queue.attempt import Attempt
from actors.queue.outcome import Done, Outcome
from actors.runtime.telemetry import emit
from actors.tools import Tools
from actors.trials.following import store as following
from actors.trials.watching import store as watching

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

FOLLOWER = "mesh"
STEP_WITHIN_S = 120.0  # of a page; on an idle machine some 0.5 s


@dataclass(frozen=True, slots=True)
class Payload:
    """Nothing: what is due is in the database."""


async def run(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    coding = _Coding(tools)
    trials = codes = unmatched = 0
    while (page := await coding.page()) is not None:
        trials, codes, unmatched = trials + page.trials, codes + page.codes, unmatched + page.unmatched
        attempt.progress(trials)
    return Done({"trials": trials, "codes": codes, "unmatched": unmatched})


class _Coding:
    """Page after page, with what was read before while MeSH and the decisions stay the same."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._state: tuple[int, int] | None = None
        self._reader = Reader({}, self._run)

    async def page(self) -> Page | None:
        """One page in one transaction; None when nothing is due. Without MeSH, what is due is let go."""
        async with self._tools.db.acquire() as db, db.transaction():
            await store.alone(db)
            state = await store.state(db)
            ids = await following.take(db, FOLLOWER)
            if not ids:
                return None
            if state is None:
                return Page(0, 0, 0)  # an import makes every trial due
            if state != self._state:
                self._state, self._reader = state, Reader(await store.decisions(db), self._run)
            page = await code_page(db, ids, self._reader, self._run)
            await watching.look_again(db, ids)
        emit("mesh.coded", number=page.trials, records=page.codes, pending=page.unmatched)
        return page

    async def _run(self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        return await self._tools.compute.run(work, *args, timeout_s=STEP_WITHIN_S)


JOB = JobKind("mesh_code", Payload, run, timeout_s=4 * 3600.0, key=lambda _: "all")
