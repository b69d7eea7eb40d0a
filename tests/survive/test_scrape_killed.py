"""A scrape whose process is killed goes on where it was: nothing is lost, doubled, or asked for twice without need."""

from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import pytest

from demo.process import Demo
from tests.survive.gates import gate
from tests.survive.processes import QUICK, SMALL, Running, running, until
from tests.survive.scraping import (
    ask,
    becomes,
    connections_gone,
    forget_requests,
    kept,
    numbers_of,
    pages_asked,
    scrape_of,
)

Pool: TypeAlias = "asyncpg.Pool[Any]"
Step: TypeAlias = tuple[str, str, str]

OPEN: Step = ("scrapes", "insert", "true")
FIRST: Step = ("scrapes", "update", "new.pages = 1 and old.pages = 0")
WRITE: Step = ("scrapes", "update", "new.pages = 2 and old.pages = 1")
CHECKPOINT: Step = ("jobs", "update", "new.checkpoint is distinct from old.checkpoint and old.checkpoint is not null")
END: Step = ("scrapes", "update", "new.state = 'done'")
HISTORY: Step = ("job_history", "insert", "new.kind = 'scrape'")
# Each step with the first page that the process killed at it had asked for: the one after the last that was written.
STEPS: tuple[tuple[Step, list[int]], ...] = (
    (OPEN, []), (WRITE, [0]), (CHECKPOINT, [1000]), (END, [1000]), (HISTORY, []),
)  # fmt: skip
HELD_MS = 600_000


async def test_a_scrape_killed_at_any_step_goes_on_at_the_next_page(
    dsn: str, db: Pool, tmp_path: Path, world: Demo, mirror: dict[str, Any]
) -> None:
    """G04: killed while it opens, with a page written and the next one fetched, before a checkpoint, and twice while
    finishing: the registry is asked for the page that comes next, and each record is there once. The full scrape after
    that, killed half-way too, still knows what its first half met: only what is really gone is marked as removed.
    """
    settings = {**mirror, **QUICK, **SMALL, "compute_processes": 1}
    job = await ask(db)
    for step, first in STEPS:
        await forget_requests(world)
        async with gate(dsn, *step) as at, running(dsn, tmp_path, settings=settings) as one:
            await at.reached()
            await _kill(one)
            await at.open(cut_off=True)
            await connections_gone(db, one.name)
        assert (await pages_asked(world))[:1] == first, step
        await db.execute("update jobs set attempts = 1 where id = $1", job)  # how often it may die is not at stake
    await forget_requests(world)
    async with running(dsn, tmp_path, settings=settings) as one:
        assert await becomes(db, job, "done", "dead") == "done"
        assert await pages_asked(world) == []
        await _holds_everything_once(db, job, world)
        before = set(await kept(db))
        await world.switch(day=20)
        job = await ask(db)
        await one.said("page.written", times=2)
        await _kill(one)
        await connections_gone(db, one.name)
    assert (await scrape_of(db, job))["state"] == "running"
    async with running(dsn, tmp_path, settings=settings):
        assert await becomes(db, job, "done", "dead") == "done"
    await _knows_who_left(db, job, before, await numbers_of(world))


@pytest.mark.parametrize(("mode", "written"), [("full", 0), ("full", 2), ("incremental", 0)])
async def test_a_scrape_killed_while_it_waits_for_a_page_asks_for_that_page_again(
    dsn: str, db: Pool, tmp_path: Path, world: Demo, mirror: dict[str, Any], mode: str, written: int
) -> None:
    """G04, G06: between its opening and its first page, or after some, with nothing being written."""
    settings = {**mirror, **QUICK, **SMALL}
    if mode == "incremental":
        async with running(dsn, tmp_path, settings=settings):
            assert await becomes(db, await ask(db), "done", "dead") == "done"
        await world.switch(day=20)
    await forget_requests(world)
    async with gate(dsn, *FIRST) as at, running(dsn, tmp_path, settings=settings) as one:
        if not written:
            await world.switch(latency_ms=HELD_MS)
        job = await ask(db, mode)
        if written:
            await at.reached()
            await until(lambda: _answered(world, 2))
            await world.switch(latency_ms=HELD_MS)
            await at.open(cut_off=False)
            await one.said("page.written", times=written)
        await until(lambda: _waits(world))
        await one.kill()
        await connections_gone(db, one.name)
    assert (await scrape_of(db, job))["pages"] == written
    [*_, unanswered] = await world.requests()
    await world.switch(latency_ms=0)
    await forget_requests(world)
    async with running(dsn, tmp_path, settings=settings):
        assert await becomes(db, job, "done", "dead") == "done"
    again = await world.requests()
    assert (again[0]["path"], again[0]["params"]) == (unanswered["path"], unanswered["params"])
    assert len({str(one["params"]) for one in again}) == len(again)
    assert set(await kept(db)) >= await numbers_of(world)  # what is gone at the source only a full scrape can tell
    if mode == "full":
        await _holds_everything_once(db, job, world)


async def _answered(world: Demo, pages: int) -> bool:
    return len([one for one in await world.requests() if one["status"] == 200]) >= pages


async def _waits(world: Demo) -> bool:
    return any(one["status"] is None for one in await world.requests())


async def _kill(one: Running) -> None:
    """No process for computations outlives its service."""
    await one.kill()
    await until(lambda: _nobody_of(one.pid))


async def _nobody_of(leader: int) -> bool:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session = stat.read_text().rpartition(")")[2].split()[:4]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(session) == leader and state != "Z":
            return False
    return True


async def _holds_everything_once(db: Pool, job: int, world: Demo) -> None:
    scrape = await scrape_of(db, job)
    assert {name: scrape[name] for name in ("state", "pages", "records", "new", "total")} == {
        "state": "done", "pages": 4, "records": 3250, "new": 3250, "total": 3250,
    }  # fmt: skip
    assert sorted(await kept(db)) == sorted(await numbers_of(world))
    assert await db.fetchval("select count(*) from trial_versions") == 3250
    assert await db.fetchval("select count(*) from trial_raw") == 3250


async def _knows_who_left(db: Pool, job: int, before: set[str], now: set[str]) -> None:
    scrape = await scrape_of(db, job)
    assert sorted(await kept(db)) == sorted(now)
    assert scrape["removed"] == len(before - now) > 0
    assert scrape["new"] == len(now - before) > 0
    events = await db.fetch("select event, count(*) from trial_versions where scrape_id = $1 group by 1", scrape["id"])
    assert dict(events) == {"new": scrape["new"], "changed": scrape["changed"], "removed": scrape["removed"]}
