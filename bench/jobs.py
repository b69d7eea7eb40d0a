"""What the queue does on this machine: bulk enqueue, drain of one process, pickup latency. Prints JSON.

    python -m bench.jobs [--jobs 50000] [--runs 3] [--dsn postgresql://… | --pg 15]

The same method as for the peers: N no-op jobs; the clock of the drain runs from the start of the worker until the
database shows every job ended; latency is from before the call that enqueues to the first line of the handler, of an
idle worker, jobs 20 ms apart. Leases, fences, beats, rescues, retries and history are on, as always.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from typing import Any

import asyncpg
import uvloop

from actors.queue import store
from bench import server
from bench.measure import Figures, medians, percentile
from bench.working import Numbered, kind, opened, running, until

CHUNK = 5000
LATENCY_JOBS = 200
GAP_S = 0.02
IDLE_S = 2.0  # before the first job of the latency, so that the worker has gone to sleep
TABLES = ("jobs", "job_history", "job_history_default", "job_dependencies", "job_events")


async def one_run(dsn: str, jobs: int, pickups: int) -> dict[str, float]:
    """Enqueue, drain, latency, each once, in an emptied database of ours."""
    db = await asyncpg.connect(dsn)
    try:
        await db.execute("truncate jobs, job_history, job_dependencies, job_events")
        await db.execute("checkpoint")
        began, tuples = await _wal(db), await _dead(db)
        enqueue = await enqueued_per_s(db, jobs)
        between = await _wal(db)
        await db.execute("vacuum analyze")
        before = await _wal(db)
        process = await drained_per_s(db, dsn, jobs)
        after = await _wal(db)
        dead = await _dead(db) - tuples
        waits = await pickup_ms(dsn, pickups)
    finally:
        await db.close()
    return {
        "enqueue_jobs_s": enqueue,
        "process_jobs_s": process,
        "pickup_latency_ms_p50": percentile(waits, 0.50),
        "pickup_latency_ms_p99": percentile(waits, 0.99),
        "wal_bytes_per_job_enqueued": (between - began) / jobs,
        "wal_bytes_per_job_processed": (after - before) / jobs,
        "dead_tuples_per_job": dead / jobs,
    }


async def enqueued_per_s(db: store.Database, jobs: int) -> float:
    like = kind(_nothing).new(Numbered())
    payloads = [json.dumps({"i": i}) for i in range(jobs)]
    began = time.perf_counter()
    for first in range(0, jobs, CHUNK):
        await store.enqueue_alike(db, like, payloads[first : first + CHUNK])
    return jobs / (time.perf_counter() - began)


async def drained_per_s(db: store.Database, dsn: str, jobs: int) -> float:
    async def empty() -> bool:
        return not await db.fetchval("select exists (select from jobs)")

    async with opened(dsn, kind(_nothing)) as service:
        desk = service.desks["worker"]
        began = time.perf_counter()
        async with running(service):
            await until(lambda: desk.ended_total >= jobs, look_every_s=0.01)
            await until(empty)
            took_s = time.perf_counter() - began
    return jobs / took_s


async def pickup_ms(dsn: str, jobs: int) -> list[float]:
    sent: dict[int, float] = {}
    met: dict[int, float] = {}

    def note(i: int) -> None:
        met[i] = time.perf_counter()

    work = kind(note)
    async with opened(dsn, work) as service, running(service):
        await asyncio.sleep(IDLE_S)
        for i in range(jobs):
            sent[i] = time.perf_counter()
            await store.enqueue(service.all_tenants, [work.new(Numbered(i))])
            await asyncio.sleep(max(0.0, GAP_S - (time.perf_counter() - sent[i])))
        await until(lambda: len(met) >= jobs)
    return [(met[i] - sent[i]) * 1e3 for i in sent]


def _nothing(_: int) -> None:
    """A job's whole work."""


async def _wal(db: store.Database) -> int:
    return int(await db.fetchval("select pg_current_wal_insert_lsn() - '0/0'"))


async def _dead(db: store.Database) -> int:
    """Row versions that updates and deletes have left behind, ever: each is one for the vacuum to remove."""
    await asyncio.sleep(1.2)  # the server's processes report their counts once a second
    count = "select sum(n_tup_upd + n_tup_del) from pg_stat_user_tables where relname = any($1)"
    return int(await db.fetchval(count, list(TABLES)))


async def measure(dsn: str, *, jobs: int, runs: int, pickups: int) -> Figures:
    each = [await one_run(dsn, jobs, pickups) for _ in range(runs)]
    return {"bench": "jobs", "n": jobs, "runs": runs, **medians(each), "each": each}


async def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.jobs", description="Bulk enqueue, drain and pickup latency.")
    parser.add_argument("--jobs", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--dsn", help="a migrated database, which is emptied; without one, a server of its own")
    parser.add_argument("--pickups", type=int, default=LATENCY_JOBS, help="jobs of the latency")
    server.arguments(parser)
    given = parser.parse_args(arguments)
    sizes = {"jobs": given.jobs, "runs": given.runs, "pickups": given.pickups}
    if given.dsn:
        print(json.dumps(await measure(given.dsn, **sizes)))
        return
    async with server.running(given.pg) as started, server.database(started, "bench_jobs") as dsn:
        figures: dict[str, Any] = await measure(dsn, **sizes)
        print(json.dumps(figures | {"postgresql": await server.version(started)}))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
