"""An upgrade under load: the schema first, while the processes of before go on; then one after the other."""

import asyncio
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg

from schema.migrate import read_migrations
from supervisor.roles import Role
from supervisor.tokens import new_token
from tests.survive.balancer import Balancer, balancing, loaded
from tests.survive.jobs import begun, done, enqueue, release, runs_of
from tests.survive.processes import NODE, QUICK, ROOT, SMALL, Running, command, running
from tests.survive.release import next_release

Pool: TypeAlias = "asyncpg.Pool[Any]"
PROCESSES = 3
SETTINGS = {
    **QUICK, **SMALL, "slots": 4, "pool_most": 6, "drain_s": 30, "limits": "admin=1000000/min,tenant=1000000/min",
}  # fmt: skip
PRE_STOP_S = 0.5  # as in the chart: requests still come until every proxy has heard that the process goes
PATHS = ("/api/v1/trials?limit=5", "/api/v1/jobs?limit=5", "/api/v1/queues", "/api/v1/registries")
MIGRATED = "select max(number) from schema_migrations"


async def started(stack: AsyncExitStack, dsn: str, folder: Path, root: Path) -> tuple[Running, str]:
    """A process of the release in `root`, and its address."""
    one = await stack.enter_async_context(running(dsn, folder, program=NODE, settings=SETTINGS, root=root))
    told = await one.said("web.listening")
    return one, f"http://127.0.0.1:{told['port']}"


async def test_an_upgrade_under_load_fails_no_request_and_loses_or_doubles_no_job(
    dsn: str, db: Pool, tables: None, tmp_path: Path
) -> None:
    """Rolling upgrade, C24, S15: three processes, requests and jobs all the time. The next release's migration is
    applied while they run; they run on with it. Then one after the other is replaced: a new one first, as with maxSurge
    1; what is to go hears SIGTERM once no proxy sends it anything. Every request is answered, every job runs once."""
    token = await new_token(db, "load", Role.ADMIN)
    new = next_release(tmp_path / "next")
    jobs: list[int] = []
    async with AsyncExitStack() as stack, balancing(token) as service:
        old = [await started(stack, dsn, tmp_path / f"old{n}", ROOT) for n in range(PROCESSES)]
        for _, url in old:
            await service.add(url)

        async def step(number: int) -> None:
            await service.ask("GET", PATHS[number % len(PATHS)])
            if number % 3 == 0:
                jobs.extend(await enqueue(db, "slow", seconds=0.2))
            if number % 10 == 0:
                query = {"query": f"q=rolling{number}", "name": f"rolling {number}"}
                await service.ask("POST", "/api/v1/watches", json=query)

        async with loaded(step, every_s=0.05):
            await soon(service, 40)
            migrated = await command(dsn, "migrate", root=new)
            assert migrated.code == 0, migrated.error
            assert await db.fetchval(MIGRATED) == len(read_migrations()) + 1
            await soon(service, 60)  # the release before goes on with the schema of the next
            assert not any(one.all_said("actor.crashed") for one, _ in old)
            for number, (one, url) in enumerate(old):
                _, address = await started(stack, dsn, tmp_path / f"new{number}", new)
                await service.add(address)
                service.take_out(url)
                await asyncio.sleep(PRE_STOP_S)
                one.signal(signal.SIGTERM)
                assert await one.ended() == 0
                [stopped] = one.all_said("service.stopped")
                assert stopped["unfinished"] == []
            await soon(service, 40)
        await done(db, jobs)
        assert service.failed == []
        assert set(service.ready).isdisjoint(url for _, url in old)
        assert all(service.answered[url] for url in service.known)
    assert len(jobs) > 20
    assert await runs_of(db, jobs) == dict.fromkeys(jobs, 1)
    assert await db.fetchval("select count(*) from jobs where state = 'dead'") == 0


async def soon(service: Balancer, more: int) -> None:
    """Until so many more requests have been answered."""
    before = service.answered.total()
    async with asyncio.timeout(60):
        while service.answered.total() < before + more and not service.failed:  # noqa: ASYNC110 - others ask
            await asyncio.sleep(0.02)


async def test_what_is_told_to_stop_is_not_ready_first_and_answers_what_it_was_asked(
    dsn: str, db: Pool, tables: None, tmp_path: Path
) -> None:
    """ "readiness falls first, in-flight requests end": a request that waits for a lock, and a job that waits to be
    released, are under way at SIGTERM. Nobody new is sent there, both come to their end, and then it is gone."""
    token = await new_token(db, "load", Role.ADMIN)
    async with AsyncExitStack() as stack, balancing(token) as service:
        one, url = await started(stack, dsn, tmp_path, ROOT)
        await service.add(url)
        [job] = await enqueue(db, "wait")
        await begun(db, job)
        async with db.acquire() as other:
            locking = other.transaction()
            await locking.start()
            await other.execute("lock table watches in access exclusive mode")
            asked = asyncio.create_task(service.ask("GET", "/api/v1/watches"))
            waits = "select count(*) from pg_locks where not granted and relation = 'watches'::regclass"
            while not await db.fetchval(waits):  # noqa: ASYNC110 - another process: nothing to wait on
                await asyncio.sleep(0.02)
            one.signal(signal.SIGTERM)
            await one.said("service.draining")
            async with service.http.get(f"{url}/ready") as response:
                assert response.status == 503
            async with service.http.get(f"{url}/live") as response:
                assert response.status == 200
            await release(db, [job])
            await done(db, [job])
            assert not asked.done()
            await locking.rollback()
        await asked
        assert service.failed == []
        assert await one.ended() == 0
    assert await runs_of(db, [job]) == {job: 1}


async def test_a_process_of_the_release_before_does_not_start_on_a_schema_that_it_does_not_know(
    dsn: str, db: Pool, tables: None, tmp_path: Path
) -> None:
    """It says so and what to do, and goes; those that run are not in its way. Back again, it starts."""
    new = next_release(tmp_path / "next")
    assert (await command(dsn, "migrate", root=new)).code == 0
    refused = await command(dsn, "up", "--listen", "127.0.0.1:0", "--data-dir", str(tmp_path / "data"))
    assert refused.code == 2
    assert "is newer than this triald" in refused.error
    assert (await command(dsn, "migrate", "--to", str(len(read_migrations())), root=new)).code == 0
    async with running(dsn, tmp_path / "again", program=NODE, settings=SETTINGS) as one:
        assert one.alive
