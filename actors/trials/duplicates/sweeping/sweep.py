"""Finds all duplicates of the database anew: read to a file, compared in processes of its own, taken over at once.

A sweep that is broken off goes on where it was, in the process where its files are; elsewhere it begins again. What it
found is taken over in one transaction: until then pairs and clusters are what they were.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
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
from actors.trials.duplicates.sweeping.choosing import Said
from actors.trials.duplicates.sweeping.comparing import Run, Tell, compare, together
from actors.trials.duplicates.sweeping.counting import count
from actors.trials.duplicates.sweeping.files import RECORDS, Part, head, read_value, write_value
from actors.trials.duplicates.sweeping.grouping import Grouped, group

if TYPE_CHECKING:
    import asyncpg

    Pool = asyncpg.Pool[Any]

HEARD_EVERY_S = 1.0
STEP_WITHIN_S = 1800.0  # of half a million the longest takes a quarter of a minute
PROCESSES = 2  # that compare; a third would wait for what all of them wait for
PART = 25_000  # records that are counted at once
RECORDS_AT_ONCE = 5_000
TAKEN_AT_ONCE = 20_000
READY = "ready"  # the file that says that all is read: its parts
ROUNDS = 5  # of clusters made, while people decide meanwhile


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


@dataclass(frozen=True, slots=True)
class _Found:
    """What a sweep holds before it is taken over."""

    run: UUID
    folder: Path
    records: int
    links: int


def quiet(_done: int, _total: int, _note: str) -> None:
    """Tells nobody how far it is."""


async def sweep(pool: "Pool", scratch: Path, *, run: UUID | None = None, tell: Tell = quiet) -> Swept:
    """`run`: a sweep that was broken off, to go on with where that can be. Raises Overtaken."""
    run, goes_on = await _begin(pool, scratch, run)
    folder = scratch / str(run)
    async with _heard_of(pool, run), _own_processes() as step:
        parts = read_value(folder / READY, list[Part]) if goes_on else await _read_all(pool, folder, step, tell)
        await together(step(count, str(folder), part) for part in parts)
        links = await _compare(pool, folder, parts, step, tell)
        swept = await _take_over(pool, _Found(run, folder, parts[-1].end if parts else 0, links), step, tell)
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    emit("trials.compared", mode="whole", records=swept.records, number=swept.links, new=swept.new)
    return swept


async def _begin(pool: "Pool", scratch: Path, run: UUID | None) -> tuple[UUID, bool]:
    """The sweep, and whether it goes on with one that was broken off."""
    async with pool.acquire() as db, db.transaction():
        await store.lock(db)
        state = await store.state(db)
        if run and state.run == run and (scratch / str(run) / READY).exists():
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
async def _own_processes() -> AsyncIterator[Run]:
    """Not of those that pages wait for: they are busy for minutes, and large."""
    compute = Compute(PROCESSES)

    async def step(work: Callable[..., Any], *given: Any) -> Any:
        return await compute.run(work, *given, timeout_s=STEP_WITHIN_S)

    try:
        yield step
    finally:
        await compute.close()


@asynccontextmanager
async def _heard_of(pool: "Pool", run: UUID) -> AsyncIterator[None]:
    """Says that it lives, until it ends."""
    task = asyncio.create_task(_say(pool, run))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _say(pool: "Pool", run: UUID) -> None:
    while await sweeping.hear(pool, run):  # noqa: ASYNC110  # a sign of life, nothing is waited for
        await asyncio.sleep(HEARD_EVERY_S)


async def _read_all(pool: "Pool", folder: Path, step: Run, tell: Tell) -> list[Part]:
    """The records in a file; while more are read those before are counted."""
    parts: list[Part] = []
    counted: list[asyncio.Future[Any]] = []
    try:
        async for part in _read(pool, folder, tell):
            parts.append(part)
            counted.append(asyncio.ensure_future(step(count, str(folder), part)))
    finally:
        await together(counted)
    write_value(folder / READY, parts)
    return parts


async def _read(pool: "Pool", folder: Path, tell: Tell) -> AsyncIterator[Part]:
    """Each part as soon as its records are in the file."""
    last, part = 0, Part(0, 0, 0)
    with (folder / RECORDS).open("wb") as file:
        while rows := await sweeping.snapshot(pool, last, RECORDS_AT_ONCE):
            file.writelines(piece for id_, body in rows for piece in (head(id_, body), body))
            last, part = rows[-1][0], Part(part.begin, part.end + len(rows), part.byte)
            tell(part.end, 0, "reading")
            if part.end - part.begin >= PART:
                file.flush()
                yield part
                part = Part(part.end, part.end, file.tell())
    if part.end > part.begin:
        yield part


async def _compare(pool: "Pool", folder: Path, parts: Sequence[Part], step: Run, tell: Tell) -> int:
    """Pairs, words and keys wait to be taken over; how many pairs."""
    names = ("keys", "words", "links")
    await sweeping.empty(pool, names)
    turn = asyncio.Semaphore(1)  # of the connections of the service one is enough

    async def kept(name: str, path: Path) -> None:
        async with turn:
            await sweeping.fill(pool, name, path)

    links = await compare(folder, parts, await _said(pool), run=step, kept=kept, tell=tell)
    await sweeping.look_at(pool, names)
    return links


async def _said(db: store.Database) -> list[Said]:
    return [(one.id, one.a, one.b, one.verdict) for one in await store.decided_all(db)]


async def _take_over(pool: "Pool", found: _Found, step: Run, tell: Tell) -> Swept:
    await _take_keys(pool, found.run, tell)
    for _ in range(ROUNDS):
        state = await store.state(pool)
        grouped = await step(group, str(found.folder), await _said(pool))
        await sweeping.empty(pool, ("clusters", "held"))
        for name in ("clusters", "held"):
            await sweeping.fill(pool, name, found.folder / f"{name}.copy")
        await sweeping.look_at(pool, ("clusters", "held"))
        async with pool.acquire() as db, db.transaction():
            await store.lock(db)
            now = await store.state(db)
            if now.run != found.run:
                raise Overtaken(f"sweep {found.run} was taken for dead")
            if now.decisions == state.decisions:
                swept, became = await _settle(db, found, grouped)
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


async def _settle(db: store.Database, found: _Found, grouped: Grouped) -> tuple[Swept, list[Move]]:
    gone, new, changed = await sweeping.take_links(db)
    before, after = await sweeping.clusters(db)
    became = moves(before, after)
    await sweeping.set_clusters(db, before, after)
    await store.tell(db, became, BY_ITSELF)
    await sweeping.finish(db, found.run, found.records)
    return Swept(
        records=found.records, links=found.links, new=new, changed=changed, gone=gone, clusters=grouped.clusters,
        merged=_count(became, "merged"), unmerged=_count(became, "unmerged"), held=grouped.held,
    ), became  # fmt: skip


def _count(became: list[Move], event: str) -> int:
    return sum(one.event == event for one in became)
