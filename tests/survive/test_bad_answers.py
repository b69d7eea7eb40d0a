"""A registry that answers nonsense, or not at all: what can be read is mirrored, and nothing is made up."""

import asyncio
import socket
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg

from actors.queue import store as queue
from demo import process as demo
from supervisor.kinds import job_kinds
from tests.postgres import Servers, default_bin_dir
from tests.survive.processes import SMALL, command, running, until, world_settings
from tests.survive.scraping import becomes, kept, scrape_of, time_passes

Pool: TypeAlias = "asyncpg.Pool[Any]"
FEW = 200
BROKEN = {"nul_every": 50, "surrogate_every": 60, "bad_utf8_every": 70, "shapeless_every": 150}
SPOILED = {number for number in range(1, FEW + 1) if any(number % every == 0 for every in BROKEN.values())}
# Each four times, but the first: a page is asked for twice, and then, twice, the numbers of its studies.
FAULTS = {"truncated": 1, "cut_json": 4, "not_json": 4, "wrong_shape": 4, "gigantic": 4, "gigantic_bytes": 66 << 20}
REASONS = ("not the JSON of a page", "not the JSON of a page", "not a page of studies", "larger than the agreed")

ALERT = "select count(*) from alerts where name = 'registry_unavailable' and subject = 'ctgov'"
MEASURE = "select max(value) = 1 from measures where name = 'registry_failures' and label = 'ctgov'"


async def _ask(db: Pool, max_attempts: int) -> int:
    kind = job_kinds()["scrape"]
    [job] = await queue.enqueue(db, [kind.new(kind.payload(registry="ctgov", mode="full"), max_attempts=max_attempts)])
    return job


async def test_a_study_that_can_never_be_read_is_set_aside_by_its_number_and_all_others_come(
    dsn: str, db: Pool, tmp_path: Path
) -> None:
    """G05, N02: one study makes each page that it is on unreadable, another one makes it too large, for ever. The
    scrape finds both by their numbers and ends, complete: neither counts as missed, or as gone the next time.
    """
    async with (
        demo.running(trials=1_250) as world,
        running(dsn, tmp_path, settings={**SMALL, **world_settings(world.url)}),
    ):
        job = await _ask(db, max_attempts=1)
        assert await becomes(db, job, "done", "dead") == "done"
        everybody = set(await kept(db))
        await world.switch(cut_record=40, gigantic_record=1_249, gigantic_bytes=66 << 20)
        job = await _ask(db, max_attempts=1)
        assert await becomes(db, job, "done", "dead") == "done"
    scrape = await scrape_of(db, job)
    assert (scrape["refused"], scrape["unchanged"], scrape["total"]) == (2, 1_248, 1_250)
    assert (scrape["removed"], scrape["missed"], scrape["error"]) == (0, 0, None)
    assert set(await kept(db)) == everybody
    refused = await db.fetch("select registry_id, reason, url from refused_records order by size_bytes desc")
    assert [row["reason"].partition(":")[0] for row in refused] == ["UnreadableBody", "BodyTooLarge"]
    for row in refused:
        assert row["registry_id"] in everybody
        assert row["registry_id"] in row["url"]


async def test_broken_records_are_set_aside_and_broken_answers_asked_again(dsn: str, db: Pool, tmp_path: Path) -> None:
    """G05, N02: an answer that breaks off is asked for again at once; where all that comes is cut in its JSON, HTML, of
    another shape or without end, an attempt fails with its reason and makes no row. Records with NUL, lone surrogates,
    bad UTF-8 or no shape wait aside with theirs, whole, while the others are mirrored.
    """
    async with (
        demo.running(trials=FEW, switches={**FAULTS, **BROKEN}) as world,
        running(dsn, tmp_path, settings={**SMALL, **world_settings(world.url)}) as one,
    ):
        job = await _ask(db, max_attempts=10)
        for number, reason in enumerate(REASONS, start=1):
            told = await one.said("scrape.interrupted", times=number)
            assert reason in told["error"]
            assert await db.fetchval("select count(*) from trials") == 0
            assert await becomes(db, job, "scheduled", "dead") == "scheduled"
            await time_passes(db, job)
        assert await becomes(db, job, "done", "dead") == "done"
        assert one.all_said("source.retried")
    scrape = await scrape_of(db, job)
    assert (scrape["records"], scrape["missed"]) == (FEW, 0)
    assert "1 refused records have no readable number" in scrape["error"]
    assert scrape["refused"] == len(SPOILED)
    assert scrape["new"] == len(await kept(db)) == FEW - len(SPOILED)
    refused = await db.fetch("select reason, size_bytes from refused_records where body is not null")
    assert len(refused) == len(SPOILED)
    for words in ("U+0000", "lone surrogate", "not valid UTF-8", "got `str`"):
        assert any(words in row["reason"] for row in refused), words


