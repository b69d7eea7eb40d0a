"""A process beats from a thread of its own."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg

from actors.queue import store
from actors.queue.beat import Beat, Vital
from supervisor.life import Life
from tests.queue.house import cut_all
from tests.queue.jobs import ME, Pool, claim_one, events, states


@asynccontextmanager
async def beating(dsn: str, past_deadline: Sequence[tuple[int, int]] = ()) -> AsyncIterator[Beat]:
    def vital() -> Vital:
        return Vital(0.25, slots=8, running=3, draining=False, actors=[{"name": "worker"}], past_deadline=past_deadline)

    beat = Beat(ME, lambda: asyncpg.connect(dsn, timeout=5), vital, version="1.2", every_s=0.01)
    running = asyncio.create_task(beat.run(Life("beat", 0, time.monotonic)))
    try:
        yield beat
    finally:
        running.cancel()
        await asyncio.wait([running])


async def until_beats(db: Pool, more_than: int) -> None:
    async with asyncio.timeout(30):
        while (await store.beats(db)).get(ME, -1) <= more_than:  # noqa: ASYNC110 -- the thread tells nobody
            await asyncio.sleep(0.01)


async def test_a_process_tells_that_it_lives_until_it_ends(db: Pool, dsn: str) -> None:
    async with beating(dsn):
        await until_beats(db, 3)
        [process] = await store.processes(db)
        told = {name: process[name] for name in ("id", "version", "lag_s", "slots", "running", "draining", "actors")}
        assert told == {
            "id": ME, "version": "1.2", "lag_s": 0.25, "slots": 8, "running": 3, "draining": False,
            "actors": [{"name": "worker"}],
        }  # fmt: skip
    assert await store.beats(db) == {}


async def test_an_event_loop_that_stands_still_silences_no_beat(db: Pool, dsn: str) -> None:
    async with beating(dsn) as beat:
        await until_beats(db, 0)
        before = beat.beats
        deadline_s = time.monotonic() + 30
        while beat.beats < before + 5 and time.monotonic() < deadline_s:
            pass  # the loop gets no turn
        assert beat.beats >= before + 5


async def test_beats_go_on_after_their_connection_was_cut(db: Pool, dsn: str) -> None:
    async with beating(dsn):
        await until_beats(db, 0)
        await cut_all(dsn)
        await db.expire_connections()
        counted = (await store.beats(db))[ME]
        await until_beats(db, counted)


async def test_the_thread_takes_back_what_ran_past_its_deadline(db: Pool, dsn: str) -> None:
    job = await claim_one(db)
    async with beating(dsn, [(job.id, job.fence)]):
        await until_beats(db, 1)
    assert await states(db, [job.id]) == ["ready"]
    assert await events(db, job.id) == ["rescued"]
