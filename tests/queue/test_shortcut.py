"""Where claims start while claimed rows cannot be vacuumed."""

from actors.queue.claimer import Shortcut
from actors.queue.job import Job

ROOM = 500


def batch(first: int, count: int = ROOM, *, priority: int = 0, last_priority: int | None = None) -> list[Job]:
    found = [Job(first + n, "print", "default", "{}", 1, 1, 3, 60.0, priority) for n in range(count)]
    if last_priority is not None:
        found[-1] = found[-1]._replace(priority=last_priority)
    return found


def slowed(at_s: float = 0.0) -> Shortcut:
    """After a fast claim of a full batch, and a slow one."""
    one = Shortcut()
    one.measured(batch(1), ROOM, 0.01, at_s)
    one.measured(batch(501), ROOM, 0.2, at_s)
    return one


def test_claims_begin_at_the_very_start_while_they_are_fast() -> None:
    one = Shortcut()
    for n in range(20):
        one.measured(batch(1 + n * ROOM), ROOM, 0.01, n * 0.01)
    assert one.start(0.2) is None


def test_after_a_slow_claim_others_go_on_from_its_first_id() -> None:
    assert slowed().start(0.1) == (0, 501)


def test_a_claim_that_is_only_a_little_slower_is_no_reason() -> None:
    one = Shortcut()
    one.measured(batch(1), ROOM, 0.03, 0.0)
    one.measured(batch(501), ROOM, 0.11, 0.0)
    assert one.start(0.1) is None
    one.measured(batch(1001), ROOM, 0.12, 0.0)
    assert one.start(0.1) == (0, 1001)


def test_a_slow_batch_that_was_not_full_or_of_two_priorities_says_nothing() -> None:
    for jobs in (batch(501, ROOM - 1), batch(501, priority=5, last_priority=0), []):
        one = Shortcut()
        one.measured(batch(1), ROOM, 0.01, 0.0)
        one.measured(jobs, ROOM, 0.2, 0.0)
        assert one.start(0.1) is None


def test_the_very_start_is_looked_at_again_after_twenty_times_what_the_slow_claim_took() -> None:
    one = slowed()
    assert one.start(0.2 * Shortcut.REST - 0.01) == (0, 501)
    assert one.start(0.2 * Shortcut.REST) is None


def test_claims_go_on_from_what_was_claimed_five_seconds_ago() -> None:
    one = slowed()
    one.until_s = 1000.0
    for second in range(1, 12):
        one.used(batch(501 + second * ROOM), ROOM, float(second))
    assert one.start(11.5) == (0, 501 + 6 * ROOM)


def test_a_batch_that_is_not_full_ends_the_shortcut() -> None:
    one = slowed()
    one.used(batch(1001, ROOM - 1), ROOM, 0.1)
    assert one.start(0.2) is None


def test_another_priority_begins_anew() -> None:
    one = slowed()
    one.measured(batch(9001, priority=7), ROOM, 0.2, 0.1)
    assert one.start(0.2) == (7, 9001)
