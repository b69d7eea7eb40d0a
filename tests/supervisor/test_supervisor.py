"""The supervisor over real tasks, on a clock that the tests move."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TypeVar

import pytest

from supervisor.heartbeats import Watch, is_overdue, look
from supervisor.restarts import Limit, Restart, Strategy
from supervisor.supervisor import OUTSIDE_MOST_S, Child, GaveUp, Life, State, Supervisor
from tests.supervisor.clock import Clock, Told, settle

Start = Callable[[Life], Awaitable[None]]
T = TypeVar("T")
TIGHT = Limit(intensity=3, period_s=1000.0)


async def ended(task: asyncio.Future[T]) -> T:
    async with asyncio.timeout(10):
        return await task


class Stage:
    """What the actors of a test leave behind: who lives now, and the order of starts and ends."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.told = Told()
        self.log: list[str] = []
        self.lives: dict[str, Life] = {}
        self.may_end = asyncio.Event()
        self.crash: dict[str, asyncio.Future[None]] = {}

    async def forever(self, life: Life) -> None:
        """Runs until cancelled, or until the test makes it crash."""
        self.lives[life.label] = life
        self.crash[life.label] = asyncio.get_running_loop().create_future()
        self.log.append(f"+{life.label}")
        try:
            await self.crash[life.label]
        finally:
            self.log.append(f"-{life.label}")

    async def until_drained(self, life: Life) -> None:
        """Takes work until asked to drain, then needs until `may_end` for what it has in hand."""
        self.lives[life.label] = life
        self.log.append(f"+{life.label}")
        try:
            await life.draining.wait()
            await self.may_end.wait()
            self.log.append(f"done {life.label}")
        finally:
            self.log.append(f"-{life.label}")

    async def beating(self, life: Life) -> None:
        self.lives[life.label] = life
        while True:
            life.beat()
            await self.clock.sleep(1.0)

    async def deaf(self, life: Life) -> None:
        """Ignores being cancelled until `may_end`."""
        self.lives[life.label] = life
        while not self.may_end.is_set():
            try:
                await self.may_end.wait()
            except asyncio.CancelledError:
                self.log.append(f"ignored {life.label}")

    def supervisor(
        self, children: Sequence[Child], *, strategy: Strategy = Strategy.ONE_FOR_ONE, limit: Limit = TIGHT
    ) -> Supervisor:
        return Supervisor(
            children,
            strategy=strategy,
            limit=limit,
            emit=self.told,
            now=self.clock.now,
            sleep=self.clock.sleep,
            jitter=lambda: 1.0,
        )

    @asynccontextmanager
    async def running(
        self, *children: Child, strategy: Strategy = Strategy.ONE_FOR_ONE, limit: Limit = TIGHT
    ) -> AsyncIterator[Supervisor]:
        supervisor = self.supervisor(children, strategy=strategy, limit=limit)
        task = asyncio.create_task(supervisor.run())
        await settle()
        try:
            yield supervisor
        finally:
            self.may_end.set()
            task.cancel()
            await asyncio.wait([task], timeout=10)

    def states(self, supervisor: Supervisor) -> dict[str, State]:
        return {f"{seen.name}/{seen.copy}": seen.state for seen in supervisor.snapshot()}


@pytest.fixture
async def stage() -> Stage:
    return Stage()


async def test_children_start_in_order_and_stop_in_reverse(stage: Stage) -> None:
    async with stage.running(*(Child(name, stage.forever) for name in "abc")):
        assert stage.log == ["+a/1", "+b/1", "+c/1"]
    assert stage.log[3:] == ["-c/1", "-b/1", "-a/1"]


async def test_a_crashed_actor_starts_again_after_its_backoff_and_its_error_is_shown(stage: Stage) -> None:
    async with stage.running(Child("a", stage.forever), Child("b", stage.forever)) as supervisor:
        stage.crash["a/1"].set_exception(OSError("the line is down"))
        await settle()
        assert stage.states(supervisor) == {"a/1": State.STARTING, "b/1": State.RUNNING}
        await stage.clock.advance(0.09, step_s=0.01)
        assert stage.log == ["+a/1", "+b/1", "-a/1"]
        await stage.clock.advance(0.02, step_s=0.01)
        assert stage.log[3:] == ["+a/1"]
        again = supervisor.snapshot()[0]
        assert (again.state, again.restarts, again.last_error) == (
            State.RUNNING,
            1,
            "OSError: the line is down",
        )
        assert stage.told.count("actor.crashed", name="a", error="OSError: the line is down") == 1


