"""What doing nothing costs: CPU of triald and of its embedded PostgreSQL, while nobody asks for anything. Prints JSON.

    python -m bench.idle [--seconds 120]

Shares are of one core: CPU time that the processes used over the time that passed. Resident memory is reported beside.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import uvloop

from bench import triald
from bench.measure import Figures, at_most, missed, rounded
from bench.processes import cpu_s, resident_bytes
from supervisor.postmaster import running

MOST_PERCENT = 1.0
SETTLE_S = 10.0  # after the start, whose own work is not idleness


async def measure(seconds: float, settle_s: float = SETTLE_S) -> Figures:
    with tempfile.TemporaryDirectory(prefix="triald-bench-") as folder:
        async with triald.up(Path(folder)) as started:
            postmaster = running(Path(folder) / "postgres" / "cluster")
            assert postmaster is not None, "the embedded PostgreSQL does not run"
            await asyncio.sleep(settle_s)
            began, ours, theirs = time.monotonic(), _ours(started.pid, postmaster.pid), cpu_s(postmaster.pid)
            await asyncio.sleep(seconds)
            passed_s = time.monotonic() - began
            triald_percent = 100 * (_ours(started.pid, postmaster.pid) - ours) / passed_s
            postgres_percent = 100 * (cpu_s(postmaster.pid) - theirs) / passed_s
            memory = resident_bytes(started.pid, without={postmaster.pid})
    targets = {
        "triald_cpu_percent": at_most(triald_percent, MOST_PERCENT),
        "postgres_cpu_percent": at_most(postgres_percent, MOST_PERCENT),
    }
    return {"bench": "idle", "seconds": rounded(passed_s), "triald_cpu_percent": rounded(triald_percent),
            "postgres_cpu_percent": rounded(postgres_percent), "triald_resident_mb": rounded(memory / 1e6),
            "targets": targets, "missed": missed(targets)}  # fmt: skip


def _ours(pid: int, postmaster: int) -> float:
    return cpu_s(pid, without={postmaster})


async def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.idle", description="What doing nothing costs.")
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--settle", type=float, default=SETTLE_S, help="seconds after the start that do not count")
    given = parser.parse_args(arguments)
    print(json.dumps(await measure(given.seconds, given.settle)))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
