"""Jobs that change hands, and connections that break, while desk, claimer, settler and workers are at work."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from actors.queue import operating, store
from actors.queue.attempt import Attempt
from actors.queue.desk import Desk, Ended
from actors.queue.job import Job, NewJob
from actors.queue.outcome import FINISHED, Done, Outcome, Snooze
from actors.tools import Tools
from actors.worker import Worker
from supervisor.life import Life
from tests.postgres import Postgres
from tests.queue.house import Gate, House, Numbered, Ran, cut_all, house, printing, tools_at
from tests.queue.jobs import OTHER, Pool, add, add_one, claim, events, finish, states


@pytest.fixture
async def tools(db: Pool, tmp_path: Path) -> AsyncIterator[Tools]:
    async with tools_at(db, tmp_path) as made:
        yield made


async def due_now(db: Pool, job: int) -> None:
    """Time passes until a job that is to be tried again is due."""
    await db.execute("update jobs set run_at = now() where id = $1 and state = 'scheduled'", job)


# ── who holds the job no more ──


async def take_from(db: Pool, job: int) -> Job:
    """Another process takes a job over, as after a rescue; in one transaction, so that nobody comes first."""
    async with db.acquire() as one, one.transaction():
        worker = await one.fetchval("select worker from jobs where id = $1", job)
        await store.rescue(one, [worker])
        [taken] = await claim(one, worker=OTHER)
        return taken


async def test_the_result_of_one_who_holds_the_job_no_more_is_refused_and_told(
    any_postgres: Postgres, tmp_path: Path
) -> None:
    """N14: the late write is refused and logged. G10 in part: within one process, with two holders."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=2, max_size=10) as db, tools_at(db, tmp_path) as tools:
        gate = Gate()
        job = await add_one(db)
        async with house(db, tools, printing(gate)) as one:
            await gate.until_entered()
            taken = await take_from(db, job)
            gate.may_go.set()
            await one.heard.until_settled(1, "refused")
            assert await states(db, [job]) == ["running"]
            assert await finish(db, taken, worker=OTHER) == [job]
            shown = await operating.show(db, job)
            assert (shown["state"], shown["worker"]) == ("done", OTHER)
            [refused] = [event for event in shown["events"] if event["event"] == "late_result_refused"]
            assert refused["detail"] == {"fence": 1, "attempt": 1}
            assert len(one.heard.all("job.settled", job=job, state="refused", fence=1)) == 1


@pytest.mark.parametrize("write", ["save", "finish"])
async def test_who_holds_the_job_no_more_cannot_commit_its_effects(db: Pool, tools: Tools, write: str) -> None:
    """N14: effect and checkpoint, or effect and end, are one transaction, and it is refused."""
    await db.execute("create table effects (job bigint)")
    entered, taken = asyncio.Event(), asyncio.Event()

    async def run(payload: Numbered, attempt: Attempt, tools: Tools) -> Outcome:
        entered.set()
        await taken.wait()
        async with tools.db.acquire() as one, one.transaction():
            await one.execute("insert into effects values ($1)", attempt.job.id)
            if write == "save":
                await attempt.save(one, {"page": 1})
                return Done()
            return await attempt.finish(one)

    job = await add_one(db)
    async with house(db, tools, printing(run)) as one:
        async with asyncio.timeout(30):
            await entered.wait()
        await take_from(db, job)
        taken.set()
        await one.heard.until_settled(1, "refused")
        assert len(one.heard.all("job.lease_lost", job=job, fence=1)) == 1
    assert await db.fetchval("select count(*) from effects") == 0
    assert await states(db, [job]) == ["running"]


async def test_an_effect_and_the_end_of_its_job_are_one_transaction(db: Pool, tools: Tools) -> None:
    await db.execute("create table effects (job bigint)")

    async def run(payload: Numbered, attempt: Attempt, tools: Tools) -> Outcome:
        async with tools.db.acquire() as one, one.transaction():
            await one.execute("insert into effects values ($1)", attempt.job.id)
            outcome = await attempt.finish(one, {"rows": 1})
            if payload.n and attempt.job.attempt == 1:
                raise ValueError("at the last moment")
            return outcome

    good, bad = await store.enqueue(db, [NewJob("print"), NewJob("print", '{"n": 1}')])
    async with house(db, tools, printing(run)) as one:
        await one.heard.until_settled(2)
        assert await states(db, [good, bad]) == ["done", "scheduled"]
        assert [row["job"] for row in await db.fetch("select job from effects")] == [good]
        await due_now(db, bad)
        await one.heard.until_settled(2, "done")
    assert (await operating.show(db, bad))["result"] == {"rows": 1}
    assert await db.fetchval("select count(*) from effects") == 2