@pytest.mark.parametrize(
    ("restart", "crashes", "comes_back"),
    [
        (Restart.ALWAYS, False, True),
        (Restart.ON_CRASH, False, False),
        (Restart.ON_CRASH, True, True),
        (Restart.NEVER, True, False),
    ],
)
async def test_an_end_is_answered_as_the_child_says(
    stage: Stage, restart: Restart, crashes: bool, comes_back: bool
) -> None:
    async with stage.running(Child("a", stage.forever, restart=restart)) as supervisor:
        if crashes:
            stage.crash["a/1"].set_exception(OSError("x"))
        else:
            stage.crash["a/1"].set_result(None)
        await stage.clock.advance(5)
        assert stage.states(supervisor) == {"a/1": State.RUNNING if comes_back else State.STOPPED}
        assert stage.log.count("+a/1") == (2 if comes_back else 1)


async def test_a_start_that_raises_before_it_runs_is_a_crash_like_any_other(stage: Stage) -> None:
    def cannot(life: Life) -> Awaitable[None]:
        raise ValueError("no such queue")

    async with stage.running(Child("a", cannot), limit=Limit(100, 10)) as supervisor:
        await stage.clock.advance(1)
        assert supervisor.snapshot()[0].last_error == "ValueError: no such queue"
        assert stage.told.count("actor.crashed", name="a") >= 3


async def test_an_actor_that_cancels_itself_has_crashed(stage: Stage) -> None:
    async with stage.running(Child("a", stage.forever)) as supervisor:
        stage.crash["a/1"].cancel()
        await stage.clock.advance(1)
        assert supervisor.snapshot()[0].last_error == "cancelled"
        assert stage.states(supervisor) == {"a/1": State.RUNNING}


async def test_too_many_crashes_stop_everything_in_reverse_and_reach_the_caller(stage: Stage) -> None:
    async def crashing(life: Life) -> None:
        raise OSError("again")

    supervisor = stage.supervisor([Child("a", stage.forever), Child("b", crashing), Child("c", stage.forever)])
    run = asyncio.create_task(supervisor.run())
    await stage.clock.advance(60)
    with pytest.raises(GaveUp, match="b ended 4 times within 1000 s, allowed are 3"):
        await ended(run)
    assert stage.log == ["+a/1", "+c/1", "-c/1", "-a/1"]
    assert set(stage.states(supervisor).values()) == {State.STOPPED}
    assert stage.told.count("supervisor.gave_up", name="b") == 1


async def test_what_lies_outside_is_waited_out_however_long_and_counts_for_nothing(stage: Stage) -> None:
    """A database that is away for an hour ends no process; mistakes still do."""
    errors: list[Exception] = [ConnectionError("refused")]

    async def crashing(life: Life) -> None:
        raise errors[0]

    supervisor = stage.supervisor([Child("a", crashing, outside=(ConnectionError,))])
    run = asyncio.create_task(supervisor.run())
    await stage.clock.advance(60)
    before = stage.told.count("actor.crashed", reason="outside")
    await stage.clock.advance(60)
    assert stage.told.count("actor.crashed", reason="outside") - before >= 60 // OUTSIDE_MOST_S - 1
    assert not run.done()
    errors[0] = ValueError("a mistake")
    await stage.clock.advance(150)
    with pytest.raises(GaveUp, match="a ended 4 times"):
        await ended(run)
    assert stage.told.count("actor.crashed", error="ValueError: a mistake") == 4
    assert stage.told.count("actor.crashed", error="ValueError: a mistake", reason="outside") == 0


async def test_one_outage_that_ends_every_copy_is_not_too_many_crashes(stage: Stage) -> None:
    async with stage.running(Child("worker", stage.forever, copies=20)) as supervisor:
        for crash in stage.crash.values():
            crash.set_exception(OSError("connection lost"))
        await stage.clock.advance(2)
        assert len(supervisor.running()) == 20


