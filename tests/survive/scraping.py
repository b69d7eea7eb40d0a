"""Scrapes as the tests ask for them, and what must be true of what they left."""

from typing import Any, TypeAlias

import asyncpg

from actors.queue import operating
from actors.queue import store as queue
from demo.process import Demo
from supervisor.kinds import job_kinds
from supervisor.scraping import ask_for_scrapes
from tests.demo.client import listed, nct
from tests.survive.processes import until

Pool: TypeAlias = "asyncpg.Pool[Any]"
# Connections of a process: those of its pool bear its number besides.
CONNECTIONS = "select count(*) from pg_stat_activity where split_part(application_name, ' ', 1) = $1"


async def ask(db: Pool, mode: Any = "full") -> int:
    """The job of a scrape of the demo world."""
    [asked] = await ask_for_scrapes(db, ["ctgov"], mode=mode)
    return asked.job


async def ask_once(db: Pool, mode: Any = "full") -> int:
    """The job of a scrape that is tried once only, beside others of the same registry."""
    kind = job_kinds()["scrape"]
    [job] = await queue.enqueue(
        db, [kind.new(kind.payload(registry="ctgov", mode=mode), max_attempts=1, unique_key=None)]
    )
    return job


async def state_of(db: Pool, job: int) -> str:
    return str(await operating.state_of(db, job))


async def becomes(db: Pool, job: int, *states: str) -> str:
    """Waits until a job is in one of these states."""

    async def there() -> str | None:
        state = await state_of(db, job)
        return state if state in states else None

    return str(await until(there))


async def time_passes(db: Pool, job: int) -> None:
    """What was put off is due now."""
    await db.execute("update jobs set run_at = now() where id = $1 and state = 'scheduled'", job)


async def scrape_of(db: Pool, job: int) -> dict[str, Any]:
    row = await db.fetchrow("select * from scrapes where job_id = $1 order by id desc limit 1", job)
    assert row is not None, f"job {job} opened no scrape"
    return dict(row)


async def pages_asked(world: Demo) -> list[int]:
    """How many records came before each page that the registry was asked for, in order."""
    return [
        one["first"] for one in await world.requests() if one["path"] == "/api/v2/studies" and one["first"] is not None
    ]


async def forget_requests(world: Demo) -> None:
    await world._call("DELETE", "/__demo/requests")


async def numbers_of(world: Demo) -> set[str]:
    """Every number in the register today; asked as a reader of it would."""
    return {nct(study) for study in await listed(world.url, pageSize="1000", fields="NCTId")}


async def kept(db: Pool) -> list[str]:
    """The numbers of the trials that are here and, as far as we know, still in the register."""
    return [row["registry_id"] for row in await db.fetch("select registry_id from trials where removed_at is null")]


async def connections_gone(db: Pool, name: str) -> None:
    """Waits until PostgreSQL has noticed that a killed process is gone: what it had begun is undone or done."""

    async def gone() -> bool:
        return not await db.fetchval(CONNECTIONS, name)

    await until(gone)
