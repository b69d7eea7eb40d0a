"""From the command to ready, with an initialised embedded database. Prints JSON.

    python -m bench.startup [--runs 5]

`triald up` starts PostgreSQL, looks whether migrations are missing, starts its actors and its pages; the clock stops
at the first answer 200 of /ready. The first start, which makes the database, is reported beside.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import uvloop

from bench import triald
from bench.measure import Figures, at_most, missed, rounded

MOST_S = 3.0


async def measure(runs: int) -> Figures:
    each = []
    with tempfile.TemporaryDirectory(prefix="triald-bench-") as folder:
        for _ in range(runs + 1):
            async with triald.up(Path(folder)) as started:
                each.append(started.ready_s)
    first, again = each[0], each[1:]
    targets = {"ready_s": at_most(statistics.median(again), MOST_S)}
    return {"bench": "startup", "runs": runs, "ready_s": rounded(statistics.median(again)),
            "slowest_s": rounded(max(again)), "first_start_s": rounded(first),
            "targets": targets, "missed": missed(targets), "each": again}  # fmt: skip


async def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.startup", description="From the command to ready.")
    parser.add_argument("--runs", type=int, default=5)
    print(json.dumps(await measure(parser.parse_args(arguments).runs)))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