@pytest.mark.parametrize(
    ("strategy", "log"),
    [
        (Strategy.ONE_FOR_ONE, ["-b/1", "+b/1"]),
        (Strategy.REST_FOR_ONE, ["-b/1", "-c/1", "+b/1", "+c/1"]),
        (Strategy.ONE_FOR_ALL, ["-b/1", "-c/1", "-b/2", "-a/1", "+a/1", "+b/1", "+b/2", "+c/1"]),
    ],
)
async def test_the_strategy_restarts_the_right_ones_in_order(stage: Stage, strategy: Strategy, log: list[str]) -> None:
    children = (Child("a", stage.forever), Child("b", stage.forever, copies=2), Child("c", stage.forever))
    async with stage.running(*children, strategy=strategy) as supervisor:
        before = len(stage.log)
        stage.crash["b/1"].set_exception(OSError("x"))
        await stage.clock.advance(1)
        assert stage.log[before:] == log
        assert set(stage.states(supervisor).values()) == {State.RUNNING}


@pytest.mark.parametrize("strategy", [Strategy.REST_FOR_ONE, Strategy.ONE_FOR_ALL])
async def test_one_that_never_comes_back_stays_away_also_after_the_end_of_another(
    stage: Stage, strategy: Strategy
) -> None:
    """As a temporary child of OTP: it is stopped along with the others, and not started again."""
    children = (Child("a", stage.forever), Child("once", stage.forever, restart=Restart.NEVER))
    async with stage.running(*children, strategy=strategy) as supervisor:
        stage.crash["a/1"].set_exception(OSError("x"))
        await stage.clock.advance(3)
        assert stage.states(supervisor) == {"a/1": State.RUNNING, "once/1": State.STOPPED}
        assert stage.log == ["+a/1", "+once/1", "-a/1", "-once/1", "+a/1"]


async def test_growing_starts_the_new_copies_at_once(stage: Stage) -> None:
    async with stage.running(Child("worker", stage.forever, copies=2)) as supervisor:
        await supervisor.scale("worker", 5)
        assert supervisor.running() == tuple(f"worker/{number}" for number in range(1, 6))
        await settle()
        assert stage.log == [f"+worker/{number}" for number in range(1, 6)]


async def test_shrinking_while_a_long_job_runs_lets_it_finish_and_the_supervisor_lives(stage: Stage) -> None:
    """G11: shrink while one long job runs -> it finishes, supervisor lives."""
    async with stage.running(Child("worker", stage.until_drained, copies=3, heartbeat_within_s=5)) as supervisor:
        for life in stage.lives.values():
            life.beat()
        await supervisor.scale("worker", 2)
        for _ in range(4):  # an hour of work in hand, without a single heartbeat of the draining one
            for label in ("worker/1", "worker/2"):
                stage.lives[label].beat()
            await stage.clock.advance(4)
        assert stage.states(supervisor)["worker/3"] is State.DRAINING
        assert "-worker/3" not in stage.log
        stage.may_end.set()
        await stage.told.until("actor.drained", name="worker", copy=3)
        assert stage.log[-2:] == ["done worker/3", "-worker/3"]
        assert supervisor.running() == ("worker/1", "worker/2")
        assert stage.told.count("actor.crashed") == 0


async def test_growing_again_replaces_a_draining_copy_without_waiting_for_it(stage: Stage) -> None:
    async with stage.running(Child("worker", stage.until_drained, copies=2)) as supervisor:
        await supervisor.scale("worker", 1)
        await supervisor.scale("worker", 2)
        assert stage.states(supervisor) == {
            "worker/1": State.RUNNING,
            "worker/2": State.DRAINING,
            "worker/3": State.RUNNING,
        }
        stage.may_end.set()
        await stage.told.until("actor.drained", copy=2)
        await stage.clock.advance(3)
        assert supervisor.running() == ("worker/1", "worker/3")


async def test_a_copy_that_crashes_while_it_drains_is_reported_and_not_replaced(stage: Stage) -> None:
    async def stumbles(life: Life) -> None:
        await life.draining.wait()
        raise OSError("could not settle")

    async with stage.running(Child("worker", stumbles, copies=2)) as supervisor:
        await supervisor.scale("worker", 1)
        await stage.told.until("actor.crashed", error="OSError: could not settle")
        await stage.clock.advance(3)
        assert supervisor.running() == ("worker/1",)


async def test_shrinking_drops_first_what_waits_for_its_restart(stage: Stage) -> None:
    async with stage.running(Child("worker", stage.forever, copies=3)) as supervisor:
        stage.crash["worker/1"].set_exception(OSError("x"))
        await settle()
        await supervisor.scale("worker", 2)
        await stage.clock.advance(3)
        assert supervisor.running() == ("worker/2", "worker/3")
        assert not any(life.draining.is_set() for life in (stage.lives["worker/2"], stage.lives["worker/3"]))


