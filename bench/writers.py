"""What waking costs those who enqueue: concurrent writers, each job in a transaction of its own. Prints JSON.

    python -m bench.writers [--writers 16] [--seconds 5] [--runs 3] [--pg 15]

The commit rate with our trigger, which sends NOTIFY, over the rate with the trigger off, in turns on one PostgreSQL;
once beside a service that waits for other work (its listener hears nothing of this queue's jobs that it would claim),
and once beside one that claims and runs what is written.
"""

import argparse
import asyncio
import json
import multiprocessing
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

import asyncpg
import uvloop

from actors.queue import store
from bench import server
from bench.measure import Figures, at_least, medians, missed
from bench.working import Numbered, kind, working

LEAST = 0.7  # of the commit rate without any NOTIFY
UNCLAIMED = "bench_unclaimed"
QUEUES = {"idle": UNCLAIMED, "active": "default"}
WARM_UP_S = 0.5


def commits_per_s(dsn: str, queue: str, writers: int, seconds: float) -> float:
    """In a process of its own, so that writers and the service share no event loop."""
    return uvloop.run(_write(dsn, queue, writers, seconds))


async def _write(dsn: str, queue: str, writers: int, seconds: float) -> float:
    commits = 0
    job = [kind(_nothing).new(Numbered(), queue=queue)]
    start = time.monotonic() + WARM_UP_S
    end = start + seconds

    async def write() -> None:
        nonlocal commits
        db = await asyncpg.connect(dsn)
        while (now_s := time.monotonic()) < end:
            async with db.transaction():
                await store.enqueue(db, job)
            commits += now_s >= start
        await db.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(writers):
            group.create_task(write())
    return commits / (time.monotonic() - start)


def _nothing(_: int) -> None:
    """A job's whole work."""


async def measure(dsn: str, *, writers: int, seconds: float, runs: int) -> Figures:
    db = await asyncpg.connect(dsn)
    await store.ensure_queues(db, [UNCLAIMED])
    each: list[dict[str, float]] = []
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as elsewhere:
        async with working(dsn, _nothing):
            for _ in range(runs):
                run: dict[str, float] = {}
                for load, queue in QUEUES.items():
                    for trigger in ("enable", "disable"):
                        await db.execute("truncate jobs, job_history")
                        await db.execute(f"alter table jobs {trigger} trigger jobs_wake")
                        rate = asyncio.get_running_loop().run_in_executor(
                            elsewhere, commits_per_s, dsn, queue, writers, seconds
                        )
                        run[f"{load}_{trigger}d_per_s"] = await rate
                each.append(run)
                print(run, file=sys.stderr, flush=True)
    await db.close()
    middle = medians(each)
    targets = {
        load: at_least(middle[f"{load}_enabled_per_s"] / middle[f"{load}_disabled_per_s"], LEAST) for load in QUEUES
    }
    return {"bench": "writers", "writers": writers, "seconds": seconds, "runs": runs, **middle,
            "targets": targets, "missed": missed(targets), "each": each}  # fmt: skip


async def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.writers", description="What waking costs those who enqueue.")
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--runs", type=int, default=3)
    server.arguments(parser)
    given = parser.parse_args(arguments)
    async with server.running(given.pg) as started, server.database(started, "bench_writers") as dsn:
        figures = await measure(dsn, writers=given.writers, seconds=given.seconds, runs=given.runs)
        print(json.dumps(figures | {"postgresql": await server.version(started)}))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
