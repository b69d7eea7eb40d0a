"""What the audit costs: concurrent writers, each entry in a transaction of its own, sealed meanwhile. Prints JSON.

    python -m bench.audit [--writers 16] [--seconds 5] [--runs 3] [--pg 15]

In turns on one PostgreSQL: plain inserts of the same row into a table with an index and no chain, and entries of the
audit while a sealer chains them. `sealed_per_s` is up to the moment when the last of them was in the chain.
"""

import argparse
import asyncio
import json
import multiprocessing
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import asyncpg
import uvloop

from actors.governance.audit import Act, store
from actors.governance.audit.sealer import seal_all
from bench import server
from bench.measure import Figures, at_least, medians, missed

LEAST_PER_S = 2_000
WARM_UP_S = 0.5
SEAL_EVERY_S = 0.5
ACT = Act(1, "somebody", "admin", "jobs_cancel", "id=12345", "done", "0123456789abcdef",
          {"status": 200, "scope": {"queue": "default", "kind": "scrape"}})  # fmt: skip
TABLE = """create table plain (
    id bigint generated always as identity primary key, at timestamptz default clock_timestamp(), tenant bigint,
    actor bigint, role text, action text, subject text, outcome text, request_id text, details jsonb)"""
PLAIN = """insert into plain (tenant, actor, role, action, subject, outcome, request_id, details)
    values ($1, 1, $2, $3, $4, $5, $6, $7::text::jsonb) returning id"""


async def _plain(db: Any) -> None:
    text = json.dumps(dict(ACT.details))
    await db.fetchval(PLAIN, ACT.tenant, ACT.role, ACT.action, ACT.subject, ACT.outcome, ACT.request_id, text)


async def _audited(db: Any) -> None:
    await store.append(db, ACT)


WAYS: dict[str, Callable[[Any], Awaitable[None]]] = {"plain": _plain, "audit": _audited}


def commits_per_s(dsn: str, way: str, writers: int, seconds: float) -> float:
    """In a process of its own, so that writers and the sealer share no event loop."""
    return uvloop.run(_write(dsn, WAYS[way], writers, seconds))


async def _write(dsn: str, add: Callable[[Any], Awaitable[None]], writers: int, seconds: float) -> float:
    commits = 0
    start = time.monotonic() + WARM_UP_S
    end = start + seconds

    async def write() -> None:
        nonlocal commits
        db = await asyncpg.connect(dsn)
        while (now_s := time.monotonic()) < end:
            async with db.transaction():
                await add(db)
            commits += now_s >= start
        await db.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(writers):
            group.create_task(write())
    return commits / (time.monotonic() - start)


async def _one(pool: Any, run: Callable[[str], Awaitable[float]]) -> dict[str, float]:
    figures = {"plain_per_s": await run("plain")}
    before, began_s = (await store.head(pool)).seq, time.monotonic()
    writing = asyncio.ensure_future(run("audit"))
    while not writing.done():
        await asyncio.wait((writing,), timeout=SEAL_EVERY_S)
        await seal_all(pool)
    figures["appends_per_s"] = await writing
    await seal_all(pool)
    sealed = (await store.head(pool)).seq - before
    figures["sealed_per_s"] = sealed / (time.monotonic() - began_s)
    began_s = time.monotonic()
    async with pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
        found = await store.verify(db)
    assert found.fault is None and found.unsealed == 0, found
    figures["verified_per_s"] = found.links / (time.monotonic() - began_s)
    return figures | {"share_of_plain": figures["appends_per_s"] / figures["plain_per_s"]}


async def measure(dsn: str, *, writers: int, seconds: float, runs: int) -> Figures:
    each: list[dict[str, float]] = []
    context = multiprocessing.get_context("spawn")
    async with asyncpg.create_pool(dsn, min_size=2, max_size=2) as pool:
        await pool.execute(TABLE)
        with ProcessPoolExecutor(1, mp_context=context) as elsewhere:
            loop = asyncio.get_running_loop()

            async def run(way: str) -> float:
                return await loop.run_in_executor(elsewhere, commits_per_s, dsn, way, writers, seconds)

            for _ in range(runs):
                each.append(await _one(pool, run))
                print(each[-1], file=sys.stderr, flush=True)
    middle = medians(each)
    targets = {name: at_least(middle[name], LEAST_PER_S) for name in ("appends_per_s", "sealed_per_s")}
    return {"bench": "audit", "writers": writers, "seconds": seconds, "runs": runs, **middle,
            "targets": targets, "missed": missed(targets), "each": each}  # fmt: skip


async def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.audit", description="What the audit costs.")
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--runs", type=int, default=3)
    server.arguments(parser)
    given = parser.parse_args(arguments)
    async with server.running(given.pg) as started, server.database(started, "bench_audit") as dsn:
        figures = await measure(dsn, writers=given.writers, seconds=given.seconds, runs=given.runs)
        print(json.dumps(figures | {"postgresql": await server.version(started)}))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
