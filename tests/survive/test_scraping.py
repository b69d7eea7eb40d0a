"""The real service mirrors the demo registry: whole, then only what changed, politely, and traceably."""

from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import aiohttp
import asyncpg

from actors.queue import store as queue
from demo import process as demo
from demo.process import Demo
from supervisor.wiring import job_kinds
from tests.demo.client import listed, nct, updated
from tests.survive.processes import SMALL, Running, command, running, until, world_settings
from tests.survive.scraping import becomes, forget_requests, kept, pages_asked, scrape_of

Pool: TypeAlias = "asyncpg.Pool[Any]"
TRACE = "ward-7-asks-for-it"
STEPS = ["request.answered", "scrape.started", "source.answered", "page.written", "scrape.ended", "job.settled"]
PER_MIN, CALLS = 150.0, 12
WINDOW_S = 2.0


async def test_one_id_follows_a_scrape_from_the_request_through_the_job_to_the_registry(
    dsn: str, db: Pool, tmp_path: Path, world: Demo, mirror: dict[str, Any]
) -> None:
    """G03, G06, N37: asked for over HTTP, 3,250 studies come in four calls of a page each, with the total and the share
    told meanwhile, and one id leads from the request to each of them and to the end of the job. Days later an
    incremental scrape writes what changed, and a version for each change.
    """
    token = (await command(dsn, "token", "new", "ward", "--role", "operator")).out.strip()
    async with running(dsn, tmp_path, settings={**mirror, **SMALL}) as one:
        url = f"http://127.0.0.1:{(await one.said('web.listening'))['port']}"
        job = await _post_scrape(url, token, "full")
        shares = [await _share(db, job, done) for done in (1000, 2000)]
        assert shares == [(1000, 3250), (2000, 3250)]
        assert await becomes(db, job, "done", "dead") == "done"
        await one.said("job.settled", job=job)
        assert await pages_asked(world) == [0, 1000, 2000, 3000]
        assert {seen["headers"]["x-request-id"] for seen in await world.requests()} == {TRACE}
        assert _first_of_each(one) == STEPS
        before = await _statuses(world)
        assert sorted(await kept(db)) == sorted(before)
        await world.switch(day=4)
        await forget_requests(world)
        job = await _post_scrape(url, token, "incremental")
        assert await becomes(db, job, "done", "dead") == "done"
        assert len(await pages_asked(world)) == 1
    await _only_changes_are_written(db, await scrape_of(db, job), before, await _statuses(world))


async def _post_scrape(url: str, token: str, mode: str) -> int:
    headers = {"Authorization": f"Bearer {token}", "X-Request-Id": TRACE}
    async with (
        aiohttp.ClientSession(url, headers=headers, timeout=aiohttp.ClientTimeout(total=30)) as session,
        session.post("/api/v1/scrapes", json={"registry": "ctgov", "mode": mode}) as response,
    ):
        answer = await response.json()
        assert response.status == 202, answer
        assert response.headers["X-Request-Id"] == TRACE
        return int(answer["job"])


async def _share(db: Pool, job: int, done: int) -> tuple[int, int]:
    """How far it is and of how much, once it is as far as that."""
    row = await until(
        lambda: db.fetchrow("select records, total from scrapes where job_id = $1 and records = $2", job, done)
    )
    return row["records"], row["total"]


def _first_of_each(one: Running) -> list[str]:
    """The steps that lines with the id tell of, in the order of their first line."""
    told = [line["event"] for line in one.said_so_far if TRACE in (line.get("trace_id"), line.get("request_id"))]
    return list(dict.fromkeys(event for event in told if event in STEPS))


async def _statuses(world: Demo) -> dict[str, Any]:
    """What each study in the register says of its dates and its state; every change of the world shows in it."""
    studies = await listed(world.url, pageSize="1000", fields="NCTId,protocolSection.statusModule")
    return {nct(study): study for study in studies}


async def _only_changes_are_written(
    db: Pool, scrape: dict[str, Any], before: dict[str, Any], after: dict[str, Any]
) -> None:
    new = after.keys() - before.keys()
    asked_for = {number for number, study in after.items() if updated(study) >= scrape["since"].isoformat()}
    changed = {number for number in asked_for & before.keys() if after[number] != before[number]}
    assert new
    assert changed
    assert (scrape["mode"], scrape["new"], scrape["changed"]) == ("incremental", len(new), len(changed))
    rows = await db.fetch(
        "select registry_id, event, changes <> '[]' as differs from trial_versions v join trials t on t.id = trial_id "
        "where scrape_id = $1",
        scrape["id"],
    )
    assert sorted((row["registry_id"], row["event"], row["differs"]) for row in rows) == sorted(
        [(number, "new", False) for number in new] + [(number, "changed", True) for number in changed]
    )
    assert await db.fetchval("select count(*) from trials") == len(before) + len(new)


async def test_two_processes_together_keep_to_the_limit_of_a_registry(dsn: str, db: Pool, tmp_path: Path) -> None:
    """G05: scrapes of one registry in two processes, asked for at once: in any window the registry sees no more calls
    than the limit allows.
    """
    async with demo.running(trials=20) as world:
        settings = {**SMALL, **world_settings(world.url, PER_MIN), "scrapers": 3}
        async with (
            running(dsn, tmp_path / "one", settings=settings) as one,
            running(dsn, tmp_path / "two", settings=settings) as two,
        ):
            kind = job_kinds()["scrape"]
            jobs = await queue.enqueue(
                db, [kind.new(kind.payload(registry="ctgov", mode="full")) for _ in range(CALLS)]
            )
            for job in jobs:
                assert await becomes(db, job, "done", "dead") == "done"
            assert all(len(each.all_said("source.answered")) >= 2 for each in (one, two))
        at = [datetime.fromisoformat(seen["at"]).timestamp() for seen in await world.requests()]
    assert len(at) == CALLS
    most = int(PER_MIN * WINDOW_S / 60)
    assert all(at[n + most] - at[n] >= WINDOW_S - 0.1 for n in range(CALLS - most)), [b - a for a, b in pairwise(at)]
