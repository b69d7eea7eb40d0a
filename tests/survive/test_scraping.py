"""The real service mirrors the demo registry: whole, then only what changed, politely, and traceably."""

from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import aiohttp
import asyncpg

from actors.queue import store as queue
from demo import process as demo
from demo.process import Demo
from supervisor.kinds import job_kinds
from supervisor.scraping import ask_for_scrapes
from tests.demo.client import listed, nct, updated
from tests.survive.processes import SMALL, Running, command, running, until, world_settings
from tests.survive.scraping import ask, becomes, forget_requests, kept, numbers_of, pages_asked, scrape_of

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


async def test_two_processes_scrape_a_registry_in_turns_and_together_keep_to_its_limit(
    dsn: str, db: Pool, tmp_path: Path
) -> None:
    """G05: scrapes of one registry in two processes, asked for at once: never two of them at a time, and in any window
    the registry sees no more calls than the limit allows.
    """
    async with demo.running(trials=20) as world:
        settings = {**SMALL, **world_settings(world.url, PER_MIN), "scrapers": 3}
        async with (
            running(dsn, tmp_path / "one", settings=settings) as one,
            running(dsn, tmp_path / "two", settings=settings) as two,
        ):
            kind = job_kinds()["scrape"]
            payload = kind.payload(registry="ctgov", mode="full")
            await queue.enqueue(db, [kind.new(payload, unique_key=None) for _ in range(CALLS)])
            await until(lambda: _all_took_their_turn(db))
            assert all(len(each.all_said("source.answered")) >= 2 for each in (one, two))
            assert any(each.all_said("scrape.waited") for each in (one, two))
        at = [datetime.fromisoformat(seen["at"]).timestamp() for seen in await world.requests()]
    assert len(at) == CALLS
    most = int(PER_MIN * WINDOW_S / 60)
    assert all(at[n + most] - at[n] >= WINDOW_S - 0.1 for n in range(CALLS - most)), [b - a for a, b in pairwise(at)]
    scrapes = await db.fetch("select state, started_at, ended_at from scrapes order by started_at")
    assert [scrape["state"] for scrape in scrapes] == ["done"] * CALLS
    assert all(earlier["ended_at"] <= later["started_at"] for earlier, later in pairwise(scrapes))


async def _all_took_their_turn(db: Pool) -> bool:
    """Whether all is done; who waits for a turn looks for it now."""
    await db.execute("update jobs set run_at = now() where state = 'scheduled'")
    return not await db.fetchval("select count(*) from jobs where kind = 'scrape'")


