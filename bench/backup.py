"""A backup beside `pg_dump -Fc` alone, of the same trials. Prints JSON.

    python -m bench.backup [--trials 100000] [--runs 3] [--files 2000] [--world DIR] [--pg 15]

In turns on one PostgreSQL: pg_dump as it is without options, and a set of ours into a fresh folder (database,
files, checksums, counts of all rows, everything flushed to the disk), and one beside that, whose files are links. Then
once: a restore into another database, and a drill.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any

import uvloop

from actors.backup import sets
from actors.backup.drill import drill
from actors.backup.keeping import Rule
from actors.backup.make import make
from actors.backup.place import Place
from actors.backup.restoring import restore
from actors.retention.applying import named_files
from actors.runtime.files import LocalFiles
from bench import server
from bench.ingest import WORLD, Records
from bench.ingest_floor import floor
from bench.measure import Figures, at_most, medians, missed, rounded
from demo.prerender import prerendered
from demo.world import World
from supervisor.backups import bin_dirs
from supervisor.embedded import Embedded

RATIO_MOST = 1.3
FILE_BYTES = 50_000
RULE = Rule()


async def timed(work: Awaitable[object]) -> float:
    began_s = time.monotonic()
    await work
    return time.monotonic() - began_s


def plain(started: Embedded, dsn: str, into: Path) -> float:
    """What `pg_dump -Fc` takes, without options."""
    into.unlink(missing_ok=True)
    began_s = time.monotonic()
    subprocess.run([started.bin_dir / "pg_dump", "-Fc", "-f", into, dsn], check=True)
    return time.monotonic() - began_s


async def measure(started: Embedded, dsn: str, folder: Path, *, files: int, runs: int) -> Figures:
    place = Place(dsn, folder / "data" / "files", bin_dirs(), "bench", named_files)
    kept = LocalFiles(place.files, secret=b"")
    for number in range(files):
        await kept.put(f"reports/{number % 100}/{number}.pdf", os.urandom(FILE_BYTES), "application/pdf")
    each: list[dict[str, float]] = []
    for run in range(runs):
        into = folder / f"sets{run}"
        figures = {"pg_dump_s": await asyncio.to_thread(plain, started, dsn, folder / "plain.dump")}
        figures["backup_s"] = await timed(make(place, into, rule=RULE))
        figures["again_s"] = await timed(make(place, into, rule=RULE))
        figures["ratio"] = figures["backup_s"] / figures["pg_dump_s"]
        figures["again_ratio"] = figures["again_s"] / figures["pg_dump_s"]
        each.append(figures)
        print(figures, file=sys.stderr, flush=True)
    one = sets.choose(folder / "sets0")
    middle = medians(each)
    return {
        **middle, "plain_mb": rounded((folder / "plain.dump").stat().st_size / 1e6),
        "set_mb": rounded(one.manifest.dump.size_bytes / 1e6), "rows": sum(one.manifest.rows.values()),
        **await _brought_back(place, one, folder), "each": each,
        "targets": {"ratio": at_most(middle["ratio"], RATIO_MOST)},
    }  # fmt: skip


async def _brought_back(place: Place, one: sets.Set, folder: Path) -> dict[str, Any]:
    restored = await timed(restore(place, one, into="bench_backup_restored"))
    began_s = time.monotonic()
    done = await drill(place, folder / "drill", rule=RULE)
    return {"restore_s": rounded(restored), "drill_s": rounded(time.monotonic() - began_s), "drill_ok": done.ok}


async def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.backup", description="A backup beside pg_dump -Fc alone.")
    parser.add_argument("--trials", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--world", type=Path, default=WORLD, help="where the made-up records are kept")
    server.arguments(parser)
    given = parser.parse_args(arguments)
    world = World(given.trials)
    with tempfile.TemporaryDirectory(prefix="triald-bench-") as folder:
        async with server.running(given.pg) as started, server.database(started, "bench_backup") as dsn:
            records = Records(await asyncio.to_thread(prerendered, world, given.world))
            await floor(records, dsn)
            figures = await measure(started, dsn, Path(folder), files=given.files, runs=given.runs)
            head = {"bench": "backup", "trials": given.trials, "files": given.files, "runs": given.runs}
            told = {**head, "postgresql": await server.version(started), **figures}
            print(json.dumps(told | {"missed": missed(figures["targets"])}))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
