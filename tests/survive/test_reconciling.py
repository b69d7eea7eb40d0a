"""What is held is compared with what the registry lists, and only what differs is asked for."""

from pathlib import Path
from typing import Any, TypeAlias

import asyncpg

from demo.process import Demo
from tests.demo.client import listed, nct, status
from tests.survive.processes import SMALL, command, running
from tests.survive.scraping import ask, becomes, forget_requests, kept, numbers_of, scrape_of

Pool: TypeAlias = "asyncpg.Pool[Any]"
MISSED, STALE = 3, 5


async def _asked(world: Demo) -> tuple[int, int]:
    """How many lists of numbers were asked for, and how many studies by their numbers."""
    asked = [one["params"] for one in await world.requests() if one["path"] == "/api/v2/studies"]
    by_number = [params["filter.ids"].split(",") for params in asked if "filter.ids" in params]
    assert all("fields" in params or "filter.ids" in params for params in asked)
    return len(asked) - len(by_number), sum(map(len, by_number))


async def test_a_reconciliation_asks_for_what_differs_and_notices_what_is_gone(
    dsn: str, db: Pool, tmp_path: Path, world: Demo, mirror: dict[str, Any]
) -> None:
    """G06: trials that were missed, changed or removed are found by numbers and dates, without reading all again."""
    async with running(dsn, tmp_path, settings={**mirror, **SMALL}):
        assert await becomes(db, await ask(db), "done", "dead") == "done"
        here = sorted(await numbers_of(world))
        await db.execute("delete from trials where registry_id = any($1)", here[:MISSED])
        await db.execute(
            "update trials set last_updated_on = '2001-01-01', content_sha256 = sha256('') where registry_id = any($1)",
            here[MISSED : MISSED + STALE],
        )
        await forget_requests(world)
        job = await ask(db, "reconcile")
        assert await becomes(db, job, "done", "dead") == "done"
        assert await _asked(world) == (4, MISSED + STALE)
        scrape = await scrape_of(db, job)
        assert (scrape["mode"], scrape["new"], scrape["changed"], scrape["removed"]) == ("reconcile", MISSED, STALE, 0)
        assert (scrape["records"], scrape["total"], scrape["missed"]) == (len(here), len(here), 0)

        await world.switch(day=4)
        await forget_requests(world)
        job = await ask(db, "reconcile")
        assert await becomes(db, job, "done", "dead") == "done"
        lists, studies = await _asked(world)
        assert len(await world.requests()) - lists == -(-studies // 100), "they are asked for a hundred at once"
        now = await numbers_of(world)
        assert sorted(await kept(db)) == sorted(now)
        scrape = await scrape_of(db, job)
        assert scrape["removed"] == len(set(here) - now)
        statuses = {nct(one): status(one) for one in await listed(world.url, pageSize="1000")}
        rows = await db.fetch("select registry_id, status_raw from trials where removed_at is null")
        assert {row["registry_id"]: row["status_raw"] for row in rows} == statuses


async def test_before_a_first_complete_scrape_everything_is_asked_for(
    dsn: str, db: Pool, tmp_path: Path, world: Demo, mirror: dict[str, Any]
) -> None:
    """A comparison with nothing would ask for every study by its number; a full scrape takes a tenth of the calls."""
    async with running(dsn, tmp_path, settings={**mirror, **SMALL}):
        done = await command(dsn, "scrape", "ctgov", "--reconcile", "--wait", "--json", settings=mirror)
        assert done.code == 0, done.error
    row = await db.fetchrow("select mode, state from scrapes")
    assert row is not None
    assert (row["mode"], row["state"]) == ("full", "done")
