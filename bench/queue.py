"""What the queue does on this machine: bulk enqueue, drain of one process, pickup latency. Prints JSON.

    DATABASE_URL=postgresql://… python bench/queue.py [--jobs 50000] [--runs 3]

The same method as for the peers: N no-op jobs; the clock of the drain runs from the start of the worker until
the database shows every job ended; latency is from before the call that enqueues to the first line of the
handler, of an idle worker, jobs 20 ms apart. Leases, fences, retries and history are on, as always.
"""

import argparse
import asyncio
import json
import statistics
import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
import uvloop

from actors.jobs import JobKind
from actors.queue import store
from actors.queue.attempt import Attempt
from actors.queue.claimer import Claimer
from actors.queue.desk import Desk
from actors.queue.outcome import Done, Outcome
from actors.queue.settler import Settler
from actors.runtime.signals import Listener
from actors.tools import Tools
from actors.worker import Worker

CHUNK = 5000


class Life:
    name = "bench"

    def __init__(self) -> None:
        self.draining = asyncio.Event()

    def beat(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Noop:
    i: int = 0


@dataclass(frozen=True, slots=True)
class Timed:
    i: int


@dataclass
class Bench:
    pool: "asyncpg.Pool[Any]"
    dsn: str
    started: dict[int, float]

    async def working(self, workers: int = 2) -> "Running":
        async def noop(payload: Noop, attempt: Attempt, tools: Tools) -> Outcome:
            return Done()

        async def timed(payload: Timed, attempt: Attempt, tools: Tools) -> Outcome:
            self.started[payload.i] = time.perf_counter()
            return Done()

        kinds: Any = {"noop": JobKind("noop", Noop, noop), "timed": JobKind("timed", Timed, timed)}
        desk = Desk("bench", ("default",), uuid4(), slots=0)
        tools: Any = type("T", (), {"random": staticmethod(lambda: 0.5)})()
        listener = Listener(self.dsn, {"triald_jobs": lambda _: desk.look.set()})
        actors = [Settler(desk, self.pool), Claimer(desk, self.pool), listener]
        actors += [Worker(desk, kinds, tools) for _ in range(workers)]  # type: ignore[misc]
        lives = [Life() for _ in actors]
        return Running(desk, lives, [asyncio.create_task(a.run(life)) for a, life in zip(actors, lives, strict=True)])


@dataclass
class Running:
    desk: Desk
    lives: list[Life]
    tasks: "list[asyncio.Task[None]]"

    async def stop(self) -> None:
        for life in reversed(self.lives):
            life.draining.set()
        await asyncio.wait(self.tasks, timeout=10)
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def clear(pool: "asyncpg.Pool[Any]") -> None:
    await pool.execute("truncate jobs, job_history, job_dependencies, job_events")


async def enqueue(pool: "asyncpg.Pool[Any]", n: int, kind: JobKind[Any]) -> float:
    payloads = [json.dumps({"i": i}) for i in range(n)]
    async with pool.acquire() as db:
        began = time.perf_counter()
        for at in range(0, n, CHUNK):
            await store.enqueue_alike(db, kind.new(Noop()), payloads[at : at + CHUNK])
        return n / (time.perf_counter() - began)


async def drain(bench: Bench, n: int) -> float:
    began = time.perf_counter()
    running = await bench.working()
    while running.desk.ended_total < n:
        await asyncio.sleep(0.01)
    while await bench.pool.fetchval("select exists (select from jobs)"):
        await asyncio.sleep(0.005)
    took_s = time.perf_counter() - began
    await running.stop()
    return n / took_s


async def latency(bench: Bench, jobs: int = 200, gap_s: float = 0.02) -> list[float]:
    running = await bench.working()
    await asyncio.sleep(2)
    sent = {}
    for i in range(jobs):
        sent[i] = time.perf_counter()
        await store.enqueue_alike(bench.pool, JobKind("timed", Timed, None).new(Timed(i)), [json.dumps({"i": i})])  # type: ignore[arg-type]
        await asyncio.sleep(max(0.0, gap_s - (time.perf_counter() - sent[i])))
    while len(bench.started) < jobs:
        await asyncio.sleep(0.02)
    await running.stop()
    return sorted((bench.started[i] - sent[i]) * 1e3 for i in sent)


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--dsn", required=True)
    args = parser.parse_args()
    async with asyncpg.create_pool(args.dsn, min_size=4, max_size=6) as pool:
        enqueued, drained, p50, p99, wal = [], [], [], [], []
        kind: JobKind[Any] = JobKind("noop", Noop, None)  # type: ignore[arg-type]
        for _ in range(args.runs):
            await clear(pool)
            enqueued.append(await enqueue(pool, args.jobs, kind))
            await pool.execute("vacuum analyze")
            before = await pool.fetchval("select pg_current_wal_insert_lsn()")
            drained.append(await drain(Bench(pool, args.dsn, {}), args.jobs))
            wal.append(
                float(await pool.fetchval("select pg_current_wal_insert_lsn() - $1::pg_lsn", before)) / args.jobs
            )
            waits = await latency(Bench(pool, args.dsn, {}))
            p50.append(waits[len(waits) // 2])
            p99.append(waits[int(len(waits) * 0.99)])
        print(
            json.dumps(
                {
                    "what": "queue",
                    "n": args.jobs,
                    "enqueue_jobs_s": round(statistics.median(enqueued)),
                    "process_jobs_s": round(statistics.median(drained)),
                    "pickup_latency_ms_p50": round(statistics.median(p50), 3),
                    "pickup_latency_ms_p99": round(statistics.median(p99), 3),
                    "wal_bytes_per_job": round(statistics.median(wal)),
                    "runs": args.runs,
                    "each": {"enqueue": [round(x) for x in enqueued], "process": [round(x) for x in drained]},
                }
            )
        )


if __name__ == "__main__":
    uvloop.run(main())
