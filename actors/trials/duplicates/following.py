"""Compares what is new or changed since, in short transactions; and everything, where that is due."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from actors.runtime.compute import Compute
from actors.runtime.telemetry import emit
from actors.trials.comparable import SHAPE
from actors.trials.duplicates import store, stored
from actors.trials.duplicates.alone import store as alone
from actors.trials.duplicates.alone.renewing import renew
from actors.trials.duplicates.settling import announce, settle
from actors.trials.duplicates.store import State
from actors.trials.duplicates.sweeping.comparing import Tell
from actors.trials.duplicates.sweeping.sweep import Swept, quiet, sweep
from actors.trials.following.store import everything, take

if TYPE_CHECKING:
    import asyncpg

    Pool = asyncpg.Pool[Any]

FOLLOWER = "dedupe"
RENEWED_AT_ONCE = 50  # records: with all whom they concern some hundred milliseconds
READS_WITHIN_S = 120.0  # a page of a thousand records takes half a second


@dataclass(frozen=True, slots=True)
class When:
    """When everything is compared anew, instead of each record by itself.

    `small`: a database of so few records takes seconds. `share`: of the records whose words were counted, so many have
    come or changed since that words are no longer worth what they were.
    """

    small: int = 20_000
    share: float = 0.05


WHEN = When()


@dataclass(frozen=True, slots=True)
class Followed:
    """`kept`: records that are new or state something else; `busy`: somebody else compares everything just now."""

    kept: int = 0
    compared: int = 0
    unreadable: int = 0
    swept: Swept | None = None
    busy: bool = False


def is_due(state: State, records: int, when: When = WHEN) -> bool:
    """Whether everything is to be compared anew: `records` are counted up to one more than are small. No I/O."""
    return state.changed > 0 and (records <= when.small or state.changed > when.share * state.counted)


async def follow(
    pool: "Pool",
    compute: Compute,
    scratch: Path,
    *,
    when: When = WHEN,
    tell: Tell = quiet,
    run: UUID | None = None,
    all_anew: bool = False,
) -> Followed:
    """All that waits is read, then compared: record by record, or everything where that is due or asked for."""
    kept = unreadable = compared = 0
    while (page := await _read_page(pool, compute, run)) is not None:
        if isinstance(page, Busy):
            return Followed(kept, compared, unreadable, busy=True)
        kept, unreadable = kept + page[0], unreadable + page[1]
        tell(kept, 0, "reading")
    state, records = await store.state(pool), await store.count_records(pool, when.small + 1)
    if all_anew or is_due(state, records, when) or (run and state.run == run):
        return Followed(kept, compared, unreadable, await sweep(pool, scratch, run=run, tell=tell))
    while number := await renew_some(pool):
        compared += number
        tell(compared, 0, "comparing")
    return Followed(kept, compared, unreadable)


class Busy:
    """A sweep is under way: what is new waits until it has ended."""


async def _read_page(pool: "Pool", compute: Compute, run: UUID | None) -> tuple[int, int] | Busy | None:
    """One page of trials, kept to be compared: how many differ, and how many cannot be read; None where none waits.

    None also while a sweep of ours is to go on: what it has read must be what it ends with.
    """
    async with pool.acquire() as db, db.transaction():
        await store.lock(db)
        state = await store.state(db)
        if state.run and state.run == run:
            return None
        if state.run and state.run_lives:
            return Busy()
        await store.forget_run(db)
        if state.shape != SHAPE:
            await everything(db, FOLLOWER)
            await store.set_shape(db, SHAPE)
        if not (ids := await take(db, FOLLOWER)):
            return None
        records = await store.bodies(db, ids)
        found, unreadable = await compute.run(stored.kept, records, timeout_s=READS_WITHIN_S)
        for trial_id, reason in unreadable:
            emit("trial.unreadable", id=trial_id, reason=reason)
        return await store.keep(db, found), len(unreadable)


async def renew_some(pool: "Pool") -> int:
    """Some records that wait are compared, and their clusters settled; how many."""
    async with pool.acquire() as db, db.transaction():
        await store.lock(db)
        state = await store.state(db)
        ids = [] if state.run and state.run_lives else await alone.waiting(db, RENEWED_AT_ONCE)
        if not ids:
            return 0
        became = await settle(db, await renew(db, ids, state.counted))
    announce(became)
    emit("trials.compared", mode="alone", records=len(ids))
    return len(ids)
