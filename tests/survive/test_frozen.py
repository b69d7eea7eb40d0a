"""A process that is frozen until others took its jobs writes nothing more to them when it wakes."""

import signal
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg

from demo.process import Demo
from tests.survive.jobs import begun, done, enqueue, events_of, runs_of
from tests.survive.processes import NODE, QUICK, SMALL, running, until
from tests.survive.scraping import ask, becomes, kept, numbers_of, scrape_of

Pool: TypeAlias = "asyncpg.Pool[Any]"


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


async def _refused(db: Pool, job: int) -> bool:
    return await events_of(db, job) == ["rescued", "late_result_refused"]
