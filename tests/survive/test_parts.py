"""One PostgreSQL, and processes that do a part of the service each: `triald up --role api` and `--role worker`."""

import signal
from pathlib import Path
from typing import Any, TypeAlias

import aiohttp
import asyncpg

from tests.survive.jobs import begun, done, enqueue, release, running_at, runs_of
from tests.survive.processes import NODE, QUICK, SMALL, Running, running, until

Pool: TypeAlias = "asyncpg.Pool[Any]"
API = {**QUICK, "role": "api"}
WORKER = {**QUICK, **SMALL, "role": "worker", "metrics_listen": "127.0.0.1:0"}


async def at(one: Running, event: str) -> str:
    """The address that it told of a listener."""
    told = await one.said(event)
    return f"http://127.0.0.1:{told['port']}"


async def asked(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as http, http.get(url) as response:
        return response.status, await response.text()


async def test_jobs_run_where_workers_are_and_nowhere_else(dsn: str, db: Pool, tables: None, tmp_path: Path) -> None:
    """C24: "worker takes only its leases": without a worker jobs wait, though an api process lives; with one each runs
    once, there."""
    async with running(dsn, tmp_path / "api", program=NODE, settings=API) as api:
        jobs = await enqueue(db, "wait", 3)
        assert await db.fetchval("select slots from workers where pid = $1", api.pid) == 0
        async with running(dsn, tmp_path / "worker", program=NODE, settings=WORKER) as worker:
            for job in jobs:
                await begun(db, job)
            assert set(await running_at(db)) == {str(worker.pid)}
            await release(db, jobs)
            await done(db, jobs)
            assert await runs_of(db, jobs) == dict.fromkeys(jobs, 1)
            worker.signal(signal.SIGTERM)
            assert await worker.ended() == 0
        [later] = await enqueue(db, "note")
        status, _ = await asked(f"{await at(api, 'web.listening')}/ready")
        assert status == 200
        assert await db.fetchval("select state from jobs where id = $1", later) == "ready"


async def test_a_worker_answers_for_its_health_and_nothing_else(
    dsn: str, db: Pool, tables: None, tmp_path: Path
) -> None:
    """C23, N18: what probes and Prometheus ask of a worker; its metrics are open at `metrics_listen` alone. While it
    drains it is not ready, and it lives."""
    async with running(dsn, tmp_path, program=NODE, settings=WORKER | {"drain_s": 60}) as one:
        urls = [f"http://127.0.0.1:{line['port']}" for line in one.all_said("probes.listening")]
        assert len(urls) == 2
        for url in urls:
            for path in ("/health", "/ready", "/live"):
                assert (await asked(url + path))[0] == 200, (url, path)
            for path in ("/", "/login", "/api/v1/trials", "/api/v1/jobs"):
                assert (await asked(url + path))[0] == 404, (url, path)
        guarded, opened = sorted([await asked(f"{url}/metrics") for url in urls], reverse=True)
        assert (guarded[0], opened[0]) == (401, 200)
        assert "process_resident_memory_bytes" in opened[1]
        [job] = await enqueue(db, "wait")
        await begun(db, job)
        one.signal(signal.SIGTERM)
        await one.said("service.draining")
        assert {(await asked(f"{url}/ready"))[0] for url in urls} == {503}
        assert {(await asked(f"{url}/live"))[0] for url in urls} == {200}
        await release(db, [job])
        assert await one.ended() == 0


async def test_the_metric_that_scaling_goes_by_is_what_the_database_holds(
    dsn: str, db: Pool, tables: None, tmp_path: Path
) -> None:
    """N18: the depth of each queue, as a worker exposes it, is what a count of its jobs says."""
    async with running(dsn, tmp_path, program=NODE, settings=WORKER | {"slots": 1}) as one:
        jobs = await enqueue(db, "wait", 5)
        ports = [line["port"] for line in one.all_said("probes.listening")]

        async def told() -> set[str]:
            answers = [await asked(f"http://127.0.0.1:{port}/metrics") for port in ports]
            return {line for _, text in answers for line in text.splitlines() if line.startswith("triald_job_queue")}

        wanted = {
            'triald_job_queue_depth{queue="default",state="ready"} 4.0',
            'triald_job_queue_depth{queue="default",state="running"} 1.0',
        }

        async def met() -> bool:
            return wanted <= await told()

        assert await until(met)
        rows = await db.fetch("select state, count(*) as n from jobs where queue = 'default' group by state")
        assert {row["state"]: row["n"] for row in rows} == {"ready": 4, "running": 1}
        await release(db, jobs)
        await done(db, jobs)
