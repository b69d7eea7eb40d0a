"""What is measured of a desk for the autoscaler, and what comes of it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import uuid4

import asyncpg
import pytest

from actors.queue import operating, store
from actors.queue.desk import Desk
from actors.queue.job import QueueRules
from supervisor.autoscaler import Limits
from supervisor.crew import SILENT_S, hangs
from supervisor.life import ActorState, State
from supervisor.looplag import LoopLag
from supervisor.scaling import Scaling, Startable, startable
from tests.queue.jobs import add, claim

Pool: TypeAlias = "asyncpg.Pool[Any]"
LIMITS = Limits()
SLOTS = 2 * LIMITS.slots


@pytest.mark.parametrize(
    ("rules", "running", "free", "may"),
    [
        ({}, 16, 0, (500, 60.0)),
        ({}, 0, 500, (500, 60.0)),  # without rules it is the claims that are slow
        ({"fair": True}, 16, 0, (500, 60.0)),
        ({"most_running": 1000}, 16, 0, (500, 60.0)),
        ({"most_running": 100}, 16, 0, (84, 60.0)),
        ({"most_running": 100}, 16, 84, (84, 0.0)),  # there are slots for all of them
        ({"most_running": 100}, 16, 83, (84, 60.0)),
        ({"most_running": 16}, 16, 0, (0, 0.0)),
        ({"most_running": 10}, 16, 0, (0, 0.0)),  # the rule is younger than what runs
        ({"per_minute": 60.0}, 1, 15, (10, 0.0)),
        ({"per_minute": 60.0}, 1, 9, (10, 60.0)),
        ({"per_minute": 1.0}, 0, 1, (1, 0.0)),
        ({"per_minute": 1e6}, 0, 0, (500, 60.0)),
        ({"per_minute": 60.0, "most_running": 20}, 16, 0, (4, 60.0)),
    ],
)
def test_what_waits_for_workers_is_what_the_rules_of_its_queue_let_start(
    rules: dict[str, Any], running: int, free: int, may: tuple[int, float]
) -> None:
    """G11: of 500 ready jobs, the oldest of which has waited for a minute; the wait target is ten seconds."""
    found = startable(
        QueueRules("default", **rules), ready=500, running=running, oldest_age_s=60.0, free=free, wait_target_s=10.0
    )
    assert found == Startable(*may)


@dataclass(slots=True)
class Scaled:
    """A desk whose slots are all in use, and what the autoscaler made of it, five seconds a tick."""

    db: Pool
    hung: int = 0
    wanted: int = 2
    at_s: float = 100.0
    desk: Desk = field(default_factory=lambda: Desk("worker", ("default",), uuid4(), slots=SLOTS))
    scaling: Scaling = field(init=False)

    def __post_init__(self) -> None:
        self.scaling = Scaling(
            self.desk, "worker", LIMITS, wanted=lambda: self.wanted, scale=self.scale, lag=LoopLag(),
            pool_wait_s=self.no_wait, hung=lambda: self.hung, now_s=lambda: self.at_s, cpu_s=lambda: 0.0,
        )  # fmt: skip

    async def scale(self, name: str, copies: int) -> None:
        self.wanted = copies

    async def no_wait(self) -> float:
        return 0.0

    async def ticks(self, number: int, *, finished: int = 80, processes: int = 1) -> None:
        for _ in range(number):
            self.at_s += 5.0
            await self.scaling.step(await operating.load(self.db), processes)
            self.desk.ended_total += finished
            self.desk.run_s_total += finished


async def waiting_for_minutes(db: Pool, jobs: int) -> None:
    await add(db, jobs)
    await db.execute("update jobs set created_at = now() - interval '5 min', run_at = now() - interval '5 min'")


@pytest.mark.parametrize(
    ("rules", "grows"),
    [
        ({}, True),
        ({"fair": True}, True),
        ({"most_running": 1000}, True),
        ({"per_minute": 60_000.0}, True),
        ({"most_running": SLOTS}, False),
        ({"per_minute": 6.0}, False),
    ],
)
async def test_a_queue_with_rules_is_scaled_for_as_far_as_they_let_it_run(
    db: Pool, rules: dict[str, Any], grows: bool
) -> None:
    """G11: two thousand jobs wait; more workers come where the rules leave them something to do, and else none."""
    await waiting_for_minutes(db, 2000)
    await operating.set_limits(db, "default", **{"most_running": None, "per_minute": None, "fair": False} | rules)
    one = Scaled(db)
    one.desk.rules = await store.queue_rules(db)
    if "most_running" in rules:
        await db.execute("update jobs set state = 'running', worker = $1 where id <= $2", uuid4(), SLOTS)
    if grows:
        one.desk.running = dict.fromkeys(range(SLOTS))  # type: ignore[assignment]  # they are counted, no more
    await one.ticks(10)
    assert (one.wanted == LIMITS.most) is grows
    assert grows or one.wanted == LIMITS.least


async def test_rules_that_are_being_read_again_are_as_they_were(db: Pool) -> None:
    """The desk forgets them for a moment when it is told that they changed."""
    await waiting_for_minutes(db, 2000)
    await operating.set_limits(db, "default", most_running=None, per_minute=6.0, fair=False)
    one = Scaled(db)
    one.desk.rules = await store.queue_rules(db)
    await one.ticks(2)
    one.desk.rules = {}
    await one.ticks(5)
    assert one.wanted == LIMITS.least


async def test_a_paused_queue_asks_for_no_workers(db: Pool) -> None:
    await waiting_for_minutes(db, 2000)
    await operating.set_paused(db, "default", paused=True)
    one = Scaled(db)
    await one.ticks(10)
    assert one.wanted == LIMITS.least


async def test_when_nothing_finishes_any_more_workers_are_not_piled_on_it(db: Pool) -> None:
    """G11: what is behind the workers stands still, and jobs keep coming: some more are tried, never the most."""
    one = Scaled(db)
    one.desk.running = dict.fromkeys(range(SLOTS))  # type: ignore[assignment]
    await one.ticks(6)
    most = 0
    for _ in range(40):
        await add(db, 80)
        one.desk.running = dict.fromkeys(range(one.wanted * LIMITS.slots))  # type: ignore[assignment]
        one.desk.slots = len(one.desk.running)
        await one.ticks(1, finished=0)
        most = max(most, one.wanted)
    assert most <= LIMITS.most / 2


async def test_jobs_that_are_handed_back_have_not_finished(db: Pool) -> None:
    """G11: handing back what nobody could start is no sign that work gets done."""
    await add(db, 500)
    one = Scaled(db)
    one.desk.running = dict.fromkeys(range(SLOTS))  # type: ignore[assignment]
    await one.ticks(2)
    before = one.scaling.history.finished_per_s
    for _ in range(5):
        one.desk.give_back(await claim(db, 50))
        await one.ticks(1, finished=0)
    assert one.scaling.history.finished_per_s < before * 0.7**3


async def test_workers_that_hang_are_no_capacity(db: Pool) -> None:
    """G11: as many come in their place, and go again once those that hung were started anew."""
    one = Scaled(db, hung=1)
    one.desk.running = dict.fromkeys(range(3))  # type: ignore[assignment]
    await one.ticks(3, finished=5)
    assert one.wanted == LIMITS.least + 1
    one.hung = 0
    await one.ticks(40, finished=5)
    assert one.wanted == LIMITS.least


@pytest.mark.parametrize(
    ("state", "silent_s", "helps"),
    [
        (State.RUNNING, 0.3, True),
        (State.RUNNING, SILENT_S, True),
        (State.RUNNING, SILENT_S + 0.1, False),
        (State.STARTING, None, True),
        (State.DRAINING, 60.0, True),
        (State.HUNG, 31.0, False),
    ],
)
def test_one_that_gives_no_sign_of_life_hangs(state: State, silent_s: float | None, helps: bool) -> None:
    assert hangs(ActorState("worker", 1, state, datetime.now(UTC), silent_s, 0, None)) is not helps
