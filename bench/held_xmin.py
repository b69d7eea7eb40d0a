"""The queue while somebody holds a transaction open, so that nothing can be vacuumed. Prints JSON.

    python -m bench.held_xmin [--minutes 10] [--rate 2000] [--burst 10000] [--pg 15]

One transaction (repeatable read, idle) stands open from before the first job to the end. Jobs are offered at an even
rate, ten times less often than they are many: so many a commit as a busy producer would. Every minute reports what was
offered and ended, how long jobs waited from before their commit to the first line of their handler, how long claims
and settlements took, how many row versions cannot be vacuumed, and how fast a burst drains at the minute's end.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import uvloop

from actors.queue import store
from bench import server
from bench.jobs import enqueued_per_s
from bench.measure import Figures, at_least, at_most, missed, percentile, rounded
from bench.working import Numbered, kind, opened, running, until
from schema import query
from supervisor.service import Service

COMMITS_PER_S = 100
MINUTE_S = 60.0
CLAIMS = {query("jobs.claim"), query("jobs.claim_from")}
SETTLEMENTS = {query("jobs.finish")}
P99_MOST_MS = 100.0
FLAT_LEAST = 0.9  # of what was offered is worked off in every minute, and of the first burst's rate in the last


@dataclass(slots=True)
class Minute:
    """What is noted between two looks; all times in milliseconds."""

    offered: int = 0
    waits: list[float] = field(default_factory=list)
    statements: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def figures(self) -> Figures:
        return {
            "offered": self.offered,
            "ended": len(self.waits),
            **_spread("pickup_ms", self.waits),
            **_spread("claim_ms", self.statements["claim"]),
            **_spread("settle_ms", self.statements["settle"]),
        }


def _spread(name: str, values: Sequence[float]) -> Figures:
    shares = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    return {f"{name}_{label}": rounded(percentile(values, share)) for label, share in shares.items()}


@dataclass(slots=True)
class Load:
    """A producer of numbered jobs, and what their handlers met."""

    now: Minute = field(default_factory=Minute)
    sent: dict[int, float] = field(default_factory=dict)

    def met(self, number: int) -> None:
        sent_s = self.sent.pop(number, None)  # jobs of a burst have no time of their own
        if sent_s is not None:
            self.now.waits.append((time.perf_counter() - sent_s) * 1e3)

    def timed(self, statement: Any) -> None:
        """A logger of asyncpg's."""
        name = "claim" if statement.query in CLAIMS else "settle" if statement.query in SETTLEMENTS else None
        if name is not None:
            self.now.statements[name].append(statement.elapsed * 1e3)

    async def offer(self, db: store.Database, *, rate: float, seconds: float, first: int) -> int:
        """Evenly for so long, however long each commit takes; answers with the next job's number."""
        like, number, began = kind(self.met).new(Numbered()), first, time.perf_counter()
        while (passed_s := time.perf_counter() - began) < seconds:
            due = first + int(rate * passed_s) - number
            if due > 0:
                at_s = time.perf_counter()
                self.sent |= dict.fromkeys(range(number, number + due), at_s)
                payloads = [f'{{"i": {i}}}' for i in range(number, number + due)]
                await store.enqueue_alike(db, like, payloads)
                self.now.offered += due
                number += due
            await asyncio.sleep(1 / COMMITS_PER_S)
        return number


@asynccontextmanager
async def held(dsn: str) -> AsyncIterator[None]:
    """A transaction that stays open: what it may still see cannot be vacuumed."""
    db = await asyncpg.connect(dsn)
    transaction = db.transaction(isolation="repeatable_read")
    await transaction.start()
    await db.fetchval("select count(*) from jobs")
    try:
        yield
    finally:
        await transaction.rollback()
        await db.close()


@asynccontextmanager
async def timing(dsn: str, service: Service, load: Load) -> "AsyncIterator[None]":
    """The service's statements go through a pool that tells how long each took."""

    async def listen(connection: "asyncpg.Connection[Any]") -> None:
        connection.add_query_logger(load.timed)

    async with asyncpg.create_pool(dsn, min_size=8, max_size=20, init=listen) as pool:
        service.pool = service.all_tenants = pool
        yield


async def measure(dsn: str, *, minutes: int, minute_s: float, rate: float, burst: int) -> list[Figures]:
    load, number, found = Load(), 1, list[Figures]()
    db = await asyncpg.connect(dsn)
    async with opened(dsn, kind(load.met)) as service, timing(dsn, service, load), held(dsn), running(service):
        desk = service.desks["worker"]
        for minute in range(minutes):
            load.now = Minute()
            number = await load.offer(db, rate=rate, seconds=minute_s, first=number)
            await until(lambda: not load.sent and desk.idle)
            figures = load.now.figures()
            dead, size = await _dead(db), await db.fetchval("select pg_table_size('jobs')")
            drained = await _burst_per_s(db, service, burst)
            found.append({"minute": minute + 1, **figures, "dead_tuples": dead, "jobs_table_mb": rounded(size / 1e6),
                          "burst_jobs_s": rounded(drained)})  # fmt: skip
            print(found[-1], file=sys.stderr, flush=True)
    await db.close()
    return found


async def _dead(db: store.Database) -> int:
    return int(await db.fetchval("select n_dead_tup from pg_stat_user_tables where relname = 'jobs'"))


async def _burst_per_s(db: store.Database, service: Service, jobs: int) -> float:
    """How fast many jobs at once are worked off, from before they are written."""
    desk, before, began = service.desks["worker"], service.desks["worker"].ended_total, time.perf_counter()
    await enqueued_per_s(db, jobs)
    await until(lambda: desk.ended_total >= before + jobs and desk.idle)
    return jobs / (time.perf_counter() - began)


def result(minutes: Sequence[Figures]) -> Figures:
    """Whether it stayed flat. No I/O."""
    targets = {
        "ended_over_offered": at_least(min(one["ended"] / one["offered"] for one in minutes), FLAT_LEAST),
        "last_burst_over_first": at_least(minutes[-1]["burst_jobs_s"] / minutes[0]["burst_jobs_s"], FLAT_LEAST),
        "pickup_p99_ms": at_most(max(one["pickup_ms_p99"] for one in minutes), P99_MOST_MS),
    }
    return {"targets": targets, "missed": missed(targets), "minutes": list(minutes)}


async def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.held_xmin", description="The queue beside an open transaction.")
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--minute", type=float, default=MINUTE_S, help="seconds that a minute lasts here")
    parser.add_argument("--rate", type=float, default=2000.0, help="jobs offered a second")
    parser.add_argument("--burst", type=int, default=10_000, help="jobs at the end of each minute")
    server.arguments(parser)
    given = parser.parse_args(arguments)
    async with server.running(given.pg) as started, server.database(started, "bench_held") as dsn:
        found = await measure(dsn, minutes=given.minutes, minute_s=given.minute, rate=given.rate, burst=given.burst)
        about = {"bench": "held_xmin", "rate": given.rate, "burst": given.burst}
        print(json.dumps(about | {"postgresql": await server.version(started)} | result(found)))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
