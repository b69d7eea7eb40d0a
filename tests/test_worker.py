"""Jobs run: desk, claimer, settler and workers together, on a real database and under the real supervisor."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from actors.queue import operating, store
from actors.queue.attempt import Attempt
from actors.queue.job import NewJob
from actors.queue.outcome import Cancel, Done, Fail, Outcome, Settled, Snooze
from actors.tools import Tools
from tests.postgres import Postgres
from tests.queue.house import NEVER_S, Gate, House, Numbered, Ran, house, printing, tools_at
from tests.queue.jobs import Pool, add, add_one, claim, events, states


@pytest.fixture
async def tools(db: Pool, tmp_path: Path) -> AsyncIterator[Tools]:
    async with tools_at(db, tmp_path) as made:
        yield made


async def due_now(db: Pool, job: int) -> None:
    """Time passes until a job that is to be tried again is due."""
    await db.execute("update jobs set run_at = now() where id = $1 and state = 'scheduled'", job)


# ── each once, in order, and soon ──


async def test_eight_workers_run_each_of_two_thousand_jobs_once(any_postgres: Postgres, tmp_path: Path) -> None:
    """G08: 8 workers × 2 000 jobs: each run exactly once."""
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(asyncpg.create_pool(any_postgres.dsn, min_size=2, max_size=30))
        tools = await stack.enter_async_context(tools_at(db, tmp_path))
        ran = Ran()
        ids = await add(db, 2000)
        houses = [await stack.enter_async_context(house(db, tools, printing(ran), slots=2)) for _ in range(8)]
        await houses[0].heard.until_settled(2000, "done")
        assert sorted(ran.jobs) == ids
        assert await db.fetchval("select count(*) from job_history where state = 'done'") == 2000
        assert await db.fetchval("select count(*) from jobs") == 0


async def test_one_worker_runs_the_higher_priority_first_then_the_older(db: Pool, tools: Tools) -> None:
    """G08: priority order with one worker."""
    ran = Ran()
    ids = await store.enqueue(db, [NewJob("print", priority=p) for p in (0, 5, -1, 5, 0)])
    async with house(db, tools, printing(ran), slots=1) as one:
        await one.heard.until_settled(5, "done")
    assert ran.jobs == [ids[1], ids[3], ids[0], ids[4], ids[2]]


async def test_a_job_that_is_due_later_waits_until_then(db: Pool, tools: Tools) -> None:
    """G08: a future scheduled_for waits."""
    ran = Ran()
    later, now = await add_one(db, delay_s=NEVER_S), await add_one(db)
    async with house(db, tools, printing(ran)) as one:
        await one.heard.until_settled(1, "done")
        assert ran.jobs == [now]
        await due_now(db, later)
        await one.heard.until_settled(2, "done")
    assert ran.jobs == [now, later]


async def test_a_signal_wakes_an_idle_worker(db: Pool, tools: Tools, dsn: str) -> None:
    """G08: woken by NOTIFY; it does not look by itself here."""
    ran = Ran()
    async with house(db, tools, printing(ran), polls=False, listen=dsn) as one:
        await one.until_it_listens()
        for n in range(1, 6):
            await add(db)
            await one.heard.until_settled(n, "done")
    assert len(ran.jobs) == 5


async def test_with_every_signal_lost_jobs_run_all_the_same(db: Pool, tools: Tools) -> None:
    """G08: works with NOTIFY lost (poll)."""
    ran = Ran()
    await db.execute("drop trigger jobs_wake on jobs")
    async with house(db, tools, printing(ran)) as one:
        await one.heard.until(lambda: bool(one.desk.rules))
        await add(db)
        await one.heard.until_settled(1, "done")
    assert len(ran.jobs) == 1


async def test_a_full_queue_does_not_keep_another_from_its_turn(db: Pool, tools: Tools) -> None:
    order: list[str] = []

    async def note(payload: Numbered, attempt: Attempt, tools: Tools) -> Outcome:
        order.append(attempt.job.queue)
        return Done()

    await add(db, 3000)
    await add(db, queue="enrichment")
    async with house(db, tools, printing(note), slots=1, queues=("default", "enrichment")) as one:
        await one.heard.until_settled(3001, "done")
    assert order.index("enrichment") < 1500


# ── handlers that do not end well ──


async def test_a_handler_that_fails_is_tried_three_times_then_dead_until_it_is_revived(
    any_postgres: Postgres, tmp_path: Path
) -> None:
    """G09: scheduled times equal the formula; the fourth attempt never happens; `requeue` revives."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=2, max_size=10) as db, tools_at(db, tmp_path) as tools:
        ran = Ran()

        async def fails(payload: Numbered, attempt: Attempt, tools: Tools) -> Outcome:
            await ran(payload, attempt, tools)
            raise ValueError(f"no luck with attempt {attempt.job.attempt}")

        job = await add_one(db)
        async with house(db, tools, printing(fails)) as one:
            for attempt, delay_s in ((1, 60.0), (2, 120.0)):
                await one.heard.until_settled(attempt, "retry")
                shown = await operating.show(db, job)
                [failed_at] = [e["at"] for e in shown["events"] if e["detail"]["attempt"] == attempt]
                assert shown["state"] == "scheduled"
                assert (shown["run_at"] - failed_at).total_seconds() == pytest.approx(delay_s, abs=30)
                assert await db.fetchval(SET_OFF_FOR, job) == delay_s
                await due_now(db, job)
            await one.heard.until_settled(1, "dead")
            shown = await operating.show(db, job)
            assert shown["state"] == "dead"
            assert [error["error"] for error in shown["errors"]] == [
                f"ValueError: no luck with attempt {n}" for n in (1, 2, 3)
            ]
            await due_now(db, job)
            sentinel = await add_one(db)  # is run: the dead one is not
            await one.heard.until(lambda: sentinel in ran.jobs)
            assert [n for id_, n in ran.attempts if id_ == job] == [1, 2, 3]
            yesterday = await db.fetchval("select now() - interval '1 day'")
            assert await operating.revive(db, since=yesterday) == [job]
            await one.heard.until(lambda: ran.attempts.count((job, 1)) == 2)