async def test_a_checkpoint_is_what_the_next_attempt_begins_with(db: Pool, tools: Tools) -> None:
    begun_with: list[object] = []

    async def run(payload: Numbered, attempt: Attempt, tools: Tools) -> Outcome:
        begun_with.append(attempt.checkpoint())
        await attempt.save(tools.db, {"page": len(begun_with)})
        return Snooze(0.0) if len(begun_with) < 3 else Done()

    await add(db)
    async with house(db, tools, printing(run)) as one:
        await one.heard.until_settled(1, "done")
    assert begun_with == [None, {"page": 1}, {"page": 2}]


async def test_a_job_that_comes_back_to_the_process_that_still_runs_it_ends_both_times(db: Pool, tools: Tools) -> None:
    """An attempt that hangs is taken off its slot by the thread that beats, and the next one may begin beside it."""
    gates = {1: Gate(), 2: Gate()}

    async def run(payload: Numbered, attempt: Attempt, tools: Tools) -> Outcome:
        return await gates[attempt.job.fence](payload, attempt, tools)

    job = await add_one(db)
    async with house(db, tools, printing(run), slots=2) as one:
        first = await gates[1].until_entered()
        await store.take_back(db, [job], [first.job.fence], one.desk.worker)
        one.desk.wake()
        await gates[2].until_entered()
        gates[1].may_go.set()
        await one.heard.until_settled(1, "refused")
        assert list(one.desk.running) == [job]
        gates[2].may_go.set()
        await one.heard.until_settled(1, "done")
        assert one.desk.running == {}
    assert await states(db, [job]) == ["done"]
    assert await events(db, job) == ["rescued", "late_result_refused"]


async def test_a_worker_that_is_stopped_ends_also_when_a_handler_will_not_hear_of_it(db: Pool, tools: Tools) -> None:
    """It starts nothing more: its copies have taken over."""
    gate = Gate()
    ran: list[int] = []

    async def stubborn(payload: Numbered, attempt: Attempt, tools: Tools) -> Outcome:
        ran.append(attempt.job.id)
        try:
            return await gate(payload, attempt, tools)
        except asyncio.CancelledError:
            return Done()

    desk = Desk("worker", ("default",), uuid4(), slots=0)
    first, second = await add(db, 2)
    desk.waiting.offer_all(await claim(db, worker=desk.worker))
    kind = printing(stubborn)
    working = asyncio.create_task(Worker(desk, {"print": kind}, tools, slots=1).run(Life("worker", 0, time.monotonic)))
    await gate.until_entered()
    working.cancel()
    async with asyncio.timeout(30):
        with pytest.raises(asyncio.CancelledError):
            await working
    assert ran == [first]
    assert [job.id for job in desk.waiting.items()] == [second]
    assert [(one.job.id, one.settlement) for one in desk.ended] == [(first, FINISHED)]


# ── progress ──


async def test_progress_is_written_together_and_only_the_latest(db: Pool, tools: Tools, dsn: str) -> None:
    gate = Gate()

    async def run(payload: Numbered, attempt: Attempt, tools: Tools) -> Outcome:
        for n in range(1000):
            attempt.progress(n + 1, 1000, "ctgov")
        return await gate(payload, attempt, tools)

    told: asyncio.Queue[str] = asyncio.Queue()
    listener = await asyncpg.connect(dsn)
    await listener.add_listener("triald_job_events", lambda *said: told.put_nowait(str(said[-1])))
    words: list[str] = []
    ids = await add(db, 2)
    async with house(db, tools, printing(run)) as one:
        for _ in range(2):
            await gate.until_entered()
        await one.heard.until(lambda: not one.desk.progress)
        gate.may_go.set()
        await one.heard.until_settled(2, "done")
        async with asyncio.timeout(10):
            while sum(word.endswith(":done") for word in words) < 2:
                words += (await told.get()).split()
    await listener.close()
    assert sorted(word for word in words if word.endswith(":progress")) == [f"{job}:progress" for job in ids]
    assert sorted(word for word in words if word.endswith(":done")) == [f"{job}:done" for job in ids]


# ── connections that break ──


async def test_a_settler_whose_connection_breaks_loses_no_end_and_doubles_none(
    any_postgres: Postgres, tmp_path: Path
) -> None:
    """Connections are cut again and again while 1 500 jobs end."""
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(asyncpg.create_pool(any_postgres.dsn, min_size=2, max_size=20))
        tools = await stack.enter_async_context(tools_at(db, tmp_path))
        ran = Ran()
        ids = await add(db, 1500)
        one: House = await stack.enter_async_context(house(db, tools, printing(ran), may_crash=True))
        for n in range(1, 4):
            await one.heard.until_settled(n * 300)
            await cut_all(any_postgres.dsn)
        fresh = await asyncpg.connect(any_postgres.dsn)
        await until_none_is_left(fresh)
        assert await states(fresh, ids) == ["done"] * 1500
        assert await fresh.fetchval("select count(*) from job_history") == 1500
        await fresh.close()
        assert set(ran.jobs) == set(ids)
        assert one.crashes()


