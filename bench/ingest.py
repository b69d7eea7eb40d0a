"""Records of a registry to searchable rows, through the whole service, beside the floor. Prints JSON.

    python -m bench.ingest [--trials 100000] [--runs 3] [--world DIR] [--pg 15]

`triald up` mirrors a ClinicalTrials.gov made for it, over HTTP on the loopback, without compression; the clock runs
from the request for the scrape to its end, when every record is in its tables and in the search index. The floor is a
straight loop of parse, compress and COPY of the same records into the same tables (bench/ingest_floor.py). Both in
turns on one PostgreSQL, each time in a fresh database. Meanwhile the memory of triald and the processes below it is
watched, and the dashboard and the search are asked five times a second.

The records are written to --world once and kept there for the next time: 1.5 GB for 100,000.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

import aiohttp
import asyncpg
import uvloop

from actors.trials import store as trials
from bench import server, triald
from bench.ingest_floor import floor
from bench.measure import Figures, at_least, at_most, missed, percentile, rounded
from bench.processes import below
from demo import process as demo
from demo.prerender import PrerenderedSource, prerendered
from demo.world import World
from supervisor.embedded import Embedded
from supervisor.scraping import ask_for_scrapes

RATIO_LEAST = 0.6
MEMORY_MOST_MB = 400.0
PAGE_MOST_MS = 100.0
HOST = "clinicaltrials.gov"
PER_MIN = 60_000  # requests: our own machine need not be spared
WORLD = Path("var") / "bench" / "world"
PATHS = ("/", "/api/v1/trials?q=cancer", "/api/v1/trials?status=recruiting")
ASK_EVERY_S, WATCH_EVERY_S, LOOK_EVERY_S = 0.2, 0.25, 0.05
DONE_WITHIN_S = 1800.0


class Records(Sequence[bytes]):
    """All records of the world, read from its files as they are asked for: they are too many for memory."""

    def __init__(self, source: PrerenderedSource) -> None:
        self.source = source

    def __len__(self) -> int:
        return len(self.source.positions())

    @overload
    def __getitem__(self, at: int) -> bytes: ...
    @overload
    def __getitem__(self, at: slice) -> list[bytes]: ...
    def __getitem__(self, at: int | slice) -> bytes | list[bytes]:
        if isinstance(at, slice):
            return [self.source.body(position) for position in range(*at.indices(len(self)))]
        return self.source.body(at)


@dataclass(slots=True)
class Watched:
    """What was seen of a service while it worked."""

    resident_bytes: list[int] = field(default_factory=list)
    largest_bytes: dict[int, int] = field(default_factory=dict)  # by process
    answers_ms: dict[str, list[float]] = field(default_factory=lambda: {path: [] for path in PATHS})
    refused: list[str] = field(default_factory=list)

    def figures(self) -> Figures:
        largest = sorted(self.largest_bytes.values(), reverse=True)
        return {
            "memory_peak_mb": rounded(max(self.resident_bytes) / 1e6),
            "memory_peak_mb_by_process": [rounded(one / 1e6) for one in largest],
            "dashboard_p95_ms": max(percentile(ms, 0.95) for ms in self.answers_ms.values()),
            "answers": {path: _answers(ms) for path, ms in self.answers_ms.items()},
            "answers_refused": self.refused[:5],
        }


def _answers(ms: Sequence[float]) -> Figures:
    shares = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}
    return {"n": len(ms), **{name: rounded(percentile(ms, share)) for name, share in shares.items()}}


@asynccontextmanager
async def watching(service: triald.Triald) -> AsyncIterator[Watched]:
    watched = Watched()
    async with service.session() as session:
        tasks = [asyncio.create_task(_watch_memory(service.pid, watched)), asyncio.create_task(_ask(session, watched))]
        try:
            yield watched
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if not isinstance(end, asyncio.CancelledError) and isinstance(end, BaseException):
            raise end


async def _watch_memory(pid: int, watched: Watched) -> None:
    while True:
        tree = below(pid)
        watched.resident_bytes.append(sum(seen.resident_bytes for seen in tree))
        for seen in tree:
            watched.largest_bytes[seen.pid] = max(seen.resident_bytes, watched.largest_bytes.get(seen.pid, 0))
        await asyncio.sleep(WATCH_EVERY_S)


async def _ask(session: aiohttp.ClientSession, watched: Watched) -> None:
    while True:
        for path in PATHS:
            began = time.perf_counter()
            async with session.get(path, allow_redirects=False) as answer:
                await answer.read()
            watched.answers_ms[path].append((time.perf_counter() - began) * 1e3)
            if answer.status != 200:
                watched.refused.append(f"{path}: {answer.status}")
            await asyncio.sleep(ASK_EVERY_S)


async def mirrored(dsn: str, world_url: str) -> Figures:
    """One whole scrape by a service of its own: its rate, and what was seen meanwhile."""
    with tempfile.TemporaryDirectory(prefix="triald-bench-") as folder:
        settings = {
            "database_url": dsn,
            "registries": "ctgov",
            "registry_bases": f"{HOST}={world_url}",
            "registry_per_min": f"ctgov={PER_MIN}",
        }
        async with triald.up(Path(folder), **settings) as service, watching(service) as watched:
            db = await asyncpg.connect(dsn)
            began = time.perf_counter()
            await ask_for_scrapes(db, ["ctgov"], mode="full")
            records = await done(db, "ctgov")
            took_s = time.perf_counter() - began
            await db.close()
            found = await _found(service)
    return {"records": records, "records_per_s": records / took_s, "found_by_search": found, **watched.figures()}


async def done(db: "asyncpg.Connection[Any]", registry: str) -> int:
    """The number of records once the last scrape has ended. Raises RuntimeError when it ended otherwise than well."""
    async with asyncio.timeout(DONE_WITHIN_S):
        while True:
            scrapes = await trials.scrapes(db, registry, limit=1)
            if scrapes and scrapes[0].ended_at is not None:
                break
            await asyncio.sleep(LOOK_EVERY_S)
    [scrape] = scrapes
    if scrape.state != "done" or scrape.refused or scrape.error:
        raise RuntimeError(f"the scrape ended as {scrape.state}: {scrape.refused} refused, {scrape.error}")
    rows = await db.fetchval("select count(*) from trials where removed_at is null")
    if rows != scrape.new:
        raise RuntimeError(f"{scrape.new} records are new, but there are {rows} rows")
    return int(rows)


async def _found(service: triald.Triald) -> bool:
    """Whether a word finds trials at once."""
    async with service.session() as session, session.get(PATHS[1]) as answer:
        answer.raise_for_status()
        return bool((await answer.json())["trials"])


async def measure(started: Embedded, world: World, directory: Path, *, runs: int) -> Figures:
    records = Records(await asyncio.to_thread(prerendered, world, directory))
    floors: list[float] = []
    ours: list[Figures] = []
    async with demo.running(
        trials=world.trials, seed=world.seed, prerender=directory, switches={"gzip": False}, start_within_s=300
    ) as registry:
        for _ in range(runs):
            async with server.database(started, "bench_floor") as dsn:
                floors.append(await floor(records, dsn))
            async with server.database(started, "bench_ours") as dsn:
                ours.append(await mirrored(dsn, registry.url))
            print(f"floor {floors[-1]:.0f}/s, triald {ours[-1]['records_per_s']:.0f}/s", file=sys.stderr, flush=True)
    if any(run["records"] != len(records) for run in ours):
        raise RuntimeError(f"{len(records)} records were served, {[run['records'] for run in ours]} arrived")
    return result(floors, ours)


def result(floors: Sequence[float], ours: Sequence[Figures]) -> Figures:
    """Medians, the ratio, and the targets: of memory and answers the worst run counts. No I/O."""
    rate, base = statistics.median(run["records_per_s"] for run in ours), statistics.median(floors)
    memory, slowest = (max(run[name] for run in ours) for name in ("memory_peak_mb", "dashboard_p95_ms"))
    targets = {
        "over_floor": at_least(rate / base, RATIO_LEAST),
        "memory_peak_mb": at_most(memory, MEMORY_MOST_MB),
        "dashboard_p95_ms": at_most(slowest, PAGE_MOST_MS),
    }
    return {"records_per_s": rounded(rate), "floor_per_s": rounded(base), "targets": targets, "missed": missed(targets),
            "each": {"floor": [rounded(one) for one in floors], "triald": ours}}  # fmt: skip


async def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.ingest", description="Records of a registry to searchable rows.")
    parser.add_argument("--trials", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--world", type=Path, default=WORLD, help="where the made-up records are kept")
    server.arguments(parser)
    given = parser.parse_args(arguments)
    async with server.running(given.pg) as started:
        figures = await measure(started, World(given.trials), given.world, runs=given.runs)
        about = {"bench": "ingest", "trials": given.trials, "runs": given.runs}
        print(json.dumps(about | {"postgresql": await server.version(started)} | figures))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
