"""What happens, told to many who watch: how late it comes, what they cost, and what one costs who never reads.

    python -m bench.events [--clients 1000] [--seconds 20] [--pg 15]

A real service over loopback, its PostgreSQL, and the clients, each in a process of its own. Every event is written to
the log in a transaction, numbered, read and told; its time counts from before the statement that writes it to its
reading by the client. `room`: all hear the same events. `own`: each hears events of their own.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from bench import listeners, server, triald
from bench.children import ROOT, end
from bench.measure import Figures, at_most, missed, rounded
from bench.processes import cpu_s, resident_bytes
from supervisor.roles import Role
from supervisor.tokens import new_token

WARM_S = 3.0
TURNS_PER_S = 20  # of who writes events of their own to each: a share of the clients each time
MANY = 10**6
LIMITS = ",".join(f"{name}={MANY}/min" for name in ("anyone", "viewer", "tenant"))
TO_ALL = """insert into event_inbox (room, kind, payload)
            values ('service', 'bench.told', jsonb_build_object('sent', $1::float8))"""
TO_EACH = """insert into event_inbox (room, kind, payload)
             select 'user:' || one, 'bench.told', jsonb_build_object('sent', $1::float8) from unnest($2::text[]) one"""


@dataclass(frozen=True, slots=True)
class Client:
    login: str
    token: str


class Crowd:
    """The process of those who watch."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def say(self, command: str) -> Figures:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(command.encode() + b"\n")
        told: Figures = json.loads(await self._process.stdout.readline())
        return told


@asynccontextmanager
async def watching(url: str, rooms: str, clients: Sequence[Client]) -> AsyncIterator[Crowd]:
    words = [sys.executable, "-m", "bench.listeners", "--url", url, "--rooms", rooms]
    process = await asyncio.create_subprocess_exec(*words, stdin=PIPE, stdout=PIPE, cwd=ROOT)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(" ".join(one.token for one in clients).encode() + b"\n")
        async with asyncio.timeout(120):
            assert (await process.stdout.readline()).strip() == b"ready", "they could not come in"
        yield Crowd(process)
    finally:
        process.stdin.close()
        await asyncio.wait([asyncio.ensure_future(process.wait())], timeout=10)
        await end(process)


async def tell(db: "asyncpg.Connection[Any]", clients: Sequence[Client], per_s: float, *, own: bool) -> None:
    """Until cancelled: so many events a second to each; to each their own, or to all the same."""
    every_s = 1 / TURNS_PER_S if own else 1 / per_s
    share = max(1, round(len(clients) * per_s / TURNS_PER_S))
    due, at = time.monotonic(), 0
    while True:
        if own:
            logins = [clients[(at + i) % len(clients)].login for i in range(share)]
            at += share
            await db.execute(TO_EACH, time.monotonic(), logins)
        else:
            await db.execute(TO_ALL, time.monotonic())
        await db.execute("select events_hint()")
        due += every_s
        await asyncio.sleep(max(0.0, due - time.monotonic()))


async def measured(
    up: triald.Triald, dsn: str, crowd: Crowd, clients: Sequence[Client], per_s: float, seconds: float, *, own: bool
) -> Figures:
    db = await asyncpg.connect(dsn)
    telling = asyncio.create_task(tell(db, clients, per_s, own=own))
    try:
        await asyncio.sleep(WARM_S)
        await crowd.say("begin")
        used, began = cpu_s(up.pid), time.monotonic()
        await asyncio.sleep(seconds)
        told, passed_s = await crowd.say("tell"), time.monotonic() - began
        late = {name: rounded(told[name]) for name in ("p50_ms", "p99_ms", "max_ms")}
        return {
            "clients": len(clients), "per_s_each": per_s, **late, "connections_lost": told["lost"],
            "heard_of_told": rounded(told["events"] / (len(clients) * per_s * passed_s)),
            "cpu_us_per_event": rounded(1e6 * (cpu_s(up.pid) - used) / max(1, told["events"])),
        }  # fmt: skip
    finally:
        telling.cancel()
        await asyncio.wait([telling])
        await db.close()