async def test_a_source_that_gives_less_than_it_counts_is_asked_once_more_and_then_nothing_is_taken_for_gone(
    dsn: str, db: Pool, tmp_path: Path
) -> None:
    """N02: records that fall between two pages, totals that drift, records that cannot be read: what is still at the
    source is never marked as removed, and the scrape says what it could not do.
    """
    async with (
        demo.running(trials=1_250) as world,
        running(dsn, tmp_path, settings={**SMALL, **world_settings(world.url)}),
    ):
        everybody = await _full(db)
        assert (everybody["new"], everybody["missed"], everybody["error"]) == (1_250, 0, None)
        assert everybody["covers_to"] is not None
        await world.switch(page_shift=40)
        await forget_requests(world)
        short = await _full(db)
        assert await pages_asked(world) == [0, 1_040, 0, 1_040]
        assert (short["state"], short["missed"], short["removed"], short["records"]) == ("done", 40, 0, 1_210)
        assert "40 records that the source counted did not come" in short["error"]
        assert short["covers_to"] is None
        await world.switch(page_shift=0, total_drift=3)
        drifted = await _full(db)
        assert (drifted["missed"] > 0, drifted["removed"], drifted["covers_to"]) == (True, 0, None)
        await world.switch(total_drift=0, surrogate_every=20)
        spoiled = await _full(db)
        assert (spoiled["refused"], spoiled["removed"], spoiled["error"]) == (1_250 // 20, 0, None)
        await world.switch(surrogate_every=0, day=20)
        gone = await _full(db)
        assert (gone["removed"] > 0, gone["error"]) == (True, None)
        assert set(await kept(db)) == await numbers_of(world)


async def test_so_many_that_are_gone_at_once_must_be_accepted(dsn: str, db: Pool, tmp_path: Path) -> None:
    """A fifth of what is here is not at the source any more: nothing is marked, and it is said how it would be."""
    async with (
        demo.running(trials=300) as world,
        running(dsn, tmp_path, settings={**SMALL, **world_settings(world.url)}),
    ):
        await _full(db)
        await db.execute("update trials set registry_id = 'XCT' || right(registry_id, 8) where id % 5 = 0")
        unbelieved = await _full(db)
        assert (unbelieved["removed"], unbelieved["new"]) == (0, 60)
        assert "--full --accept-removed" in unbelieved["error"]
        ended = await command(dsn, "scrape", "--full", "--accept-removed", "--wait", settings=world_settings(world.url))
        assert "60 removed" in ended.out, ended
        assert set(await kept(db)) == await numbers_of(world)


async def _full(db: Pool) -> dict[str, Any]:
    job = await ask(db)
    assert await becomes(db, job, "done", "dead") == "done"
    return await scrape_of(db, job)


async def test_tokens_that_die_on_the_way_cost_nothing_and_no_record_counts_twice(
    dsn: str, db: Pool, tmp_path: Path
) -> None:
    """G03: the window is read again, in parts; all is there at the end, and the share says so from the start."""
    async with (
        demo.running(trials=1_250) as world,
        running(dsn, tmp_path, settings={**SMALL, **world_settings(world.url)}) as one,
    ):
        await world.switch(latency_ms=400)
        job = await ask(db)
        await until(lambda: _were_asked(world, 2))
        await world.switch(token_epoch=5)
        await one.said("scrape.restarted")
        await world.switch(latency_ms=0)
        assert await becomes(db, job, "done", "dead") == "done"
        scrape = await scrape_of(db, job)
        assert (scrape["records"], scrape["new"], scrape["total"]) == (1_250, 1_250, 1_250)
        assert (scrape["missed"], scrape["error"]) == (0, None)
        assert set(await kept(db)) == await numbers_of(world)
        done = 0
        for page in one.all_said("page.written"):
            done += sum(page[name] for name in ("new", "changed", "unchanged", "refused"))
            assert done <= 1_250
        assert done == 1_250


async def _were_asked(world: Demo, pages: int) -> bool:
    return len(await world.requests()) >= pages


async def test_a_first_scrape_is_of_everything_and_one_of_what_changed_asks_no_more_than_whether_it_did(
    dsn: str, db: Pool, tmp_path: Path
) -> None:
    """G06: what changed since a given day leaves the rest to be asked for; where the source says that nothing changed
    since an earlier scrape was complete, nothing is read; and what changes after that is.
    """
    async with (
        demo.running(trials=300) as world,
        running(dsn, tmp_path, settings={**SMALL, **world_settings(world.url)}),
    ):
        some = await _changes(db, since=date(2025, 12, 1))
        assert 0 < some["records"] < 300
        assert some["covers_to"] is None
        first = await _changes(db)
        assert (first["mode"], first["since"], await db.fetchval("select count(*) from trials")) == ("full", None, 300)
        read = await _changes(db)
        assert (read["mode"], read["pages"]) == ("incremental", 1)
        again = await _changes(db)
        assert (again["state"], again["since"], again["pages"], again["requests"]) == ("done", read["since"], 0, 1)
        assert (again["records"], again["covers_to"], again["error"]) == (0, read["covers_to"], None)
        assert [seen["status"] for seen in await world.requests()] == [200, 200, 200, 304]
        await world.switch(day=9)
        changed = await _changes(db)
        assert (changed["since"], changed["new"] > 0) == (read["since"], True)
        assert set(await numbers_of(world)) <= {row["registry_id"] for row in await db.fetch("select * from trials")}


async def _changes(db: Pool, since: date | None = None) -> dict[str, Any]:
    [asked] = await ask_for_scrapes(db, ["ctgov"], mode="incremental", since=since)
    assert await becomes(db, asked.job, "done", "dead") == "done"
    return await scrape_of(db, asked.job)


async def test_what_a_page_looked_like_is_kept_only_with_all_that_follows_it(
    dsn: str, db: Pool, tmp_path: Path
) -> None:
    """Of a scrape of changes that falls short, nothing is kept: the next one reads all of it again."""
    async with (
        demo.running(trials=1_250, switches={"page_shift": 40}) as world,
        running(dsn, tmp_path, settings={**SMALL, **world_settings(world.url)}),
    ):
        for shift, missed in ((40, 40), (0, 0)):
            await world.switch(page_shift=shift)
            scrape = await _changes(db, since=date(2000, 1, 1))
            assert scrape["missed"] == missed
            assert await db.fetchval("select count(*) from http_validators") == int(not missed)
