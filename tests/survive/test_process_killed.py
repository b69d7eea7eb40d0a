"""A process that dies loses its jobs to others, whatever step they were at; one that merely stalls keeps them."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import pytest

from actors.queue import operating
from tests.survive.gates import gate
from tests.survive.jobs import begun, done, enqueue, events_of, runs_of
from tests.survive.processes import NODE, QUICK, SMALL, running, until
from tests.survive.scraping import becomes, connections_gone

Pool: TypeAlias = "asyncpg.Pool[Any]"
ONE_AT_A_TIME: dict[str, Any] = {**SMALL, "slots": 1}
STALL_S = 20.0


async def test_jobs_of_a_killed_process_run_again_whatever_step_they_were_at(
    dsn: str, db: Pool, tables: None, tmp_path: Path
) -> None:
    """G10: claimed and waiting, running, in the midst of the transaction that has the effect, and ended but not yet
    settled: another process runs each of them, and what is done in the transaction that settles a job is done once.
    """
    ended = ("job_history", "insert", "new.kind in ('note', 'effect')")
    async with (
        gate(dsn, *ended) as settling,
        running(dsn, tmp_path, program=NODE, settings={**QUICK, **SMALL, "slots": 4}) as one,
    ):
        [unsettled, effect] = [(await enqueue(db, kind))[0] for kind in ("note", "effect")]
        await begun(db, unsettled)
        await begun(db, effect)
        await until(
            lambda: db.fetchval("select count(*) = 2 from pg_locks where locktype = 'advisory' and not granted")
        )
        runs = await enqueue(db, "slow", 3, seconds=300)
        for job in runs:
            await begun(db, job)
        waits = await enqueue(db, "slow", 3, seconds=300)
        await until(lambda: _claimed(db, waits[:1]))
        await one.kill()
        await settling.open(cut_off=True)
        await connections_gone(db, one.name)
    everyone = [unsettled, effect, *runs, *waits]
    await db.execute("update jobs set payload = '{}' where id = any($1)", everyone)
    async with running(dsn, tmp_path, program=NODE, settings={**QUICK, **SMALL}):
        await done(db, everyone)
    times = await runs_of(db, everyone)
    assert [times[job] for job in (unsettled, effect, *runs)] == [2] * 5
    assert {times[job] for job in waits} == {1}
    assert await events_of(db, effect) == ["rescued"]
    assert [row["job"] for row in await db.fetch("select job from effects")] == [effect]


Step: TypeAlias = tuple[str, str, str]
CLAIM: Step = ("jobs", "update", "old.state = 'ready' and new.state = 'running'")
PUT_OFF: Step = ("jobs", "update", "old.state = 'running' and new.state = 'scheduled'")
BURY: Step = ("jobs", "update", "old.state = 'running' and new.state = 'dead'")


@dataclass(frozen=True, slots=True)
class Scene:
    """A job whose process is killed at a step, and what becomes of it in the hands of another."""

    step: Step
    kind: str
    max_attempts: int
    state: str
    runs: int
    attempts: int
    events: tuple[str, ...]


SCENES = {
    "while it claims": Scene(CLAIM, "note", 3, "done", runs=1, attempts=1, events=()),
    # The attempt may have waited in the memory of the dead process for all that is known, so it does not count.
    "while it puts off": Scene(PUT_OFF, "fail", 3, "scheduled", runs=2, attempts=1, events=("rescued", "retry")),
    # Of a last attempt it is written down that it began.
    "while it buries": Scene(BURY, "fail", 1, "dead", runs=1, attempts=1, events=("rescued", "dead")),
}


@pytest.mark.parametrize("scene", SCENES.values(), ids=list(SCENES))
async def test_a_process_killed_in_the_midst_of_a_statement_of_the_queue_leaves_the_job_to_others(
    dsn: str, db: Pool, tables: None, tmp_path: Path, scene: Scene
) -> None:
    """G10: what it had begun is undone; the job is claimed, put off or buried once, and no attempt counts twice."""
    settings = {**QUICK, **SMALL}
    async with (
        gate(dsn, *scene.step) as at,
        running(dsn, tmp_path / "killed", program=NODE, settings=settings) as one,
    ):
        [job] = await enqueue(db, scene.kind, max_attempts=scene.max_attempts)
        await at.reached()
        await one.kill()
        await at.open(cut_off=True)
        await connections_gone(db, one.name)
    async with running(dsn, tmp_path / "other", program=NODE, settings=settings):
        assert await becomes(db, job, "done", "scheduled", "dead") == scene.state
        await until(partial(_events_are, db, job, list(scene.events)))
    assert await runs_of(db, [job]) == {job: scene.runs}
    assert (await operating.show(db, job))["attempts"] == scene.attempts


async def _events_are(db: Pool, job: int, events: list[str]) -> bool:
    return await events_of(db, job) == events


async def _claimed(db: Pool, jobs: list[int]) -> bool:
    return bool(await db.fetchval("select bool_and(state = 'running') from jobs where id = any($1)", jobs))


async def test_a_stalled_event_loop_loses_no_job_while_a_dead_process_loses_all_of_its(
    dsn: str, db: Pool, tables: None, tmp_path: Path
) -> None:
    """G10: with the default settings, a handler that keeps the event loop for twenty seconds leaves its process its
    jobs and nothing runs twice, while the jobs of a process that was killed meanwhile are run by a third one.
    """
    theirs = await enqueue(db, "block", seconds=STALL_S) + await enqueue(db, "note")
    async with running(dsn, tmp_path / "stalls", program=NODE, settings=ONE_AT_A_TIME, ready=False) as stalls:
        await begun(db, theirs[0])
        async with running(dsn, tmp_path / "dies", program=NODE, settings=ONE_AT_A_TIME) as dies:
            lost = await enqueue(db, "slow", 2, seconds=300)
            await begun(db, lost[0])
            await until(lambda: _claimed(db, lost))
            await dies.kill()
        await db.execute("update jobs set payload = '{}' where id = any($1)", lost)
        assert await _claimed(db, theirs)
        async with running(dsn, tmp_path / "rescues", program=NODE, settings=ONE_AT_A_TIME) as rescues:
            await done(db, lost)
            await done(db, theirs)
            assert [line["job"] for line in rescues.all_said("job.rescued")] == lost
        assert stalls.alive
        assert not stalls.all_said("job.settled", state="refused")
    assert await runs_of(db, [*theirs, *lost]) == {theirs[0]: 1, theirs[1]: 1, lost[0]: 2, lost[1]: 1}
    assert [await events_of(db, job) for job in theirs] == [[], []]
