"""Where claims start while claimed rows cannot be vacuumed."""

from actors.queue.claimer import Shortcut
from actors.queue.job import Job

ROOM = 500


def batch(first: int, count: int = ROOM, *, priority: int = 0) -> list[Job]:
    return [Job(first + n, "print", "default", "{}", 1, 1, 3, 60.0, priority) for n in range(count)]


def slowed(at_s: float = 0.0) -> Shortcut:
    """After a fast claim, and a slow one."""
    one = Shortcut()
    for first, took_s in ((1, 0.01), (501, 0.2)):
        one.walked(batch(first), took_s, at_s)
        one.mark(batch(first), at_s)
    return one


def test_claims_begin_at_the_very_start_while_they_are_fast() -> None:
    one = Shortcut()
    for n in range(20):
        one.walked(batch(1 + n * ROOM), 0.01, n * 0.01)
        one.mark(batch(1 + n * ROOM), n * 0.01)
    assert one.start(0.2) is None


def test_after_a_slow_claim_others_go_on_from_what_was_claimed_before() -> None:
    assert slowed().start(0.1) == (0, 1)


def test_the_very_first_claim_may_be_the_slow_one() -> None:
    one = Shortcut()
    one.walked(batch(501), 2.0, 0.0)
    assert one.start(0.1) is None
    one.mark(batch(501), 0.1)
    assert one.start(0.2) == (0, 501)


def test_a_claim_of_few_jobs_is_slow_by_its_time_alone() -> None:
    one = slowed()
    one.walked(batch(1001, 3), 0.05, 1.0)
    assert one.start(1.1) is not None
    one.walked(batch(1001, 3), 0.015, 2.0)
    assert one.start(2.1) is None


def test_a_claim_that_finds_nothing_quickly_ends_the_shortcut() -> None:
    one = slowed()
    one.walked([], 0.001, 1.0)
    assert one.start(1.1) is None


def test_a_claim_that_is_only_a_little_slower_is_no_reason() -> None:
    one = Shortcut()
    one.mark(batch(1), 0.0)
    one.walked(batch(1), 0.03, 0.0)
    one.walked(batch(501), 0.13, 0.0)
    assert one.start(0.1) is None
    one.walked(batch(1001), 0.15, 0.0)
    assert one.start(0.1) == (0, 1)


def test_a_walk_is_due_after_twenty_times_what_the_last_one_took() -> None:
    one = slowed()
    assert not one.walk_is_due(0.2 * Shortcut.REST - 0.01)
    assert one.walk_is_due(0.2 * Shortcut.REST)


def test_claims_go_on_from_what_was_claimed_five_seconds_ago() -> None:
    one = slowed()
    for second in range(1, 12):
        one.mark(batch(501 + second * ROOM), float(second))
    assert one.start(11.5) == (0, 501 + 6 * ROOM)


def test_another_priority_begins_anew() -> None:
    one = slowed()
    one.mark(batch(9001, priority=7), 0.1)
    assert one.start(0.2) == (7, 9001)
