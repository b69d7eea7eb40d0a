"""Records of CTIS, EU CTR, ISRCTN and ICTRP to searchable rows, each beside its floor. Prints JSON.

    python -m bench.ingest_registries [--records 3000] [--runs 3] [--only ctis,…] [--pg 15]

`triald up` mirrors each registry from a server made for it on the loopback, without a rate limit; ICTRP's export, of
three times as many records since they are small, is read by `triald import`. The clock runs from the first page that is
written, when all processes are up, to the end. The floor is a straight loop of parse, compress and COPY of the
same records into the same tables (bench/ingest_floor.py, bench/ingest_plain.py). Both in turns on one PostgreSQL, each
time in a fresh database.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from actors.reading import known_registries
from actors.trials import store
from bench import server, triald
from bench.children import output
from bench.ingest import DONE_WITHIN_S, LOOK_EVERY_S, PER_MIN, done
from bench.ingest_floor import floor
from bench.ingest_plain import plain
from bench.ingest_worlds import Made, made, serving
from bench.measure import Figures, at_least, missed, rounded
from demo.world import World
from supervisor.embedded import Embedded
from supervisor.scraping import ask_for_scrapes

RATIO_LEAST = 0.5
REGISTRIES = ("ctis", "euctr", "isrctn", "ictrp")
RARE = 45  # trials of the world for each record of CTIS, of which there are fewest
SMALL = 3  # times as many records of ICTRP


async def rate_of(db: "asyncpg.Connection[Any]", name: str) -> float:
    """Records a second of the scrape that comes, from its first records to its end."""
    async with asyncio.timeout(DONE_WITHIN_S):
        while not ((scrapes := await store.scrapes(db, name, limit=1)) and scrapes[0].records):
            await asyncio.sleep(LOOK_EVERY_S)
    began, before = time.perf_counter(), scrapes[0].records
    records = await done(db, name)
    return (records - before) / (time.perf_counter() - began)


async def mirrored(name: str, dsn: str, url: str) -> float:
    """One whole scrape, by a service of its own."""
    bases = ",".join(f"{host}={url}" for host in known_registries()[name].hosts)
    settings = {"database_url": dsn, "registries": name, "registry_bases": bases}
    with tempfile.TemporaryDirectory(prefix="triald-bench-") as folder:
        async with triald.up(Path(folder), **settings, registry_per_min=f"{name}={PER_MIN}"):
            db = await asyncpg.connect(dsn)
            await ask_for_scrapes(db, [name], mode="full")
            rate = await rate_of(db, name)
            await db.close()
    return rate


async def imported(dsn: str, export: bytes) -> float:
    """One import of an export file, by the command."""
    with tempfile.TemporaryDirectory(prefix="triald-bench-") as folder:
        file = Path(folder) / "export.xml"
        await asyncio.to_thread(file.write_bytes, export)
        given = ["--database-url", dsn, "--data-dir", folder, "--json"]
        words = [sys.executable, "-m", "supervisor", "import", "ictrp", str(file), *given]
        db = await asyncpg.connect(dsn)
        running = asyncio.create_task(output(words, environ=os.environ, within_s=DONE_WITHIN_S))
        rate = await rate_of(db, "ictrp")
        code, _, complaint = await running
        await db.close()
    if code:
        raise RuntimeError(f"the import ended with {code}: {complaint}")
    return rate


async def measure(started: Embedded, found: Made, names: Sequence[str], *, runs: int) -> Figures:
    floors: dict[str, list[float]] = {name: [] for name in names}
    ours: dict[str, list[float]] = {name: [] for name in names}
    served = {name: ones for name, ones in found.held.items() if name != "ictrp"}
    async with serving(served) as urls:
        for _ in range(runs):
            for name in names:
                async with server.database(started, "bench_floor") as dsn:
                    floors[name].append(await floor(found.bodies[name], dsn, plain(name), registry=name))
                async with server.database(started, "bench_ours") as dsn:
                    rate = imported(dsn, found.export) if name == "ictrp" else mirrored(name, dsn, urls[name])
                    ours[name].append(await rate)
                said = f"{name}: floor {floors[name][-1]:.0f}/s, triald {ours[name][-1]:.0f}/s"
                print(said, file=sys.stderr, flush=True)
    return result(floors, ours)


def result(floors: Mapping[str, Sequence[float]], ours: Mapping[str, Sequence[float]]) -> Figures:
    """Medians, and for each registry its ratio with the target. No I/O."""
    base = {name: statistics.median(rates) for name, rates in floors.items()}
    rate = {name: statistics.median(rates) for name, rates in ours.items()}
    targets = {f"{name}_over_floor": at_least(rate[name] / base[name], RATIO_LEAST) for name in base}
    each = {name: {"floor": [*map(rounded, floors[name])], "triald": [*map(rounded, ours[name])]} for name in base}
    return {
        "records_per_s": {name: rounded(one) for name, one in rate.items()},
        "floor_per_s": {name: rounded(one) for name, one in base.items()},
        "targets": targets,
        "missed": missed(targets),
        "each": each,
    }


async def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.ingest_registries", description="Other registries to searchable rows.")
    parser.add_argument("--records", type=int, default=3_000, help="of each registry")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", type=lambda text: tuple(text.split(",")), default=REGISTRIES, metavar="NAME,…")
    server.arguments(parser)
    given = parser.parse_args(arguments)
    most = {name: given.records * (SMALL if name == "ictrp" else 1) for name in given.only}
    found = await asyncio.to_thread(made, World(given.records * RARE), most)
    counts = {name: len(bodies) for name, bodies in found.bodies.items() if name in most}
    async with server.running(given.pg) as started:
        figures = await measure(started, found, given.only, runs=given.runs)
        about = {"bench": "ingest_registries", "records": counts, "runs": given.runs}
        print(json.dumps(about | {"postgresql": await server.version(started)} | figures))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
