"""What limits on a queue cost: the drain of one process with none, one and three rules on. Prints JSON.

    python -m bench.limits [--jobs 20000] [--runs 3] [--dsn postgresql://… | --pg 15]

The limits are so high that they never hold anything back: what is measured is the keeping of them. Half of the jobs
belong to each of two tenants, in every case.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from typing import Any

import asyncpg
import uvloop

from actors.queue import operating, store
from bench import server
from bench.measure import Figures, medians
from bench.working import Numbered, kind, opened, running, until

NEVER = 10**9
CASES: dict[str, dict[str, Any]] = {
    "none": {"most_running": None, "per_minute": None, "fair": False},
    "per_minute": {"most_running": None, "per_minute": float(NEVER), "fair": False},
    "all_three": {"most_running": NEVER, "per_minute": float(NEVER), "fair": True},
}


async def drained_per_s(dsn: str, jobs: int, rules: dict[str, Any]) -> float:
    work = kind(lambda _: None)
    db = await asyncpg.connect(dsn)
    try:
        await db.execute("truncate jobs, job_history, job_dependencies, job_events")
        await store.ensure_queues(db, ["default"])
        await operating.set_limits(db, "default", **rules)
        for tenant in ("a", "b"):
            await store.enqueue_alike(db, work.new(Numbered(), tenant=tenant), ['{"i":0}'] * (jobs // 2))
        await db.execute("vacuum analyze")
        async with opened(dsn, work) as service:
            desk, began = service.desks["worker"], time.perf_counter()
            async with running(service):
                await until(lambda: desk.ended_total >= jobs // 2 * 2, look_every_s=0.01)
                return jobs / (time.perf_counter() - began)
    finally:
        await operating.set_limits(db, "default", **CASES["none"])
        await db.close()


async def measure(dsn: str, jobs: int, runs: int) -> Figures:
    """Each case in turn, run by run; the ratios are to the case without a rule."""
    each = [{name: await drained_per_s(dsn, jobs, rules) for name, rules in CASES.items()} for _ in range(runs)]
    figures = medians(each)
    ratios = {f"{name}_ratio": float(figures[name]) / float(figures["none"]) for name in CASES if name != "none"}
    return {"bench": "limits", "n": jobs, "runs": runs, **figures, **ratios}


async def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.limits", description="What limits on a queue cost.")
    parser.add_argument("--jobs", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--dsn", help="a migrated database, which is emptied; without one, a server of its own")
    server.arguments(parser)
    given = parser.parse_args(arguments)
    if given.dsn:
        print(json.dumps(await measure(given.dsn, given.jobs, given.runs)))
        return
    async with server.running(given.pg) as started, server.database(started, "bench_limits") as dsn:
        print(json.dumps(await measure(dsn, given.jobs, given.runs) | {"postgresql": await server.version(started)}))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
