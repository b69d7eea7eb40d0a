"""A running scrape is cancelled from the command line."""

from pathlib import Path
from typing import Any, TypeAlias

import asyncpg

from demo.process import Demo
from tests.survive.processes import SMALL, command, running, until
from tests.survive.scraping import ask, becomes, pages_asked, scrape_of

Pool: TypeAlias = "asyncpg.Pool[Any]"


async def test_cancelling_a_running_scrape_stops_it_and_it_stays_cancelled(
    dsn: str, db: Pool, tmp_path: Path, world: Demo, mirror: dict[str, Any]
) -> None:
    """N16: the handler is stopped in the midst of a request, scrape and job say that they were cancelled, nothing more
    is asked of the registry, and the next scrape begins anew.
    """
    async with running(dsn, tmp_path, settings={**mirror, **SMALL}) as one:
        job = await ask(db)
        await one.said("page.written")
        await world.switch(latency_ms=60_000)
        await until(lambda: _waits_for_a_page(world))
        ended = await command(dsn, "jobs", "cancel", str(job), "--reason", "wrong day", "--json")
        assert (ended.code, ended.json) == (0, {"job": job, "end": "asked"})
        assert await becomes(db, job, "cancelled", "done", "dead") == "cancelled"
        scrape = await scrape_of(db, job)
        assert (scrape["state"], scrape["records"]) == ("cancelled", 1000 * scrape["pages"])
        asked = len(await world.requests())
        await world.switch(latency_ms=0)
        again = await ask(db)
        assert again != job
        assert await becomes(db, again, "done", "dead") == "done"
        assert (await pages_asked(world))[-4:] == [0, 1000, 2000, 3000]
        assert len(await world.requests()) == asked + 4
        shown = (await command(dsn, "jobs", "show", str(job), "--json")).json
        assert shown["state"] == "cancelled"
        assert [event["event"] for event in shown["events"]] == ["cancel_asked", "cancelled"]
        assert shown["events"][0]["detail"] == {"reason": "wrong day"}


async def _waits_for_a_page(world: Demo) -> bool:
    return any(one["status"] is None for one in await world.requests())
