"""A process that is frozen until others took its jobs writes nothing more to them when it wakes."""

import signal
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import pytest

from demo.process import Demo
from tests.survive.gates import gate
from tests.survive.jobs import begun, done, enqueue, events_of, runs_of
from tests.survive.kinds import TABLES
from tests.survive.processes import NODE, QUICK, SMALL, running, until
from tests.survive.scraping import ask, becomes, kept, numbers_of, scrape_of

Pool: TypeAlias = "asyncpg.Pool[Any]"
Step: TypeAlias = tuple[str, str, str]
COPYING: Step = ("trials", "insert", "true")
CHECKPOINT: Step = ("jobs", "update", "new.checkpoint is distinct from old.checkpoint and old.checkpoint is not null")


async def test_a_late_result_of_a_frozen_process_is_refused_and_logged(
    dsn: str, db: Pool, tables: None, tmp_path: Path, world: Demo, mirror: dict[str, Any]
) -> None:
    """G10, N14: stopped by SIGSTOP beyond its lease, its jobs are finished by another process. Woken, its result, its
    effect and its page are refused; the log and the jobs' events say so.
    """
    settings = {**mirror, **QUICK, **SMALL}
    async with running(dsn, tmp_path / "frozen", program=NODE, settings=settings) as frozen:
        scrape = await ask(db)
        await frozen.said("page.written")
        await world.switch(latency_ms=3000)  # neither process can end the scrape before the other is heard
        await until(lambda: _waits_with_nothing_in_hand(db, world, scrape))
        [plain, effect] = [(await enqueue(db, kind, seconds=1))[0] for kind in ("slow", "effect")]
        await begun(db, plain)
        await begun(db, effect)
        frozen.signal(signal.SIGSTOP)
        async with running(dsn, tmp_path / "awake", program=NODE, settings=settings) as awake:
            await awake.said("scrape.resumed")
            await done(db, [plain, effect])
            frozen.signal(signal.SIGCONT)
            for job in (plain, effect, scrape):
                await frozen.said("job.settled", job=job, state="refused")
                await until(partial(_refused, db, job))
            await frozen.said("job.lease_lost", job=effect)
            await frozen.said("job.lease_lost", job=scrape)
            await world.switch(latency_ms=0)
            assert await becomes(db, scrape, "done", "dead") == "done"
            assert not awake.all_said("job.settled", state="refused")
        assert frozen.alive
        await done(db, await enqueue(db, "note"))  # it is of use again
    assert await runs_of(db, [plain, effect]) == {plain: 2, effect: 2}
    assert [row["fence"] for row in await db.fetch("select fence from effects")] == [2]
    assert (await scrape_of(db, scrape))["records"] == 3250
    assert sorted(await kept(db)) == sorted(await numbers_of(world))


@pytest.mark.parametrize("step", [COPYING, CHECKPOINT], ids=["in the midst of a COPY", "before its commit"])
async def test_what_a_frozen_process_holds_locked_is_freed_with_its_jobs(
    dsn: str, db: Pool, tmp_path: Path, world: Demo, mirror: dict[str, Any], step: Step
) -> None:
    """G04, G10: stopped by SIGSTOP while it writes a page, its transaction stays open, and whoever writes the same rows
    waits for it. It is ended with the process: another one scrapes on to the end, and the frozen one, woken, has
    changed nothing and is of use again.
    """
    settings = {**mirror, **QUICK, **SMALL}
    async with gate(dsn, *step) as at, running(dsn, tmp_path / "frozen", program=NODE, settings=settings) as frozen:
        scrape = await ask(db)
        await at.reached()
        frozen.signal(signal.SIGSTOP)
        await at.unlock()
        await world.switch(latency_ms=3000)  # the scrape goes on for as long as the frozen one needs to be heard
        async with running(dsn, tmp_path / "awake", program=NODE, settings=settings) as awake:
            await awake.said("process.cut_off", number=1)
            await awake.said("job.rescued", job=scrape)
            await awake.said("scrape.resumed")
            frozen.signal(signal.SIGCONT)
            await frozen.said("job.settled", job=scrape, state="refused")
            assert (await scrape_of(db, scrape))["error"] is None
            await world.switch(latency_ms=0)
            assert await becomes(db, scrape, "done", "dead") == "done"
        assert not awake.all_said("scrape.interrupted")
        await db.execute(TABLES)
        await done(db, await enqueue(db, "note"))
    found = await scrape_of(db, scrape)
    assert (found["state"], found["records"], found["new"], found["error"]) == ("done", 3250, 3250, None)
    assert sorted(await kept(db)) == sorted(await numbers_of(world))
    assert await events_of(db, scrape) == ["rescued", "late_result_refused"]


async def _waits_with_nothing_in_hand(db: Pool, world: Demo, scrape: int) -> bool:
    """A page is awaited, and those that came before it are written: no transaction is open."""
    statuses = [one["status"] for one in await world.requests()]
    return None in statuses and statuses.count(200) == (await scrape_of(db, scrape))["pages"]


async def _refused(db: Pool, job: int) -> bool:
    return await events_of(db, job) == ["rescued", "late_result_refused"]
