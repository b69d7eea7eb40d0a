"""All that runs jobs in one process: desk, claimer, settler and workers, under the real supervisor."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg

from actors.jobs import JobKind, by_every_name
from actors.queue.attempt import Attempt
from actors.queue.claimer import POLL_S, SOON_S, Claimer
from actors.queue.desk import Desk
from actors.queue.outcome import Done
from actors.queue.settler import Settler
from actors.runtime import telemetry
from actors.runtime.compute import Compute
from actors.runtime.fetch import Fetch
from actors.runtime.files import LocalFiles
from actors.runtime.post import Post
from actors.runtime.signals import Listener
from actors.tools import Tools
from actors.worker import Worker
from supervisor.restarts import Backoff
from supervisor.supervisor import Child, Supervisor
from tests.queue.jobs import Pool, register

MIDDLE = 0.5  # a jitter that changes nothing
NEVER_S = 3600.0  # longer than any test


class Heard:
    """What was emitted, for tests to wait for."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Mapping[str, object]]] = []
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()

    def __call__(self, event: str, fields: Mapping[str, object]) -> None:
        self.events.append((event, fields))
        self._loop.call_soon_threadsafe(self._news.set)

    def tell(self, event: str, **fields: object) -> None:
        """As the supervisor tells it."""
        self(event, fields)

    def all(self, event: str, **fields: object) -> list[Mapping[str, object]]:
        return [told for name, told in self.events if name == event and fields.items() <= told.items()]

    def settled(self, *states: str) -> int:
        """How many jobs were settled so."""
        return sum(int(str(t["number"])) for t in self.all("jobs.settled") if not states or t["state"] in states)

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not holds():
                self._news.clear()
                with suppress(TimeoutError):  # some of what tests wait for is told by nobody
                    async with asyncio.timeout(0.02):
                        await self._news.wait()

    async def until_settled(self, number: int, *states: str) -> None:
        await self.until(lambda: self.settled(*states) >= number)


@dataclass(slots=True)
class House:
    desk: Desk
    supervisor: Supervisor
    heard: Heard
    listens: asyncio.Event

    async def until_it_listens(self) -> None:
        async with asyncio.timeout(30):
            await self.listens.wait()

    async def drain(self, grace_s: float = 30.0) -> tuple[str, ...]:
        async with asyncio.timeout(60):
            return await self.supervisor.drain(grace_s)

    def crashes(self) -> list[str]:
        return [str(told["name"]) for told in self.heard.all("actor.crashed")]


@asynccontextmanager
async def house(
    pool: Pool, tools: Tools, *kinds: JobKind[Any], slots: int = 4, copies: int = 1,
    queues: Sequence[str] = ("default",), polls: bool = True, listen: str | None = None, may_crash: bool = False,
    desk: Desk | None = None, may_claim: Callable[[], bool] = lambda: True,
) -> AsyncIterator[House]:  # fmt: skip
    """Starts it, and at the end stops it; unless `may_crash`, a crash of an actor fails the test.

    `listen` is the URL at which it hears of new jobs, cancelled ones and rules; unless it `polls`, it looks for
    itself only once. A desk that is given is as an earlier life of the actors left it.
    """
    heard, listens = Heard(), asyncio.Event()
    desk = desk or Desk("worker", tuple(queues), uuid4(), slots=0)
    poll_s, soon_s = (POLL_S, SOON_S) if polls else (NEVER_S, NEVER_S)
    await register(pool, desk.worker)
    known = by_every_name({kind.name: kind for kind in kinds})
    children = [
        Child("settler", Settler(desk, pool).run),
        Child("claimer", Claimer(desk, pool, may_claim=may_claim, poll_s=poll_s, soon_s=soon_s).run),
        Child("worker", lambda life: Worker(desk, known, tools, slots=slots).run(life), copies=copies),
    ]
    if listen is not None:
        children.insert(0, Child("listener", Listener(listen, topics(desk, listens)).run, drains=False))
    supervisor = Supervisor(children, emit=heard.tell, backoff=Backoff(first_s=0.001, most_s=0.01))
    detach = telemetry.attach(heard)
    running = asyncio.create_task(supervisor.run())
    try:
        yield House(desk, supervisor, heard, listens)
        assert may_crash or not heard.all("actor.crashed")
    finally:
        running.cancel()
        await asyncio.wait([running], timeout=30)
        detach()


def topics(desk: Desk, listens: asyncio.Event) -> dict[str, Callable[[str], None]]:
    """What the service does with signals, for one desk."""

    def look(payload: str) -> None:
        if not payload or payload in desk.queues:
            desk.wake()

    def rules_changed(_payload: str) -> None:
        desk.rules = {}
        desk.wake()

    def heard(payload: str) -> None:
        if not payload:
            listens.set()  # the last of the topics
        for one in payload.split():
            job, _, event = one.partition(":")
            if event == "cancel_asked":
                desk.cancel(int(job), "cancelled by request")

    return {"triald_jobs": look, "triald_queues": rules_changed, "triald_job_events": heard}


@asynccontextmanager
async def tools_at(pool: Pool, folder: Path) -> AsyncIterator[Tools]:
    """Real tools; chance is a constant."""
    compute = Compute(1)
    async with Fetch(agent="tests", db=pool) as fetch, Post(agent="tests") as post:
        yield Tools(
            db=pool, fetch=fetch, post=post, files=LocalFiles(folder, secret=b"s" * 32), compute=compute, registries={},
            rates={}, now=lambda: datetime.now(UTC), random=lambda: MIDDLE,
        )  # fmt: skip
    await compute.close()


@dataclass(frozen=True, slots=True)
class Numbered:
    n: int = 0


def printing(run: Callable[[Numbered, Attempt, Tools], Any], **fields: Any) -> JobKind[Numbered]:
    """A job kind `print` for one test."""
    return JobKind("print", Numbered, run, **fields)


class Ran:
    """A handler that notes what it ran, in order."""

    def __init__(self) -> None:
        self.jobs: list[int] = []
        self.attempts: list[tuple[int, int]] = []

    async def __call__(self, payload: Numbered, attempt: Attempt, tools: Tools) -> Done:
        self.jobs.append(attempt.job.id)
        self.attempts.append((attempt.job.id, attempt.job.attempt))
        return Done()


class Gate:
    """A handler that says that it was entered, and stays until it may go."""

    def __init__(self) -> None:
        self.entered: asyncio.Queue[Attempt] = asyncio.Queue()
        self.may_go = asyncio.Event()

    async def __call__(self, payload: Numbered, attempt: Attempt, tools: Tools) -> Done:
        self.entered.put_nowait(attempt)
        await self.may_go.wait()
        return Done()

    async def until_entered(self) -> Attempt:
        async with asyncio.timeout(30):
            return await self.entered.get()


async def cut_all(dsn: str) -> None:
    """Ends every connection of the test's database but its own."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where pid <> pg_backend_pid() and datname = current_database()"
    )
    await connection.close()