async def admit(dsn: str, number: int) -> list[Client]:
    """So many programs, each with a token of its own."""
    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=4)
    logins = [f"bench-{number}" for number in range(number)]
    clients = [Client(login, await new_token(pool, login, Role.VIEWER)) for login in logins]
    await pool.close()
    return clients


async def runs(up: triald.Triald, dsn: str, clients: Sequence[Client], seconds: float) -> dict[str, Figures]:
    found: dict[str, Figures] = {}
    few = clients[: max(1, len(clients) // 10)]
    async with watching(up.url, "service", few) as crowd:  # what the first of anything costs is no client's
        await measured(up, dsn, crowd, few, 10, WARM_S, own=False)
    before = resident_bytes(up.pid)
    for name, rooms, own in (("many_room", "service", False), ("many_own", "me", True)):
        async with watching(up.url, rooms, clients) as crowd:
            found[name] = await measured(up, dsn, crowd, clients, 2, seconds, own=own)
            found[name]["added_mb"] = rounded((resident_bytes(up.pid) - before) / 1e6)
    for name, rooms, own in (("few_room", "service", False), ("few_own", "me", True)):
        async with watching(up.url, rooms, few) as crowd:
            found[name] = await measured(up, dsn, crowd, few, 10, seconds, own=own)
    async with watching(up.url, "service", few) as crowd:
        found["few_beside_silent"] = await beside_silent(up, dsn, crowd, few, seconds)
    return found


async def beside_silent(
    up: triald.Triald, dsn: str, crowd: Crowd, clients: Sequence[Client], seconds: float
) -> Figures:
    """One more client, which never reads: how soon it is dropped, and what the others notice."""
    one = await listeners.silent(up.url, "service", clients[0].token)
    began = time.monotonic()
    dropped = asyncio.create_task(_dropped_s(up, began))
    try:
        found = await measured(up, dsn, crowd, clients, 10, max(seconds, 12.0), own=False)
        return found | {"silent_dropped_s": rounded(await dropped)}
    finally:
        dropped.cancel()
        one.close()


async def _dropped_s(up: triald.Triald, began: float) -> float:
    """As the metrics of the service tell it."""
    async with up.session() as session:
        while True:
            async with session.get("/metrics") as answer:
                if 'triald_watchers_dropped_total{reason="it does not' in await answer.text():
                    return time.monotonic() - began
            await asyncio.sleep(0.2)


async def measure(number: int, seconds: float, major: str) -> Figures:
    async with server.running(major) as postgres, server.database(postgres, "bench_events") as dsn:
        with tempfile.TemporaryDirectory(prefix="triald-bench-") as folder:
            async with triald.up(Path(folder), database_url=dsn, limits=LIMITS, log_level="warning") as up:
                found = await runs(up, dsn, await admit(dsn, number), seconds)
    silent = found["few_beside_silent"]
    targets = {
        "many_room_p99_ms": at_most(found["many_room"]["p99_ms"], 250),
        "many_own_p99_ms": at_most(found["many_own"]["p99_ms"], 250),
        "added_mb": at_most(max(found[name]["added_mb"] for name in ("many_room", "many_own")), 64),
        "few_room_p99_ms": at_most(found["few_room"]["p99_ms"], 50),
        "few_own_p99_ms": at_most(found["few_own"]["p99_ms"], 50),
        "silent_dropped_s": at_most(silent["silent_dropped_s"], 10),
        "few_beside_silent_p99_ms": at_most(silent["p99_ms"], 50),
    }
    return {"bench": "events", "seconds": seconds} | found | {"targets": targets, "missed": missed(targets)}


async def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.events", description="Events, told to many who watch.")
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=20.0)
    server.arguments(parser)
    given = parser.parse_args(arguments)
    print(json.dumps(await measure(given.clients, given.seconds, given.pg)))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