async def until_none_is_left(db: store.Database) -> None:
    async with asyncio.timeout(60):
        while await db.fetchval("select count(*) from jobs"):  # noqa: ASYNC110 -- whoever would tell may crash
            await asyncio.sleep(0.02)


async def test_ends_whose_acknowledgement_was_lost_are_no_late_results(db: Pool, tools: Tools) -> None:
    """They are written again, and found written: no operator is told of a job that two workers held."""
    desk = Desk("worker", ("default",), uuid4(), slots=0)
    [written, unwritten] = await add(db, 2)
    jobs = await claim(db, worker=desk.worker)
    assert await finish(db, jobs[0], worker=desk.worker) == [written]
    desk.in_doubt, desk.unsettled = [Ended(job, FINISHED, 0.0) for job in jobs], 2
    async with house(db, tools, printing(Ran()), desk=desk) as one:
        await one.heard.until_settled(2, "done")
    assert await states(db, [written, unwritten]) == ["done", "done"]
    assert await events(db, written) == []


async def test_jobs_whose_claim_was_never_acknowledged_are_run(any_postgres: Postgres, tmp_path: Path) -> None:
    """The claim was committed and its answer lost with the connection: the next claimer finds what the desk lacks."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=2, max_size=10) as db, tools_at(db, tmp_path) as tools:
        desk, ran = Desk("worker", ("default",), uuid4(), slots=0), Ran()
        lost = await add(db, 3)
        await claim(db, 3, worker=desk.worker)
        desk.claiming = True
        foreign = await add(db, queue="scraping")
        await claim(db, queue="scraping", worker=desk.worker)  # another desk of this process holds it
        async with house(db, tools, printing(ran), desk=desk) as one:
            await one.heard.until_settled(3, "done")
            assert sorted(ran.attempts) == [(job, 1) for job in lost]
            assert await states(db, foreign) == ["running"]


async def test_a_job_whose_claim_a_crashed_server_forgot_runs_once(any_postgres: Postgres, tmp_path: Path) -> None:
    """N14: a claim does not wait for the disk. Made again it has the same fence, which the attempt that runs keeps."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=2, max_size=10) as db, tools_at(db, tmp_path) as tools:
        gate, job = Gate(), await add_one(db)
        async with house(db, tools, printing(gate), may_crash=True) as one:
            await gate.until_entered()
            fresh = await asyncpg.connect(any_postgres.dsn)
            async with fresh.transaction():  # nobody sees it before their connection is gone
                await fresh.execute(
                    "update jobs set state = 'ready', worker = null, fence = fence - 1, attempts = attempts - 1;"
                    " select pg_terminate_backend(pid) from pg_stat_activity"
                    " where pid <> pg_backend_pid() and datname = current_database()"
                )
            async with asyncio.timeout(30):
                while await fresh.fetchval("select state from jobs") != "running":  # noqa: ASYNC110 -- told by nobody
                    await asyncio.sleep(0.02)
            gate.may_go.set()
            await until_none_is_left(fresh)
            assert await states(fresh, [job]) == ["done"]
            assert gate.entered.empty()
            assert await fresh.fetchval("select attempts from job_history") == 1
            await fresh.close()
            assert one.crashes()


async def test_what_is_held_and_not_here_is_found_from_time_to_time(
    db: Pool, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S14: every five minutes, without any sign that something was lost."""
    monkeypatch.setattr("actors.queue.claimer.SWEEP_EVERY_S", 0.0)
    desk, ran = Desk("worker", ("default",), uuid4(), slots=0), Ran()
    lost = await add_one(db)
    await claim(db, worker=desk.worker)
    async with house(db, tools, printing(ran), desk=desk) as one:
        await one.heard.until_settled(1, "done")
    assert ran.jobs == [lost]


async def test_ends_are_told_a_few_times_a_second(db: Pool, tools: Tools, dsn: str) -> None:
    """A message takes a lock over the whole server: never one a job."""
    told: list[str] = []
    listener = await asyncpg.connect(dsn)
    await listener.add_listener("triald_job_events", lambda *said: told.append(str(said[-1])))
    began = time.monotonic()
    async with house(db, tools, printing(Ran()), listen=dsn) as one:
        await one.until_it_listens()
        for n in range(50):
            await add(db)
            await one.heard.until_settled(n + 1, "done")
    await listener.execute("select 1")
    await listener.close()
    assert 1 <= len(told) <= 2 + (time.monotonic() - began) / 0.2
