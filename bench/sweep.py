"""All of ClinicalTrials.gov at the rate that it allows, and a day later what differs. Prints JSON.

    python -m bench.sweep [--trials 600000] [--per-min 50] [--pg 15]

Two processes of triald on one PostgreSQL mirror a ClinicalTrials.gov made for it, at the registry's real rate; the one
that scrapes is killed with SIGKILL after some pages, and the other goes on. Then the world is a day older, and the
numbers and dates of everything are compared. The clock runs from the request for a scrape to its end. What the
registry saw tells how many requests there were in the worst sixty seconds, whoever asked.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from actors.trials import store
from actors.trials.scrapes import Mode, Scrape
from bench import server, triald
from bench.measure import Figures, at_most, missed, rounded
from demo import process as demo
from demo.process import Demo
from supervisor.scraping import ask_for_scrapes

HOST = "clinicaltrials.gov"
WINDOW_S = 60.0
KILL_AFTER_PAGES = 20
DONE_WITHIN_S = 3600.0
LOOK_EVERY_S = 0.2
WITH_TWO_AFTER_S = 5.0  # the first one is at it by then
MINUTES_MOST = 15.0


def worst_window(at: Sequence[datetime], window_s: float = WINDOW_S) -> int:
    """How many requests fell into the fullest window of that length. No I/O."""
    most = first = 0
    for last, moment in enumerate(at):
        while (moment - at[first]).total_seconds() >= window_s:
            first += 1
        most = max(most, last - first + 1)
    return most


async def mirrored(db: "asyncpg.Connection[Any]", world: Demo, mode: Mode, *, kill: int | None = None) -> Figures:
    """One scrape to its end; `kill` is the process that is killed on the way."""
    before = len(await world.requests())
    earlier = max([one.id for one in await store.scrapes(db, "ctgov", limit=1)], default=0)
    began = time.perf_counter()
    await ask_for_scrapes(db, ["ctgov"], mode=mode)
    if kill is not None:
        await _ended(db, earlier, pages=KILL_AFTER_PAGES)
        os.kill(kill, signal.SIGKILL)
    scrape = await _ended(db, earlier)
    took_s = time.perf_counter() - began
    if scrape.state != "done" or scrape.refused or scrape.error:
        raise RuntimeError(f"the scrape ended as {scrape.state}: {scrape.refused} refused, {scrape.error}")
    seen = [datetime.fromisoformat(one["at"]) for one in (await world.requests())[before:]]
    return {
        "mode": scrape.mode, "minutes": rounded(took_s / 60), "records": scrape.records, "new": scrape.new,
        "changed": scrape.changed, "removed": scrape.removed, "requests": len(seen),
        "requests_in_worst_minute": worst_window(sorted(seen)),
    }  # fmt: skip


async def _ended(db: "asyncpg.Connection[Any]", after: int, pages: int | None = None) -> Scrape:
    """The scrape after that one, once it has ended, or has written so many pages."""
    async with asyncio.timeout(DONE_WITHIN_S):
        while True:
            for found in await store.scrapes(db, "ctgov", limit=1):
                if found.id > after and (found.ended_at or (pages is not None and found.pages >= pages)):
                    return found
            await asyncio.sleep(LOOK_EVERY_S)


async def measure(dsn: str, *, trials: int, per_min: float) -> Figures:
    async with demo.running(trials=trials, switches={"gzip": False}, start_within_s=300) as world:
        settings = {
            "database_url": dsn,
            "registries": "ctgov",
            "registry_bases": f"{HOST}={world.url}",
            "registry_per_min": f"ctgov={per_min:g}",
            "dead_after_s": "10",
            "beat_every_s": "1",
        }
        db = await asyncpg.connect(dsn)
        with tempfile.TemporaryDirectory(prefix="triald-bench-") as folder:
            first = await mirrored_by_two(db, world, settings)
            await world.switch(day=1)
            async with triald.up(Path(folder), **settings):
                day = await mirrored(db, world, "reconcile")
        held = await db.fetchval("select count(*) from trials where removed_at is null")
        await db.close()
    return result(first, day, held=held, per_min=per_min)


async def mirrored_by_two(db: "asyncpg.Connection[Any]", world: Demo, settings: dict[str, str]) -> Figures:
    """Of two processes, the one that began the scrape is killed."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other, suppress(triald.Ended):
        async with triald.up(Path(one), **settings) as begins:
            scraping = asyncio.create_task(mirrored(db, world, "full", kill=begins.pid))
            await asyncio.sleep(WITH_TWO_AFTER_S)
            async with triald.up(Path(other), **settings):
                figures = await scraping
    return figures


def result(first: Figures, day: Figures, *, held: int, per_min: float) -> Figures:
    worst = max(one["requests_in_worst_minute"] for one in (first, day))
    targets = {
        "first_load_minutes": at_most(first["minutes"], MINUTES_MOST),
        "day_minutes": at_most(day["minutes"], MINUTES_MOST),
        "requests_in_worst_minute": at_most(worst, per_min),
    }
    return {"held": held, "targets": targets, "missed": missed(targets), "first_load": first, "day": day}


async def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.sweep", description="A whole registry at its own rate.")
    parser.add_argument("--trials", type=int, default=600_000)
    parser.add_argument("--per-min", type=float, default=50)
    server.arguments(parser)
    given = parser.parse_args(arguments)
    async with server.running(given.pg) as started, server.database(started, "bench_sweep") as dsn:
        figures = await measure(dsn, trials=given.trials, per_min=given.per_min)
        about = {"bench": "sweep", "trials": given.trials, "per_min": given.per_min}
        print(json.dumps(about | {"postgresql": await server.version(started)} | figures))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