SET_OFF_FOR = "select (detail ->> 'delay_s')::float8 from job_events where job_id = $1 order by id desc limit 1"


GARBAGE: dict[str, Any] = {
    "nothing": None,
    "a_string": "done",
    "an_outcome_without_its_call": Done,
    "a_result_that_is_not_json": Done({1: object()}),
    "an_error_that_cannot_be_stored": Fail("NUL \0 and half a pair \ud800"),
    "a_reason_to_cancel_that_is_none": Cancel(None),  # type: ignore[arg-type]
    "a_delay_without_end": Snooze(float("inf")),
    "a_delay_that_no_float_holds": Snooze(10**400),
    "a_wait_that_no_float_holds": Fail("later", after_s=10**400),
    "an_end_that_it_did_not_make": Settled(),
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
async def test_a_handler_that_returns_garbage_harms_nobody_else(db: Pool, tools: Tools, garbage: object) -> None:
    """It is put off or fails, and the jobs that end in one batch with it end well."""
    spoilt, *good = await add(db, 20)

    async def run(payload: Numbered, attempt: Attempt, tools: Tools) -> Any:
        return garbage if attempt.job.id == spoilt else Done()

    async with house(db, tools, printing(run)) as one:
        await one.heard.until_settled(20)
        assert await states(db, good) == ["done"] * 19
        assert await states(db, [spoilt]) == ["scheduled"]


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("and this too")


@pytest.mark.parametrize(
    "error", [Unspeakable(), SystemExit(3), KeyError("\ud800")], ids=lambda error: type(error).__name__
)
async def test_whatever_a_handler_raises_ends_its_job_and_nothing_else(
    db: Pool, tools: Tools, error: BaseException
) -> None:
    """Also one that cannot say what it is, and one that would end the process."""
    spoilt, *good = await add(db, 5)

    async def run(payload: Numbered, attempt: Attempt, tools: Tools) -> Outcome:
        if attempt.job.id == spoilt:
            raise error
        return Done()

    async with house(db, tools, printing(run)) as one:
        await one.heard.until_settled(5)
        assert await states(db, good) == ["done"] * 4
        shown = await operating.show(db, spoilt)
        assert (shown["state"], shown["attempts"]) == ("scheduled", 1)
        assert shown["errors"][-1]["error"].startswith(type(error).__name__)


async def test_a_failure_after_a_checkpoint_counts_as_the_first(db: Pool, tools: Tools) -> None:
    """A checkpoint forgives the attempts before it, also to the attempt that saved it."""
    job = await add_one(db, max_attempts=2)

    async def run(payload: Numbered, attempt: Attempt, tools: Tools) -> Outcome:
        if attempt.job.attempt == 2:
            await attempt.save(tools.db, {"page": 7})
        raise ValueError("it broke")

    async with house(db, tools, printing(run)) as one:
        await one.heard.until_settled(1, "retry")
        await due_now(db, job)
        await one.heard.until_settled(2, "retry")
        assert await states(db, [job]) == ["scheduled"]


async def test_the_start_of_a_last_attempt_is_written_down(db: Pool, tools: Tools) -> None:
    """G10: so that it is a dead letter if it takes its process along; of others it is not, which costs nothing."""
    gate = Gate()
    first, last = await add_one(db), await add_one(db, max_attempts=1)
    async with house(db, tools, printing(gate)):
        for _ in range(2):
            await gate.until_entered()
        rows = await db.fetch("select id, begun from jobs order by id")
        assert [tuple(row) for row in rows] == [(first, None), (last, 1)]


@pytest.mark.parametrize("number", [2**70, -1e300, True])
async def test_progress_counts_as_far_as_json_does(db: Pool, tools: Tools, number: int) -> None:
    gate = Gate()

    async def run(payload: Numbered, attempt: Attempt, tools: Tools) -> Outcome:
        attempt.progress(number, number)
        return await gate(payload, attempt, tools)

    job = await add_one(db)
    async with house(db, tools, printing(run)) as one:
        await gate.until_entered()
        await one.heard.until(lambda: not one.desk.progress)
        async with asyncio.timeout(30):
            while (told := (await operating.show(db, job))["progress"]) is None:  # noqa: ASYNC110 -- told by nobody
                await asyncio.sleep(0.01)
    assert told["done"] == told["total"] == max(-(2**53), min(int(number), 2**53))


async def test_progress_that_cannot_be_stored_harms_nobody(db: Pool, tools: Tools) -> None:
    gate = Gate()

    async def run(payload: Numbered, attempt: Attempt, tools: Tools) -> Outcome:
        attempt.progress(1, 2, "NUL \0 and half a pair \ud800")
        return await gate(payload, attempt, tools)

    job = await add_one(db)
    async with house(db, tools, printing(run)) as one:
        await gate.until_entered()
        await one.heard.until(lambda: not one.desk.progress or bool(one.crashes()))
        gate.may_go.set()
        await one.heard.until_settled(1, "done")
    assert await states(db, [job]) == ["done"]


async def test_a_handler_that_runs_past_its_limit_is_cancelled(db: Pool, tools: Tools) -> None:
    job = await add_one(db, timeout_s=0.01, max_attempts=1)
    async with house(db, tools, printing(Gate())) as one:
        await one.heard.until_settled(1, "dead")
    assert (await operating.show(db, job))["errors"][-1]["error"] == "it ran longer than its limit of 0.01 s"


@pytest.mark.parametrize("way", ["returns", "raises"])
async def test_whatever_a_cancelled_handler_does_its_job_ends_as_it_was_told(db: Pool, tools: Tools, way: str) -> None:
    job = await add_one(db, timeout_s=0.01, max_attempts=1)
    after: list[int] = []

    async def stubborn(payload: Numbered, attempt: Attempt, tools: Tools) -> Outcome:
        if attempt.job.id != job:
            task = asyncio.current_task()
            assert task is not None
            after.append(task.cancelling())
            return Done()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if way == "raises":
                raise ValueError("in the way") from None
        return Done("as if nothing had happened")

    async with house(db, tools, printing(stubborn), slots=1) as one:
        await one.heard.until_settled(1, "dead")
        assert (await operating.show(db, job))["errors"][-1]["error"] == "it ran longer than its limit of 0.01 s"
        await add_one(db)
        await one.heard.until_settled(1, "done")
    assert after == [0]  # the slot is as good as new


async def test_a_job_of_an_unknown_kind_stays_for_a_version_that_knows_it(db: Pool, tools: Tools) -> None:
    job = await add_one(db, kind="mail")
    async with house(db, tools, printing(Ran())) as one:
        await one.heard.until_settled(1, "handed_back")
    shown = await operating.show(db, job)
    assert (shown["state"], shown["attempts"]) == ("scheduled", 0)


async def test_a_job_under_a_former_name_of_its_kind_is_run(db: Pool, tools: Tools) -> None:
    ran = Ran()
    job = await add_one(db, kind="type")
    async with house(db, tools, printing(ran, was=("type",))) as one:
        await one.heard.until_settled(1, "done")
    assert ran.jobs == [job]


async def test_a_payload_that_cannot_be_read_makes_a_dead_letter_at_once_that_names_the_field(
    db: Pool, tools: Tools
) -> None:
    ran = Ran()
    job = await add_one(db, payload='{"n": "many"}')
    async with house(db, tools, printing(ran)) as one:
        await one.heard.until_settled(1, "dead")
    assert ran.jobs == []
    assert (await operating.show(db, job))["errors"][-1]["error"] == (
        "payload of print: Expected `int`, got `str` - at `$.n`"
    )


async def test_a_handler_that_snoozes_or_cancels_spends_no_attempt_and_makes_no_dead_letter(
    db: Pool, tools: Tools
) -> None:
    async def run(payload: Numbered, attempt: Attempt, tools: Tools) -> Outcome:
        return Snooze(60.0) if payload.n == 0 else Cancel("not needed")

    snoozed, cancelled = await store.enqueue(db, [NewJob("print"), NewJob("print", '{"n": 1}')])
    async with house(db, tools, printing(run)) as one:
        await one.heard.until_settled(2)
    shown = await operating.show(db, snoozed)
    assert (shown["state"], shown["attempts"]) == ("scheduled", 0)
    assert await states(db, [cancelled]) == ["cancelled"]
    assert await events(db, cancelled) == ["cancelled"]


# ── cancel, pause ──


@pytest.mark.parametrize("hears", [True, False], ids=["by_signal", "by_poll"])
async def test_cancelling_reaches_a_running_job(db: Pool, tools: Tools, dsn: str, hears: bool) -> None:
    gate = Gate()
    job = await add_one(db)
    async with house(db, tools, printing(gate), polls=not hears, listen=dsn if hears else None) as one:
        await gate.until_entered()
        if hears:
            await one.until_it_listens()
        assert await operating.cancel(db, job, "not needed") == "asked"
        await one.heard.until_settled(1, "cancelled")
    assert await states(db, [job]) == ["cancelled"]
    assert await events(db, job) == ["cancel_asked", "cancelled"]


@asynccontextmanager
async def one_runs_one_waits(db: Pool, tools: Tools, gate: Gate, dsn: str) -> AsyncIterator[tuple[House, int]]:
    """A house whose only slot is busy, and a job that it has claimed and cannot start."""
    await add_one(db)
    async with house(db, tools, printing(gate), slots=1, listen=dsn) as one:
        await gate.until_entered()
        await one.until_it_listens()
        waits = await add_one(db)
        one.desk.waiting.offer_all(await claim(db, worker=one.desk.worker))
        yield one, waits


async def test_cancelling_reaches_a_job_that_was_claimed_and_has_not_begun(db: Pool, tools: Tools, dsn: str) -> None:
    """N16."""
    gate = Gate()
    async with one_runs_one_waits(db, tools, gate, dsn) as (one, waits):
        assert await operating.cancel(db, waits, "not needed") == "asked"
        await one.heard.until_settled(1, "cancelled")
        gate.may_go.set()
        await one.heard.until_settled(1, "done")
    assert await states(db, [waits]) == ["cancelled"]


async def test_a_paused_queue_starts_nothing_more_of_what_was_claimed(db: Pool, tools: Tools, dsn: str) -> None:
    gate = Gate()
    async with one_runs_one_waits(db, tools, gate, dsn) as (one, waits):
        await operating.set_paused(db, "default", paused=True)
        await one.heard.until_settled(1, "handed_back")
        gate.may_go.set()
        await one.heard.until_settled(1, "done")
        shown = await operating.show(db, waits)
        assert (shown["state"], shown["attempts"]) == ("ready", 0)


async def test_what_no_slot_can_start_goes_to_a_process_that_can(db: Pool, tools: Tools) -> None:
    """A busy process claims no more than it runs, so that an idle one has the rest at once."""
    gates = Gate(), Gate()
    async with house(db, tools, printing(gates[0]), slots=2), house(db, tools, printing(gates[1]), slots=2):
        await add(db, 4)
        for gate in gates:
            await gate.until_entered()
            await gate.until_entered()


async def test_one_that_others_take_for_dead_claims_nothing(db: Pool, tools: Tools) -> None:
    """Its jobs are being taken back: what it would claim, too."""
    ran, heard_of = Ran(), [False]
    job = await add_one(db)
    async with house(db, tools, printing(ran), may_claim=lambda: heard_of[0]) as one:
        await one.heard.until(lambda: one.desk.rules != {})
        await one.heard.until(lambda: bool(one.desk.look.is_set() or one.desk.moved_at))
        assert await states(db, [job]) == ["ready"]
        heard_of[0] = True
        await one.heard.until_settled(1, "done")
    assert ran.jobs == [job]


async def test_a_queue_is_paused_and_resumed_while_it_is_worked_at(db: Pool, tools: Tools, dsn: str) -> None:
    ran = Ran()
    async with house(db, tools, printing(ran), listen=dsn, queues=("default", "enrichment")) as one:
        await add(db)
        await one.heard.until_settled(1, "done")
        await one.until_it_listens()
        await operating.set_paused(db, "default", paused=True)
        paused = await add_one(db)
        await add(db, queue="enrichment")
        await one.heard.until_settled(2, "done")
        assert await states(db, [paused]) == ["ready"]
        await operating.set_paused(db, "default", paused=False)
        await one.heard.until_settled(3, "done")
    assert ran.jobs[-1] == paused


# ── the end of a process ──


async def test_a_job_that_ends_within_the_grace_is_done_and_what_nobody_started_is_handed_back(
    db: Pool, tools: Tools
) -> None:
    """S15 in part: stop taking, wait, a short job is done."""
    gate = Gate()
    ids = await add(db, 3)
    async with house(db, tools, printing(gate), slots=1) as one:
        attempt = await gate.until_entered()
        one.desk.waiting.offer_all(await claim(db, worker=one.desk.worker))
        draining = asyncio.create_task(one.drain())
        await one.heard.until(lambda: len(one.heard.all("actor.draining")) == 3)
        gate.may_go.set()
        assert await draining == ()
        assert attempt.job.id == ids[0]
        assert await states(db, ids) == ["done", "ready", "ready"]
        assert await db.fetchval("select max(attempts) from jobs") == 0


async def test_a_job_that_needs_longer_than_the_grace_is_done_by_another(db: Pool, tools: Tools) -> None:
    """S15 in part: the lease of a long job is freed, and it is done elsewhere."""
    gate, ran = Gate(), Ran()
    job = await add_one(db)
    async with house(db, tools, printing(gate)) as one:
        await gate.until_entered()
        assert "worker/1" in await one.drain(grace_s=0.0)
        shown = await operating.show(db, job)
        assert (shown["state"], shown["attempts"]) == ("ready", 0)
    async with house(db, tools, printing(ran)) as another:
        await another.heard.until_settled(1, "done")
    assert ran.attempts == [(job, 1)]


async def test_workers_can_be_scaled_while_jobs_run(db: Pool, tools: Tools) -> None:
    gate = Gate()
    ids = await add(db, 3)
    async with house(db, tools, printing(gate), slots=1, copies=1) as one:
        await gate.until_entered()
        await one.supervisor.scale("worker", 3)
        for _ in range(2):
            await gate.until_entered()
        await one.supervisor.scale("worker", 1)
        await one.heard.until(lambda: len(one.heard.all("actor.draining")) == 2)
        gate.may_go.set()
        await one.heard.until_settled(3, "done")
    assert await states(db, ids) == ["done"] * 3
