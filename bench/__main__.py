"""Every benchmark, one after another, each in a process of its own: `python -m bench [NAME…] [--quick] [--pg 15]`.

Prints one JSON object for each, as it ends, and keeps all of them in bench/out/results.json. Exit code 1 when one of
them did not run; a target that was missed is named, and fails nothing: machines differ.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.children import output
from bench.measure import Figures
from bench.rules import OURS

OUT = Path(__file__).parent / "out"
WITHIN_S = 2 * 3600.0


@dataclass(frozen=True, slots=True)
class Bench:
    """`quick` shows in seconds that it runs; its figures mean nothing."""

    name: str
    says: str
    full: str = ""
    quick: str = ""
    takes_pg: bool = True  # measures on either PostgreSQL


BENCHES = (
    Bench("peers", "the queue beside its peers", quick="--jobs 2000 --runs 1 --pickups 20"),
    Bench("jobs", "the queue alone: WAL and dead tuples a job", quick="--jobs 2000 --runs 1"),
    Bench("limits", "what limits on a queue cost", quick="--jobs 2000 --runs 1"),
    Bench("writers", "what waking costs those who enqueue", quick="--seconds 1 --runs 1"),
    Bench("audit", "what entries of the audit cost", quick="--seconds 1 --runs 1"),
    Bench("ingest", "a registry to searchable rows", quick="--trials 2000 --runs 1"),
    Bench("ingest_registries", "the other registries to searchable rows", quick="--records 100 --runs 1"),
    Bench("sweep", "a whole registry at its own rate, and a day later", quick="--trials 3000 --per-min 600"),
    Bench("kills", "a sweep over five registries, killed again and again", quick="--kills 3 --trials 200"),
    Bench("backup", "a backup beside pg_dump alone", quick="--trials 500 --files 20 --runs 1"),
    Bench("startup", "from the command to ready", quick="--runs 1", takes_pg=False),
    Bench("idle", "what doing nothing costs", quick="--seconds 5 --settle 2", takes_pg=False),
    Bench("events", "what happens, told to many who watch", quick="--clients 50 --seconds 2"),
    Bench("autoscale", "scaling rules on the same traces", quick="--seeds 1", takes_pg=False),
    Bench("search_speed", "searches while trials come in", quick="--trials 2000 --seconds 6 --overlaps 5"),
    Bench("search_quality", "descriptions of patients that find fitting trials"),
    Bench("likeness", "search by likeness: what it costs and misses", quick="--trials 2000 --questions 10"),
    Bench("search_peers", "the search beside what people use today", quick="--trials 2000 --questions 3"),
    Bench("mesh", "MeSH read, looked up and mapped", quick="--megabytes 5", takes_pg=False),
    Bench("dedupe", "duplicates found in real records", quick="--records 0", takes_pg=False),
    Bench("dedupe_database", "all records compared, with the database", quick="--records 2000 --changed 50"),
    Bench("held_xmin", "the queue beside an open transaction", quick="--minutes 2 --minute 5 --burst 1000"),
)


def words(bench: Bench, *, quick: bool, major: str | None, file: Path) -> list[str]:
    """The command that runs a benchmark. No I/O."""
    given = (bench.quick if quick else bench.full).split()
    if bench.takes_pg and major:
        given += ["--pg", major]
    if bench.name == "autoscale":  # prints lines for people
        given += ["--json", str(file), "--svg", str(file.with_suffix(".svg"))]
    return [sys.executable, "-m", f"bench.{bench.name}", *given]


async def run(bench: Bench, *, quick: bool, major: str | None) -> Figures:
    file = OUT / f"{bench.name}.json"
    began = time.monotonic()
    print(f"── {bench.name}: {bench.says}", file=sys.stderr, flush=True)
    command = words(bench, quick=quick, major=major, file=file)
    code, said, _ = await output(command, environ=os.environ, within_s=WITHIN_S, shown=True)
    if code != 0:
        return {"bench": bench.name, "failed": code}
    if bench.name != "autoscale":
        file.write_text(said.strip().splitlines()[-1] + "\n")
    figures: dict[str, Any] = json.loads(file.read_text())
    return figures | {"took_s": round(time.monotonic() - began)}


def machine() -> Figures:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "python": platform.python_version(),
        "system": platform.platform(),
        "load_before": os.getloadavg()[0],
    }


async def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench", description="What we measure, and the peers measured beside us.")
    names = [bench.name for bench in BENCHES]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="small sizes: shows that all of them run")
    parser.add_argument("--pg", metavar="MAJOR", help="18 is the embedded PostgreSQL, any other Debian's")
    given = parser.parse_args(arguments)
    if unknown := set(given.names) - set(names):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    OUT.mkdir(exist_ok=True)
    results = []
    about = machine()
    for bench in BENCHES:
        if not given.names or bench.name in given.names:
            results.append(await run(bench, quick=given.quick, major=given.pg))
            print(json.dumps(results[-1]), flush=True)
    (OUT / "results.json").write_text(json.dumps({"machine": about, "results": results}, indent=1) + "\n")
    for one in results:
        said = "did not run" if "failed" in one and isinstance(one["failed"], int) else _judged(one)
        print(f"{one['bench']:10} {said}", file=sys.stderr)
    return int(any(isinstance(one.get("failed"), int) for one in results))


def _judged(one: Figures) -> str:
    if "scores" in one:
        ours = [score for score in one["scores"] if score["rule"] == OURS.name and score["missed"]]
        missed = [f"{score['trace']}: {', '.join(score['missed'])}" for score in ours]
    else:
        missed = one.get("missed", [])
    return f"missed {'; '.join(missed)}" if missed else "ok"


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