@pytest.mark.parametrize(("name", "copies"), [("wroker", 2), ("worker", -1)])
async def test_scaling_what_cannot_be_is_refused(stage: Stage, name: str, copies: int) -> None:
    supervisor = stage.supervisor([Child("worker", stage.forever)])
    with pytest.raises(ValueError, match="there are worker"):
        await supervisor.scale(name, copies)


async def test_an_actor_that_stops_beating_is_cancelled_and_replaced(stage: Stage) -> None:
    async with stage.running(Child("a", stage.forever, heartbeat_within_s=5)) as supervisor:
        assert stage.states(supervisor) == {"a/1": State.STARTING}
        stage.lives["a/1"].beat()
        assert stage.states(supervisor) == {"a/1": State.RUNNING}
        await stage.clock.advance(4.9)
        assert stage.log == ["+a/1"]
        await stage.clock.advance(2)
        assert stage.log == ["+a/1", "-a/1", "+a/1"]
        replaced = supervisor.snapshot()[0]
        assert (replaced.restarts, replaced.last_error) == (1, "no heartbeat within 5 s")
        assert stage.told.count("actor.hung", name="a", copy=1) == 1


async def test_an_actor_that_beats_is_left_alone_and_its_beat_age_is_shown(stage: Stage) -> None:
    async with stage.running(Child("a", stage.beating, heartbeat_within_s=3)) as supervisor:
        await stage.clock.advance(60)
        assert stage.told.count("actor.hung") == 0
        assert supervisor.snapshot()[0].last_beat_age_s in (0.0, 0.25, 0.5, 0.75, 1.0)


async def test_a_stalled_loop_does_not_look_like_hung_actors(stage: Stage) -> None:
    children = [Child(name, stage.beating, heartbeat_within_s=3) for name in ("a", "b", "c")]
    async with stage.running(*children) as supervisor:
        await stage.clock.advance(2)
        await stage.clock.stall(20)
        assert stage.told.count("supervisor.stalled") == 1
        await stage.clock.advance(10)
        assert stage.told.count("actor.hung") == 0
        assert len(supervisor.running()) == 3


async def test_a_hung_actor_is_still_found_after_a_stall(stage: Stage) -> None:
    async with stage.running(Child("a", stage.forever, heartbeat_within_s=3)):
        stage.lives["a/1"].beat()
        await stage.clock.advance(2)
        await stage.clock.stall(20)
        await stage.clock.advance(2.5)
        assert stage.told.count("actor.hung") == 0
        await stage.clock.advance(2.5)
        assert stage.told.count("actor.hung", name="a") == 1


async def test_a_hung_actor_that_ignores_cancel_is_abandoned_reported_and_replaced(stage: Stage) -> None:
    starts: list[Start] = [stage.deaf, stage.beating]

    async def deaf_first(life: Life) -> None:
        await starts.pop(0)(life)

    child = Child("a", deaf_first, heartbeat_within_s=3, stop_within_s=5)
    async with stage.running(child) as supervisor:
        await stage.clock.advance(5)
        assert stage.states(supervisor) == {"a/1": State.HUNG}
        assert stage.log == ["ignored a/1"]
        await stage.clock.advance(6)
        assert stage.told.count("actor.abandoned", name="a", copy=1) == 1
        assert supervisor.zombies == 1
        assert stage.states(supervisor) == {"a/1": State.RUNNING}
        stage.may_end.set()
        await stage.told.until("actor.zombie_ended", name="a")
        assert supervisor.zombies == 0
        await stage.clock.advance(3)
        assert supervisor.running() == ("a/1",)


@pytest.mark.parametrize("ends_by_itself", [True, False])
async def test_a_hung_actor_that_is_no_longer_wanted_is_not_replaced(stage: Stage, ends_by_itself: bool) -> None:
    child = Child("a", stage.deaf, heartbeat_within_s=3, stop_within_s=10)
    async with stage.running(child) as supervisor:
        await stage.clock.advance(5)
        assert stage.states(supervisor) == {"a/1": State.HUNG}
        await supervisor.scale("a", 0)
        if ends_by_itself:
            stage.may_end.set()
        await stage.clock.advance(15)
        assert supervisor.snapshot() == ()
        assert supervisor.zombies == (0 if ends_by_itself else 1)
        assert stage.told.count("actor.started") == 1


