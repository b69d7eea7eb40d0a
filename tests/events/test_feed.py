"""The actor that reads the log: what is told soon, what is told without any signal, and how jobs stand."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import asyncpg
import orjson

from actors.events import store
from actors.events.event import Event
from actors.events.feed import Feed
from actors.queue import store as queue
from actors.queue.job import NewJob
from actors.runtime.signals import Listener, ListenerLost
from supervisor.life import Life

LISTENER = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and query ilike 'listen%'
"""


class Crowd:
    """Those who watch: keeps what it hears."""

    def __init__(self, *jobs: int) -> None:
        self.jobs = set(jobs)
        self.heard: asyncio.Queue[Event] = asyncio.Queue()
        self.began: list[Event] | None = None
        self.arrived = asyncio.Event()

    def __len__(self) -> int:
        return 1

    def start(self, events: Any, *, last: int) -> None:
        self.began = list(events)

    def hear(self, events: Any) -> None:
        for one in events:
            self.heard.put_nowait(one)

    async def next(self) -> Event:
        async with asyncio.timeout(20):
            return await self.heard.get()

    async def until(self, **wanted: object) -> Event:
        """The next event whose data holds this."""
        while True:
            event = await self.next()
            if wanted.items() <= orjson.loads(event.payload).items():
                return event


@asynccontextmanager
async def feeding(feed: Feed) -> AsyncIterator[None]:
    task = asyncio.create_task(feed.run(Life("events", 0, time.monotonic)))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


@asynccontextmanager
async def listening(feed: Feed, dsn: str) -> AsyncIterator[None]:
    """As the supervisor does: started again whenever it is lost."""
    topics: dict[str, Callable[[str], None]] = {
        "triald_events": feed.wake,
        "triald_job_events": feed.heard_of_jobs,
    }

    async def listen() -> None:
        while True:
            with suppress(ListenerLost):
                await Listener(dsn, topics).run(Life("listener", 0, time.monotonic))

    task = asyncio.create_task(listen())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def tell(db: Any, number: int) -> None:
    await store.append(db, room="service", kind="test.told", payload={"number": number})


async def test_what_happened_before_is_there_and_what_happens_is_told_in_order(db: "asyncpg.Pool[Any]") -> None:
    """N27: without a single signal."""
    await tell(db, 1)
    await store.after(db, 0)
    await tell(db, 2)
    crowd = Crowd()
    async with feeding(Feed(db, crowd)):
        assert orjson.loads((await crowd.next()).payload) == {"number": 2}
        assert crowd.began is not None
        assert [orjson.loads(one.payload)["number"] for one in crowd.began] == [1]
        for number in range(3, 8):
            await tell(db, number)
        assert [orjson.loads((await crowd.next()).payload)["number"] for _ in range(5)] == [3, 4, 5, 6, 7]


async def test_more_than_one_look_can_take_is_told_whole(db: "asyncpg.Pool[Any]") -> None:
    number = 2 * store.MOST_AT_ONCE + 5
    await db.execute(
        """insert into event_inbox (room, kind, payload)
           select 'service', 'test.told', jsonb_build_object('number', n) from generate_series(1, $1) n""",
        number,
    )
    crowd = Crowd()
    async with feeding(Feed(db, crowd)):
        heard = [orjson.loads((await crowd.next()).payload)["number"] for _ in range(number)]
    assert heard == list(range(1, number + 1))


async def test_a_listener_that_is_cut_off_costs_no_event(db: "asyncpg.Pool[Any]", dsn: str) -> None:
    """N27: the one connection that listens is ended, again and again; whoever watches hears all within 6 s."""
    crowd = Crowd()
    feed = Feed(db, crowd)
    async with feeding(feed), listening(feed, dsn):
        for number in range(5):
            await db.fetch(LISTENER)
            await tell(db, number)
            async with asyncio.timeout(6):
                assert orjson.loads((await crowd.next()).payload) == {"number": number}


async def test_a_job_that_is_watched_is_told_to_its_end(db: "asyncpg.Pool[Any]", dsn: str) -> None:
    """S16: how it stands at first, its progress, its end; what is told of others is not looked at."""
    job, other = await queue.enqueue(db, [NewJob("maintain"), NewJob("maintain")])
    crowd, worker = Crowd(job), uuid4()
    feed = Feed(db, crowd)
    async with feeding(feed), listening(feed, dsn):
        assert (await crowd.until(state="ready")).room == f"job:{job}"
        claimed = {one.id: one for one in await queue.claim(db, "default", 2, worker, 10.0)}
        fence = claimed[job].fence
        await queue.save_progress(db, [job], [fence], ['{"done": 3, "total": 9}'], worker)
        await queue.tell(db, "triald_job_events", f"{job}:progress {other}:progress")
        event = await crowd.until(progress={"done": 3, "total": 9})
        assert (event.id, event.is_final, event.key) == (None, False, f"state:{job}")
        await queue.finish(db, [job], [fence], [None], worker)
        await queue.tell(db, "triald_job_events", f"{job}:done")
        events = [await crowd.next(), await crowd.next()]
        assert {one.kind for one in events} == {"job.done", "job.state"}
        assert all(one.is_final for one in events)


async def test_a_job_whose_end_nobody_tells_of_is_noticed(db: "asyncpg.Pool[Any]") -> None:
    """The net below the signals: what is watched is looked at every few seconds."""
    [job] = await queue.enqueue(db, [NewJob("maintain")])
    crowd = Crowd(job)
    async with feeding(Feed(db, crowd)):
        await crowd.until(state="ready")
        await db.execute("update jobs set state = 'held', rev = rev + 1 where id = $1", job)
        assert not (await crowd.until(state="held")).is_final