async def test_a_registry_that_fails_or_is_away_makes_no_row_and_no_success(
    servers: Servers, dsn: str, tmp_path: Path
) -> None:
    """G05, N02: 500 for the first page fails the scrape, never "done", and so does 429 to the end; a retry by hand
    begins it anew. Behind a closed port the job waits for its next attempt. Each time an alert says that the registry
    is unavailable, and no row is made up. (All at once, for each takes its time.)
    """
    server = await servers.at(default_bin_dir())
    async with server.database() as second, server.database() as third, asyncio.TaskGroup() as all_of_them:
        all_of_them.create_task(_fails(dsn, tmp_path / "fails", "500", errors=1000))
        all_of_them.create_task(_fails(third.dsn, tmp_path / "busy", "429", too_many=1000, retry_after=""))
        all_of_them.create_task(_is_away(second.dsn, tmp_path / "away"))


async def _fails(dsn: str, data: Path, reason: str, **switches: Any) -> None:
    async with (
        asyncpg.create_pool(dsn, min_size=0, max_size=2) as db,
        demo.running(trials=FEW, switches=switches) as world,
        running(dsn, data, settings={**SMALL, **world_settings(world.url)}),
    ):
        job = await _ask(db, max_attempts=1)
        assert await becomes(db, job, "dead", "done") == "dead"
        await _nothing_but_an_alert(db, job, "failed", reason)
        assert len(await world.requests()) == 5
        await world.switch(errors=0, too_many=0)
        assert (await command(dsn, "jobs", "retry", str(job))).code == 0
        assert await becomes(db, job, "done", "dead") == "done"
        assert len(await kept(db)) == FEW
        await until(lambda: db.fetchval("select bool_and(closed_at is not null) from alerts"))


async def test_a_registry_that_sends_us_away_half_way_is_unavailable_until_it_answers_again(
    dsn: str, db: Pool, tmp_path: Path
) -> None:
    """G05: 429 with a long wait, after a page was written: nothing is spent and nothing lost, but everybody sees it."""
    async with (
        demo.running(trials=1_250, switches={"pass_first": 1, "too_many": 1, "retry_after": "300"}) as world,
        running(dsn, tmp_path, settings={**SMALL, **world_settings(world.url)}),
    ):
        job = await _ask(db, max_attempts=1)
        assert await becomes(db, job, "scheduled", "dead", "done") == "scheduled"
        scrape = await scrape_of(db, job)
        assert (scrape["state"], scrape["records"]) == ("running", 1_000)
        assert "429" in scrape["error"]
        row = await db.fetchrow("select attempts, run_at - now() > '4 minutes' as later from jobs where id = $1", job)
        assert row is not None
        assert (row["attempts"], row["later"]) == (0, True)
        await until(lambda: db.fetchval(MEASURE))
        await db.execute("update rate_limits set closed_until = null")
        await time_passes(db, job)
        assert await becomes(db, job, "done", "dead") == "done"
    scrape = await scrape_of(db, job)
    assert (scrape["records"], scrape["new"], scrape["error"]) == (1_250, 1_250, None)


async def _is_away(dsn: str, data: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens there, and nobody else can
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        db = await asyncpg.create_pool(dsn, min_size=0, max_size=2)
        async with running(dsn, data, settings={**SMALL, **world_settings(url)}):
            job = await _ask(db, max_attempts=3)
            assert await becomes(db, job, "scheduled", "dead", "done") == "scheduled"
            await _nothing_but_an_alert(db, job, "running", "cannot be reached")
        db.terminate()


async def _nothing_but_an_alert(db: Pool, job: int, state: str, reason: str) -> None:
    scrape = await scrape_of(db, job)
    assert (scrape["state"], scrape["records"]) == (state, 0)
    assert reason in scrape["error"]
    assert await db.fetchval("select count(*) from trials") == 0
    await until(lambda: db.fetchval(MEASURE))
    await until(lambda: db.fetchval(ALERT))