async def test_hanging_again_and_again_counts_as_crashing(stage: Stage) -> None:
    supervisor = stage.supervisor([Child("a", stage.forever, heartbeat_within_s=1)])
    run = asyncio.create_task(supervisor.run())
    await stage.clock.advance(60)
    with pytest.raises(GaveUp, match="a ended 4 times"):
        await ended(run)


async def test_drain_lets_work_end_before_what_it_stands_on_is_stopped(stage: Stage) -> None:
    """S15: stop taking, and let a job in hand finish within the grace."""
    children = (Child("web", stage.forever, drains=False), Child("worker", stage.until_drained, copies=2))
    supervisor = stage.supervisor(children)
    run = asyncio.create_task(supervisor.run())
    await settle()
    drain = asyncio.create_task(supervisor.drain(30))
    await stage.clock.advance(5)
    assert all(stage.lives[label].draining.is_set() for label in ("worker/1", "worker/2", "web/1"))
    assert supervisor.running() == ("web/1",)
    stage.may_end.set()
    assert await ended(drain) == ()
    await ended(run)
    assert stage.log[3:] == ["done worker/1", "-worker/1", "done worker/2", "-worker/2", "-web/1"]


async def test_drain_cancels_after_the_grace_and_tells_who_had_not_ended(stage: Stage) -> None:
    children = (Child("worker", stage.until_drained, copies=2), Child("quick", stage.until_drained))
    supervisor = stage.supervisor(children)
    run = asyncio.create_task(supervisor.run())
    await settle()
    drain = asyncio.create_task(supervisor.drain(30))
    await stage.clock.advance(29)
    assert not drain.done()
    await stage.clock.advance(2)
    assert await ended(drain) == ("worker/1", "worker/2", "quick/1")
    await ended(run)
    assert stage.log[-3:] == ["-quick/1", "-worker/1", "-worker/2"]


async def test_nothing_starts_any_more_while_draining(stage: Stage) -> None:
    supervisor = stage.supervisor([Child("worker", stage.until_drained, copies=2)])
    run = asyncio.create_task(supervisor.run())
    await settle()
    drain = asyncio.create_task(supervisor.drain(30))
    await stage.clock.advance(2)
    await supervisor.scale("worker", 9)
    await stage.clock.advance(2)
    assert stage.log == ["+worker/1", "+worker/2"]
    stage.may_end.set()
    await ended(asyncio.gather(drain, run))


async def test_what_others_stand_on_is_restarted_even_while_they_drain(stage: Stage) -> None:
    children = (Child("listener", stage.forever, drains=False), Child("worker", stage.until_drained))
    supervisor = stage.supervisor(children)
    run = asyncio.create_task(supervisor.run())
    await settle()
    drain = asyncio.create_task(supervisor.drain(30))
    await settle()
    stage.crash["listener/1"].set_exception(OSError("x"))
    await stage.clock.advance(3)
    assert supervisor.running() == ("listener/1",)
    stage.may_end.set()
    assert await ended(drain) == ()
    await ended(run)


@pytest.mark.parametrize("before", [True, False], ids=["before the drain", "in the drain"])
async def test_who_crashes_about_a_drain_lives_again_to_bring_its_work_to_an_end(stage: Stage, before: bool) -> None:
    """S15: a settler whose connection breaks has ends of jobs in hand that nobody else would write."""
    lives = [stage.forever, stage.until_drained]

    async def first_crashes(life: Life) -> None:
        await lives.pop(0)(life)

    supervisor = stage.supervisor([Child("settler", first_crashes), Child("worker", stage.until_drained)])
    run = asyncio.create_task(supervisor.run())
    await settle()
    crash = stage.crash["settler/1"]
    if before:
        crash.set_exception(OSError("connection lost"))
        await settle()
    drain = asyncio.create_task(supervisor.drain(30))
    await settle()
    if not before:
        crash.set_exception(OSError("connection lost"))
    await stage.clock.advance(3)
    assert stage.states(supervisor) == {"settler/1": State.DRAINING, "worker/1": State.DRAINING}
    assert stage.lives["settler/1"].draining.is_set()
    stage.may_end.set()
    assert await ended(drain) == ()
    await ended(run)
    assert stage.log.count("done settler/1") == 1


