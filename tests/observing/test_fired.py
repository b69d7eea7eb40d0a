"""Alerts of a real service, seen by a real Prometheus: the world goes wrong, they fire; it is mended, they clear."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import aiohttp
import asyncpg
import pytest
import yaml

from actors.queue import store
from actors.queue.job import NewJob
from tests.observing.expressions import unknown
from tests.observing.prometheus import Prometheus, is_there, scraping
from tests.observing.shipped import DASHBOARDS, RULES, exposed, expressions_of, hastened, rules
from tests.postgres import Postgres
from tests.survive.processes import QUICK, SMALL, Running, running

pytestmark = pytest.mark.skipif(not is_there(), reason="Prometheus is not installed")

Pool: TypeAlias = "asyncpg.Pool[Any]"
OF_THE_DATABASE = (
    "TrialdJobsWaiting", "TrialdQueueOld", "TrialdJobsFailing", "TrialdJobsRescued", "TrialdRegistryUnavailable",
    "TrialdMirrorStale", "TrialdBreakerOpen",
)  # fmt: skip
OF_THE_POOL = (
    "TrialdPoolExhausted", "TrialdPoolWaiting", "TrialdErrors", "TrialdManyErrors", "TrialdSlow", "TrialdVerySlow",
    "TrialdSlowest",
)  # fmt: skip
TOKEN = "triald_" + "t" * 43


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@asynccontextmanager
async def watched(postgres: Postgres, folder: Path, port: int) -> AsyncIterator[Running]:
    (folder / "token").write_text(TOKEN)
    settings = {
        **QUICK, **SMALL, "registries": "ctgov", "pool_most": 6, "token_file": folder / "token",
        "metrics_listen": f"127.0.0.1:{port}",
    }  # fmt: skip
    async with running(postgres.dsn, folder / "data", settings=settings) as one:
        yield one


@asynccontextmanager
async def prometheus_on(port: int, folder: Path) -> AsyncIterator[Prometheus]:
    shipped = hastened(yaml.safe_load(RULES.read_text("utf-8")))
    async with scraping(f"127.0.0.1:{port}", shipped, folder) as one:
        yield one


async def test_alerts_of_a_real_service_fire_and_clear(postgres: Postgres, db: Pool, tmp_path: Path) -> None:
    """S19, R25, G13, N24: a queue that nobody empties, jobs that die, a registry that fails and grows old, a source
    that asked for a pause, no connection free, no database, no process: each fires from what a real process tells, and
    clears when it is mended.
    """
    port = free_port()
    await spoil(db)
    async with prometheus_on(port, tmp_path) as prometheus:
        await prometheus.fires("TrialdDown", "TrialdAbsent")
        async with watched(postgres, tmp_path, port) as service:
            await prometheus.clears("TrialdDown", "TrialdAbsent")
            await prometheus.fires(*OF_THE_DATABASE)
            text = await _metrics(port)
            await crowd(service, db, prometheus)
            await prometheus.clears(*OF_THE_POOL)
            await postgres.kill()
            await prometheus.fires("TrialdDatabaseDown")
            await postgres.restart()
            await prometheus.clears("TrialdDatabaseDown")
        await prometheus.fires("TrialdDown", "TrialdAbsent")
        await mend(db)
        async with watched(postgres, tmp_path, port):
            await prometheus.clears("TrialdDown", "TrialdAbsent", *OF_THE_DATABASE)
    known = exposed(text)
    asks = [rule["expr"] for rule in rules()] + [one for file in DASHBOARDS for _, one in expressions_of(file)]
    assert [problem for one in asks for problem in unknown(one, known) if problem.startswith("no process")] == []


async def spoil(db: Pool) -> None:
    """Jobs that nobody takes, most that ended died, and a registry whose scrapes fail, the last good one long ago."""
    await store.ensure_queues(db, {"default"})
    await db.execute("update queues set paused = true where name = 'default'")
    await store.enqueue(db, [NewJob("maintain") for _ in range(150)])
    await db.execute("update jobs set run_at = now() - interval '1 hour', created_at = now() - interval '1 hour'")
    await db.execute("insert into job_events (job_id, event) select n, 'dead' from generate_series(1, 20) n")
    await db.execute("insert into job_events (job_id, event) values (1, 'rescued')")
    long_ago = datetime.now(UTC) - timedelta(days=31)
    for at, state in ((long_ago, "done"), (datetime.now(UTC), "failed")):
        await db.execute(
            "insert into scrapes (registry, mode, state, started_at, ended_at) values ('ctgov', 'full', $2, $1, $1)",
            at, state,
        )  # fmt: skip
    await db.execute(
        "insert into rate_limits (name, per_min, slot_at, closed_until, clock_at)"
        " values ('ctgov', 300, now(), now() + interval '1 day', now())"
    )


async def mend(db: Pool) -> None:
    await db.execute("delete from jobs")
    await db.execute("delete from job_events")
    await db.execute("update scrapes set state = 'done', ended_at = now()")
    await db.execute("update rate_limits set closed_until = null")


async def crowd(service: Running, db: Pool, prometheus: Prometheus) -> None:
    """Somebody holds a table locked, and twenty ask for what is in it, again and again."""
    url = (await service.said("web.listening"))["port"]
    async with aiohttp.ClientSession(f"http://127.0.0.1:{url}") as http, db.acquire() as holder:
        transaction = holder.transaction()
        await transaction.start()
        await holder.execute("lock table daily_reports in access exclusive mode")
        asking = [asyncio.create_task(_ask(http)) for _ in range(20)]
        try:
            await prometheus.fires(*OF_THE_POOL)
        finally:
            for one in asking:
                one.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
            await transaction.rollback()


async def _ask(http: aiohttp.ClientSession) -> None:
    while True:
        async with http.get("/api/v1/reports/daily", headers={"Authorization": f"Bearer {TOKEN}"}) as response:
            await response.read()
        await asyncio.sleep(0.1)


async def _metrics(port: int) -> str:
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}/metrics") as response:
        return await response.text()
