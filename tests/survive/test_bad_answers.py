"""A registry that answers nonsense, or not at all: what can be read is mirrored, and nothing is made up."""

import asyncio
import socket
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg

from actors.queue import store as queue
from demo import process as demo
from supervisor.wiring import job_kinds
from tests.postgres import Servers, default_bin_dir
from tests.survive.processes import SMALL, command, running, until, world_settings
from tests.survive.scraping import becomes, kept, scrape_of, time_passes

Pool: TypeAlias = "asyncpg.Pool[Any]"
FEW = 200
BROKEN = {"nul_every": 50, "surrogate_every": 60, "bad_utf8_every": 70, "shapeless_every": 150}
SPOILED = {number for number in range(1, FEW + 1) if any(number % every == 0 for every in BROKEN.values())}
FAULTS = {"truncated": 1, "cut_json": 1, "not_json": 1, "wrong_shape": 1, "gigantic": 1}
REASONS = ("not the JSON of a page", "not the JSON of a page", "not a page of studies", "larger than the agreed")

ALERT = "select count(*) from alerts where name = 'registry_unavailable' and subject = 'ctgov'"
MEASURE = "select max(value) = 1 from measures where name = 'registry_failures' and label = 'ctgov'"


async def _ask(db: Pool, max_attempts: int) -> int:
    kind = job_kinds()["scrape"]
    [job] = await queue.enqueue(db, [kind.new(kind.payload(registry="ctgov", mode="full"), max_attempts=max_attempts)])
    return job


async def test_broken_records_are_set_aside_and_broken_answers_asked_again(dsn: str, db: Pool, tmp_path: Path) -> None:
    """G05, N02: an answer that breaks off is asked for again at once; one that is cut in its JSON, HTML, of another
    shape or without end fails an attempt with its reason and makes no row. Records with NUL, lone surrogates, bad UTF-8
    or no shape wait aside with theirs, whole, while the others are mirrored.
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
    assert (scrape["records"], scrape["error"]) == (FEW, None)
    assert scrape["refused"] == len(SPOILED)
    assert scrape["new"] == len(await kept(db)) == FEW - len(SPOILED)
    refused = await db.fetch("select reason, size_bytes from refused_records where body is not null")
    assert len(refused) == len(SPOILED)
    for words in ("U+0000", "lone surrogate", "not valid UTF-8", "got `str`"):
        assert any(words in row["reason"] for row in refused), words


async def test_a_registry_that_fails_or_is_away_makes_no_row_and_no_success(
    servers: Servers, dsn: str, db: Pool, tmp_path: Path
) -> None:
    """G05, N02: 500 for the first page fails the scrape, never "done", and a retry by hand begins it anew; behind a
    closed port the job waits for its next attempt. Either way an alert says that the registry is unavailable, and no
    row is made up. (Both at once, for each takes its time.)
    """
    async with (await servers.at(default_bin_dir())).database() as other, asyncio.TaskGroup() as both:
        both.create_task(_fails(dsn, db, tmp_path / "fails"))
        both.create_task(_is_away(other.dsn, tmp_path / "away"))


async def _fails(dsn: str, db: Pool, data: Path) -> None:
    async with (
        demo.running(trials=FEW, switches={"errors": 1000}) as world,
        running(dsn, data, settings={**SMALL, **world_settings(world.url)}),
    ):
        job = await _ask(db, max_attempts=1)
        assert await becomes(db, job, "dead", "done") == "dead"
        await _nothing_but_an_alert(db, job, "failed", "500")
        assert len(await world.requests()) == 5
        await world.switch(errors=0)
        assert (await command(dsn, "jobs", "retry", str(job))).code == 0
        assert await becomes(db, job, "done", "dead") == "done"
        assert len(await kept(db)) == FEW
        await until(lambda: db.fetchval("select bool_and(closed_at is not null) from alerts"))


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