async def test_who_cannot_live_again_within_the_grace_is_told_as_unfinished(stage: Stage) -> None:
    async def crashing(life: Life) -> None:
        await life.draining.wait()
        raise OSError("away")

    supervisor = stage.supervisor([Child("settler", crashing)], limit=Limit(1000, 1.0))
    run = asyncio.create_task(supervisor.run())
    await settle()
    drain = asyncio.create_task(supervisor.drain(10))
    await stage.clock.advance(9)
    assert not drain.done()
    await stage.clock.advance(2)
    assert await ended(drain) == ("settler/1",)
    await ended(run)


async def test_giving_up_in_the_midst_of_a_drain_ends_it(stage: Stage) -> None:
    async def crashing(life: Life) -> None:
        await life.draining.wait()
        raise ValueError("a mistake")

    supervisor = stage.supervisor([Child("settler", crashing), Child("worker", stage.until_drained)])
    run = asyncio.create_task(supervisor.run())
    await settle()
    drain = asyncio.create_task(supervisor.drain(1000))
    await stage.clock.advance(30)
    await ended(drain)
    with pytest.raises(GaveUp):
        await ended(run)
    assert set(stage.states(supervisor).values()) == {State.STOPPED}


async def test_who_has_ended_for_good_is_not_started_for_a_drain(stage: Stage) -> None:
    supervisor = stage.supervisor([Child("once", stage.forever, restart=Restart.NEVER)])
    run = asyncio.create_task(supervisor.run())
    await settle()
    stage.crash["once/1"].set_exception(OSError("x"))
    await settle()
    assert await ended(asyncio.ensure_future(supervisor.drain(30))) == ()
    await ended(run)
    assert stage.log == ["+once/1", "-once/1"]


async def test_stopping_abandons_what_ignores_cancel_instead_of_waiting_for_ever(stage: Stage) -> None:
    supervisor = stage.supervisor([Child("a", stage.forever), Child("b", stage.deaf, stop_within_s=5)])
    run = asyncio.create_task(supervisor.run())
    await settle()
    run.cancel()
    await stage.clock.advance(4)
    assert not run.done()
    await stage.clock.advance(2)
    with pytest.raises(asyncio.CancelledError):
        await ended(run)
    assert supervisor.zombies == 1
    assert stage.log[-1] == "-a/1"
    stage.may_end.set()
    await stage.told.until("actor.zombie_ended")


async def test_a_copy_does_not_inherit_the_context_of_who_scaled(stage: Stage) -> None:
    trace: ContextVar[str] = ContextVar("trace", default="")
    seen: list[str] = []

    async def notes(life: Life) -> None:
        seen.append(trace.get())
        await asyncio.Event().wait()

    async with stage.running(Child("worker", notes)) as supervisor:
        trace.set("request 7")
        await supervisor.scale("worker", 2)
        await settle()
    assert seen == ["", ""]


async def test_two_children_of_one_name_are_refused(stage: Stage) -> None:
    with pytest.raises(ValueError, match="one name"):
        stage.supervisor([Child("a", stage.forever), Child("a", stage.forever)])


async def test_on_the_real_clock_a_crash_is_answered_too() -> None:
    told = Told()
    crashed = asyncio.Event()

    async def once(life: Life) -> None:
        if not crashed.is_set():
            crashed.set()
            raise OSError("first time")
        await asyncio.Event().wait()

    supervisor = Supervisor([Child("a", once)], emit=told)
    run = asyncio.create_task(supervisor.run())
    await told.until("actor.started", times=2, name="a")
    assert supervisor.snapshot()[0].restarts == 1
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ended(run)


@pytest.mark.parametrize(
    ("now_s", "since_s", "stalled_s"),
    [(10.0, 0.0, 0.0), (11.0, 0.0, 0.0), (11.1, 11.1, 1.1), (40.0, 40.0, 30.0)],
)
def test_a_look_more_than_a_second_late_was_kept_by_a_stall(now_s: float, since_s: float, stalled_s: float) -> None:
    watch, late_s = look(Watch(since_s=0.0, next_s=10.0), now_s, 1.0)
    assert watch == Watch(since_s, now_s + 1.0)
    assert late_s == pytest.approx(stalled_s)


@pytest.mark.parametrize(
    ("last_s", "since_s", "overdue"),
    [(4.0, 0.0, True), (5.0, 0.0, False), (4.0, 5.0, False), (4.0, 4.9, True)],
)
def test_silence_counts_from_the_last_beat_or_the_last_stall(last_s: float, since_s: float, overdue: bool) -> None:
    assert is_overdue(Watch(since_s, 0.0), last_s, now_s=15.0, within_s=10.0) is overdue
