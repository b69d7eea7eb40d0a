"""A process that works off the queue as the service does: its own actors, without pages, scrapes and cron."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from actors.jobs import JobKind
from actors.queue.attempt import Attempt
from actors.queue.outcome import Done, Outcome
from actors.tools import Tools
from supervisor.crew import children
from supervisor.service import Service
from supervisor.settings import read
from supervisor.supervisor import Supervisor
from supervisor.wiring import open_service

LEFT_OUT = frozenset({"web", "scheduler", "scraper", "scraper_claimer", "scraper_settler"})
DRAIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Numbered:
    """The payload of a benchmark's job."""

    i: int = 0


def kind(met: Callable[[int], None]) -> JobKind[Numbered]:
    """Jobs that do nothing but tell their number at the first line of their handler."""

    async def run(payload: Numbered, attempt: Attempt, tools: Tools) -> Outcome:
        met(payload.i)
        return Done()

    return JobKind("bench", Numbered, run)


@asynccontextmanager
async def opened(dsn: str, work: JobKind[Any]) -> AsyncIterator[Service]:
    """Everything built and connected, nothing started."""
    with tempfile.TemporaryDirectory(prefix="triald-bench-") as folder:
        given = {"database_url": dsn, "data_dir": folder, "compute_processes": "0"}
        async with open_service(read(given, {}, default_file=None)) as service:
            service.kinds[work.name] = work
            yield service


@asynccontextmanager
async def running(service: Service) -> AsyncIterator[None]:
    """The actors at work; afterwards they drain. Ends at once with what stopped the supervisor."""
    service.supervisor = Supervisor([child for child in children(service) if child.name not in LEFT_OUT])
    async with asyncio.TaskGroup() as group:
        group.create_task(service.supervisor.run())
        yield
        await service.supervisor.drain(DRAIN_S)


@asynccontextmanager
async def working(dsn: str, met: Callable[[int], None]) -> AsyncIterator[Service]:
    async with opened(dsn, kind(met)) as service, running(service):
        yield service


async def until(is_so: Callable[[], Awaitable[bool] | bool], *, look_every_s: float = 0.005) -> None:
    """Watches from outside until something is so."""
    while not (found if isinstance(found := is_so(), bool) else await found):
        await asyncio.sleep(look_every_s)
