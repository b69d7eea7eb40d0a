"""A registry that answers nonsense, or not at all: what can be read is mirrored, and nothing is made up."""

import socket
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg

from demo import process as demo
from demo.process import Demo
from supervisor.wiring import job_kinds
from tests.postgres import Servers, default_bin_dir
from tests.survive.processes import SMALL, command, running, until, world_settings
from tests.survive.scraping import ask, becomes, kept, scrape_of, state_of, time_passes

from actors.queue import store as queue  # isort: skip

Pool: TypeAlias = "asyncpg.Pool[Any]"
FEW = 200
BROKEN = {"nul_every": 50, "surrogate_every": 60, "bad_utf8_every": 70, "shapeless_every": 80}
SPOILED = {number for number in range(1, FEW + 1) if any(number % every == 0 for every in BROKEN.values())}
FAULTS = {"truncated": 1, "cut_json": 1, "not_json": 1, "wrong_shape": 1, "gigantic": 1}


async def test_broken_records_are_set_aside_and_broken_answers_asked_again(dsn: str, db: Pool, tmp_path: Path) -> None:
    """G05, N02: an answer cut short, cut in its JSON, of HTML, of another shape or without end fails an attempt with its
    reason and makes no row; records with NUL, lone surrogates, bad UTF-8 or no shape wait aside with theirs, whole."""
    async with (
        demo.running(trials=FEW, switches={**FAULTS, **BROKEN}) as world,
        running(dsn, tmp_path, settings={**SMALL, **world_settings(world.url)}),
    ):
        kind = job_kinds()["scrape"]
        [job] = await queue.enqueue(db, [kind.new(kind.payload(registry="ctgov", mode="full"), max_attempts=10)])
        await until(lambda: _fails_or_ends(db, job))
    errors = await db.fetchval("select errors from job_history where id = $1", job)
    assert await state_of(db, job) == "done"
    scrape = await scrape_of(db, job)
    assert (scrape["records"], scrape["error"]) == (FEW, None)
    assert scrape["refused"] + scrape["new"] == FEW == scrape["refused"] + len(await kept(db))
    refused = await db.fetch("select reason, size_bytes, body is not null as whole from refused_records")
    assert len(refused) == scrape["refused"] >= 2
    assert all(row["reason"] and row["whole"] for row in refused)
    assert scrape["refused"] <= len(SPOILED)
    print(errors, refused)


async def _fails_or_ends(db: Pool, job: int) -> bool:
    assert await db.fetchval("select count(*) from trials") in (0, FEW - 0) or await state_of(db, job) != "dead"
    await time_passes(db, job)
    return await state_of(db, job) in ("done", "dead")
