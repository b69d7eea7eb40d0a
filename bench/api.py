"""What the interface costs: a trial by its id, asked for with a token, beside a bare handler that does one fetch.

    python -m bench.api [--trials 5000] [--seconds 10] [--runs 3] [--connections 16] [--pg 15]

Both are processes of their own on one PostgreSQL, asked in turns by the same client over keep-alive connections, each
of which asks again as soon as it has its answer. Prints JSON: requests a second, and how long they took.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import aiohttp
import asyncpg
import uvloop

from actors.registries.ctgov import REGISTRY
from actors.trials.mirroring import store
from actors.trials.pack import Source, pack_page
from bench import server, triald
from bench.children import ROOT, end
from bench.measure import Figures, at_least, medians, missed, percentile, rounded
from demo.world_source import world_of

LEAST_SHARE = 0.6  # of the bare handler's requests a second
PAGE = 1000
UNLIMITED = "999999999/min"


class Connection(asyncio.Protocol):
    """Asks again and again; answers are told apart by their Content-Length."""

    def __init__(self, asks: Sequence[bytes], until_s: float, took_s: list[float]) -> None:
        self._asks, self._until_s, self._took_s = asks, until_s, took_s
        self._buffer, self._lacks = b"", -1
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass of it
        self._ask()

    def _ask(self) -> None:
        self._at_s = time.perf_counter()
        self._transport.write(random.choice(self._asks))  # noqa: S311 -- which trial is no secret

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._lacks < 0:
            head, found, body = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 200"):
                self.ended.set_exception(RuntimeError(self._buffer[:500].decode("utf-8", "replace")))
                self._transport.close()
                return
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            self._lacks, self._buffer = int(length), body
        if len(self._buffer) < self._lacks:
            return
        self._buffer, self._lacks = b"", -1
        now_s = time.perf_counter()
        self._took_s.append(now_s - self._at_s)
        if now_s < self._until_s:
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


async def load(url: str, ids: Sequence[int], *, token: str, seconds: float, connections: int) -> dict[str, float]:
    """Requests a second, and milliseconds that they took."""
    parts = urlsplit(url)
    head = f"HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {token}\r\nAccept: application/json\r\n\r\n"
    asks = [f"GET /api/v1/trials/{id_} {head}".encode() for id_ in ids]
    took_s: list[float] = []
    began_s = time.perf_counter()
    loop = asyncio.get_running_loop()
    ends = []
    for _ in range(connections):
        _, one = await loop.create_connection(
            lambda: Connection(asks, began_s + seconds, took_s), parts.hostname or "", parts.port or 0
        )
        ends.append(one.ended)
    await asyncio.gather(*ends)
    lasted_s = time.perf_counter() - began_s
    return {
        "per_s": len(took_s) / lasted_s,
        "p50_ms": 1000 * percentile(took_s, 0.5),
        "p99_ms": 1000 * percentile(took_s, 0.99),
        "max_ms": 1000 * max(took_s),
    }


async def fill(dsn: str, trials: int) -> list[int]:
    """Trials of the demo world; their ids."""
    source = world_of(trials)
    positions = source.positions()
    db = await asyncpg.connect(dsn)
    for at in range(0, len(positions), PAGE):
        body = b'{"studies":[' + source.bodies(positions[at : at + PAGE]) + b"]}"
        [request] = REGISTRY.first(None)[:1]
        page = REGISTRY.read(request, body)
        told = Source("ctgov", request.url, datetime.now(UTC), REGISTRY.adapter_version, REGISTRY.media_type)
        async with db.transaction():
            scrape = await store.open_scrape(db, "ctgov", "full", since=None, job_id=None, at=told.fetched_at)
            await store.write_page(db, pack_page(page.found, page.refused, told), scrape_id=scrape, total=None)
            await store.close_scrape(db, scrape, "done", at=told.fetched_at)
    ids = [row["id"] for row in await db.fetch("select id from trials")]
    await db.execute("vacuum analyze trials")
    await db.close()
    return ids


@asynccontextmanager
async def bare(dsn: str) -> AsyncIterator[str]:
    port = triald.free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.bare_api", "--database", dsn, "--port", str(port), cwd=ROOT
    )
    url = f"http://127.0.0.1:{port}"
    try:
        async with aiohttp.ClientSession() as http, asyncio.timeout(30):
            while True:
                try:
                    async with http.get(f"{url}/ready"):
                        break
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.05)
        yield url
    finally:
        process.terminate()
        await end(process)


async def main(given: argparse.Namespace) -> Figures:
    with tempfile.TemporaryDirectory(prefix="triald-bench-") as folder:
        async with server.running(given.pg) as running, server.database(running, "api") as dsn:
            ids = await fill(dsn, given.trials)
            settings = {
                "database_url": dsn,
                "limits": f"admin={UNLIMITED},tenant={UNLIMITED}",
                "requests_at_once": "1000",
                "registries": "ctgov",
                "log_level": "warning",
            }
            async with bare(dsn) as theirs, triald.up(Path(folder), **settings) as ours:
                runs: dict[str, list[dict[str, float]]] = {"bare": [], "triald": []}
                for _ in range(given.runs + 1):  # the first one of each warms up
                    for name, url in (("bare", theirs), ("triald", ours.url)):
                        told = await load(
                            url, ids, token=ours.token, seconds=given.seconds, connections=given.connections
                        )
                        runs[name].append(told)
    figures = {name: medians(told[1:]) for name, told in runs.items()}
    share = figures["triald"]["per_s"] / figures["bare"]["per_s"]
    targets = {"share_of_bare": at_least(share, LEAST_SHARE)}
    return {
        "bench": "api", "trials": given.trials, "connections": given.connections, **figures,
        "share_of_bare": rounded(share), "targets": targets, "missed": missed(targets),
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--connections", type=int, default=16)
    server.arguments(parser)
    print(json.dumps(uvloop.run(main(parser.parse_args()))))
