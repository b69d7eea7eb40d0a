"""Finds all duplicates of the database anew: read to a file, compared in a process of its own, taken over at once.

A sweep that is broken off goes on where it was, in the process where its files are; elsewhere it begins again. What it
found is taken over in one transaction: until then pairs and clusters are what they were.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from actors.runtime.compute import Compute
from actors.runtime.telemetry import emit
from actors.trials.duplicates import store
from actors.trials.duplicates.rows import Move, moves
from actors.trials.duplicates.settling import BY_ITSELF, announce
from actors.trials.duplicates.sweeping import store as sweeping
from actors.trials.duplicates.sweeping import whole

if TYPE_CHECKING:
    import asyncpg

    Pool = asyncpg.Pool[Any]

LOOK_EVERY_S = 1.0
COMPARES_WITHIN_S = 3600.0  # half a million take two minutes
RECORDS_AT_ONCE = 5_000
TAKEN_AT_ONCE = 20_000
ROUNDS = 5  # of clusters made, while people decide meanwhile

Tell = Callable[[int, int, str], None]


class Overtaken(Exception):
    """Another process took this sweep for dead, and compares: what it has found no longer holds."""


@dataclass(frozen=True, slots=True)
class Swept:
    records: int
    links: int
    new: int
    changed: int
    gone: int
    clusters: int
    merged: int
    unmerged: int
    held: int


def quiet(_done: int, _total: int, _note: str) -> None:
    """Tells nobody how far it is."""


async def sweep(pool: "Pool", scratch: Path, *, run: UUID | None = None, tell: Tell = quiet) -> Swept:
    """`run`: a sweep that was broken off, to go on with where that can be. Raises Overtaken."""
    run, goes_on = await _begin(pool, scratch, run)
    folder = scratch / str(run)
    async with _heard_of(pool, run, folder, tell), _own_process() as compute:
        if not goes_on:
            await _read_all(pool, folder, tell)
        said = await _said(pool)
        await compute.run(whole.compare, str(folder), said, timeout_s=COMPARES_WITHIN_S)
        swept = await _take_over(pool, run, folder, compute, tell)
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    emit("trials.compared", mode="whole", records=swept.records, number=swept.links, new=swept.new)
    return swept


async def _begin(pool: "Pool", scratch: Path, run: UUID | None) -> tuple[UUID, bool]:
    """The sweep, and whether it goes on with one that was broken off."""
    async with pool.acquire() as db, db.transaction():
        await store.lock(db)
        state = await store.state(db)
        if run and state.run == run and (scratch / str(run) / "ready").exists():
            await sweeping.begin(db, run)
            return run, True
        run = run or uuid4()
        await sweeping.begin(db, run)
    await asyncio.to_thread(_fresh, scratch, run)
    return run, False


def _fresh(scratch: Path, run: UUID) -> None:
    """Files of sweeps before it are of no use any more."""
    shutil.rmtree(scratch, ignore_errors=True)
    (scratch / str(run)).mkdir(parents=True)


@asynccontextmanager
async def _own_process() -> AsyncIterator[Compute]:
    """Not one of those that pages wait for: it is busy for minutes, and large."""
    compute = Compute(1)
    try:
        yield compute
    finally:
        await compute.close()


@asynccontextmanager
async def _heard_of(pool: "Pool", run: UUID, folder: Path, tell: Tell) -> AsyncIterator[None]:
    """Says that it lives, and how far it is, until it ends."""
    task = asyncio.create_task(_say(pool, run, folder, tell))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _say(pool: "Pool", run: UUID, folder: Path, tell: Tell) -> None:
    while await sweeping.hear(pool, run):
        await asyncio.sleep(LOOK_EVERY_S)
        mark = await asyncio.to_thread(whole.read_mark, folder)
        if mark.rows:
            tell(mark.row, mark.rows, mark.stage)


async def _read_all(pool: "Pool", folder: Path, tell: Tell) -> None:
    last = done = 0
    with (folder / "records.bin").open("wb") as file:
        while rows := await sweeping.snapshot(pool, last, RECORDS_AT_ONCE):
            file.writelines(part for id_, body in rows for part in (whole.head(id_, body), body))
            last, done = rows[-1][0], done + len(rows)
            tell(done, 0, "reading")
    (folder / "ready").touch()


async def _said(db: store.Database) -> list[whole.Said]:
    return [(one.id, one.a, one.b, one.verdict) for one in await store.decided_all(db)]


async def _take_over(pool: "Pool", run: UUID, folder: Path, compute: Compute, tell: Tell) -> Swept:
    await sweeping.fill(pool, folder, ("keys", "words", "links"))
    await _take_keys(pool, run, tell)
    for _ in range(ROUNDS):
        state = await store.state(pool)
        grouped = await compute.run(whole.group, str(folder), await _said(pool), timeout_s=COMPARES_WITHIN_S)
        await sweeping.fill(pool, folder, ("clusters", "held"))
        async with pool.acquire() as db, db.transaction():
            await store.lock(db)
            now = await store.state(db)
            if now.run != run:
                raise Overtaken(f"sweep {run} was taken for dead")
            if now.decisions == state.decisions:
                swept, became = await _settle(db, run, grouped, whole.read_mark(folder))
                break
    else:
        raise Overtaken("people decided faster than clusters could be made")
    announce(became)
    return swept


async def _take_keys(pool: "Pool", run: UUID, tell: Tell) -> None:
    """In steps: until all is done no record can be compared by itself, but what was found before it stays."""
    async with pool.acquire() as db, db.transaction():
        await store.lock(db)
        if (await store.state(db)).run != run:
            raise Overtaken(f"sweep {run} was taken for dead")
        await sweeping.spoil(db)
    last = 0
    while (step := await sweeping.take_keys(pool, last, TAKEN_AT_ONCE)) is not None:
        last = step
        tell(last, 0, "taking over")


async def _settle(db: store.Database, run: UUID, grouped: whole.Grouped, mark: whole.Mark) -> tuple[Swept, list[Move]]:
    gone, new, changed = await sweeping.take_links(db)
    before, after = await sweeping.clusters(db)
    became = moves(before, after)
    await sweeping.set_clusters(db, before, after)
    await store.tell(db, became, BY_ITSELF)
    await sweeping.finish(db, run, mark.rows)
    return Swept(
        records=mark.rows, links=mark.links, new=new, changed=changed, gone=gone, clusters=grouped.clusters,
        merged=_count(became, "merged"), unmerged=_count(became, "unmerged"), held=grouped.held,
    ), became  # fmt: skip


def _count(became: list[Move], event: str) -> int:
    return sum(one.event == event for one in became)
