"""What a desk claims ahead, and what it gives up."""

import asyncio
import time
from uuid import uuid4

import pytest

from actors.queue.attempt import Attempt
from actors.queue.claimer import Claimer
from actors.queue.desk import GRACE_S, MOST_AHEAD, MOST_ENDED, Desk
from actors.queue.job import Job
from actors.queue.outcome import FINISHED, Cancel, Drop, Fail


def desk(slots: int = 4) -> Desk:
    return Desk("worker", ("default",), uuid4(), slots=slots)


def jobs(count: int, first: int = 1) -> list[Job]:
    return [Job(first + n, "print", "default", "{}", 1, 1, 3, 60.0) for n in range(count)]


def attempt(at: Desk, job: Job, *, started_s: float | None = None) -> Attempt:
    task: asyncio.Task[None] = asyncio.create_task(asyncio.Event().wait())  # type: ignore[arg-type]
    return Attempt(job, at, task, time.monotonic() if started_s is None else started_s)


def busy(one: Desk, per_s: float, mean_run_s: float = 1e-5) -> Desk:
    one.ended_per_s, one.mean_run_s = per_s, mean_run_s
    return one


def test_an_empty_desk_asks_for_a_job_a_slot() -> None:
    """What waits here no other process can start: until it is known that jobs are fast, none is claimed ahead."""
    assert desk(4).room() == 4


def test_a_desk_without_slots_asks_for_nothing() -> None:
    assert desk(0).room() == 0


@pytest.mark.parametrize(("held", "room"), [(0, 8), (4, 4), (5, 3), (6, 0), (8, 0), (9, 0)])
def test_nothing_is_claimed_until_a_batch_is_worth_it(held: int, room: int) -> None:
    one = busy(desk(4), 40)
    one.waiting.offer_all(jobs(held))
    assert one.room() == room


def test_what_ended_takes_no_room_but_is_not_idle_until_it_is_settled() -> None:
    one = desk(4)
    for job in jobs(3):
        one.end(job, FINISHED, 0.0)
    one.unsettled = 2
    assert one.room() == 4
    assert not one.idle


def test_nothing_is_claimed_while_too_much_waits_to_be_settled() -> None:
    one = desk(4)
    one.unsettled = MOST_ENDED
    assert one.room() == 4
    one.end(jobs(1)[0], FINISHED, 0.0)
    assert one.room() == 0


@pytest.mark.parametrize(("per_s", "ahead"), [(0, 0), (39, 3), (100, 10), (10_000, 1000), (1e6, MOST_AHEAD)])
def test_fast_jobs_are_claimed_further_ahead_up_to_a_bound(per_s: float, ahead: int) -> None:
    assert busy(desk(4), per_s).room() == 4 + ahead


@pytest.mark.parametrize(("mean_run_s", "ahead"), [(0.001, 400), (0.05, 8), (0.4, 1), (0.5, 0), (60.0, 0)])
def test_slow_jobs_are_not_claimed_ahead_however_many_end_at_once(mean_run_s: float, ahead: int) -> None:
    """Forty that began together end together: the slots take the next as slowly all the same."""
    assert busy(desk(4), 1e5, mean_run_s).ahead() == ahead


def test_a_rate_that_is_no_more_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    one, now_s = busy(desk(4), 10_000.0), time.monotonic()
    for later_s in (1.0, 2.0):
        monkeypatch.setattr("actors.queue.desk.time.monotonic", lambda later_s=later_s: now_s + later_s)
        one.measure()
    assert one.ended_per_s < 20


def test_what_is_given_back_has_not_ended() -> None:
    """Else a queue that stands still would look busy to whoever scales."""
    one = desk(4)
    one.give_back(jobs(3))
    assert (len(one.ended), one.ended_total, one.run_s_total) == (3, 0, 0.0)
    assert one.settle.is_set()


async def test_jobs_that_no_slot_can_start_are_given_up() -> None:
    one, now_s = desk(2), time.monotonic()
    one.waiting.offer_all(jobs(3))
    first, second = jobs(2, first=10)
    one.running[10] = attempt(one, first, started_s=now_s - 100)
    assert one.overdue(2.0) == []  # a slot is free
    one.running[11] = attempt(one, second, started_s=now_s)
    assert one.overdue(2.0) == []  # a slot has just begun another
    one.running[11] = attempt(one, second, started_s=now_s - 100)
    assert [job.id for job in one.overdue(2.0)] == [1, 2, 3]
    assert len(one.waiting) == 0


async def test_an_attempt_is_past_its_deadline_once_its_grace_is_over() -> None:
    one, now_s = desk(), time.monotonic()
    late, in_grace = jobs(2)
    one.running[1] = attempt(one, late, started_s=now_s - 60.0 - GRACE_S - 1)
    one.running[2] = attempt(one, in_grace, started_s=now_s - 60.0 - GRACE_S + 30)
    assert one.past_deadline() == [(1, late.fence)]


async def test_the_first_reason_to_stop_an_attempt_is_the_one_that_counts() -> None:
    one = desk()
    [job] = jobs(1)
    running = one.running[1] = attempt(one, job)
    assert one.cancel(1, "asked") is True
    running.interrupt(Fail("too late"))
    assert running.stop == Cancel("asked")
    assert one.cancel(2, "asked") is False


def test_a_job_that_waits_for_a_slot_is_cancelled_before_it_starts() -> None:
    """N16."""
    one = desk()
    first, second = jobs(2)
    one.waiting.offer_all([first, second])
    assert one.cancel(2, "asked") is True
    assert one.waiting.items() == (first,)
    assert [(end.job.id, end.settlement) for end in one.ended] == [(2, Drop("asked"))]


async def test_a_claim_made_again_is_told_from_a_newer_one_by_its_fence() -> None:
    """N14: of a job that was taken from a deaf attempt here and is claimed anew, the newer claim is to run."""
    one = desk()
    [job] = jobs(1)
    one.running[1] = attempt(one, job)
    claimer = Claimer(one, None)  # type: ignore[arg-type]  # it takes what was claimed, and asks nothing
    claimer.held_before = one.held()
    claimer._take([job])
    assert one.waiting.items() == ()
    newer = job._replace(fence=2)
    claimer._take([newer])
    assert one.waiting.items() == (newer,)


def test_one_that_may_not_claim_waits_until_it_looks_again() -> None:
    """Else it would go round without a pause, and nothing else would move."""
    heard = [False]
    claimer = Claimer(desk(), None, may_claim=lambda: heard[0])  # type: ignore[arg-type]  # it asks nothing
    assert claimer._wait_s() > 0.5
    heard[0] = True
    assert claimer._wait_s() == 0.0
