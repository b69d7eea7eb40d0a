"""What a process did of late, on a clock that the tests move."""

from actors.monitoring.lately import Lately, summed
from tests.supervisor.clock import Clock


def test_a_rate_is_that_of_the_last_ten_whole_seconds() -> None:
    """G13 in part."""
    clock = Clock()
    lately = Lately(now=clock.now)
    for _ in range(20):
        lately.sink("jobs.settled", {"queue": "default", "state": "done", "number": 40})
        lately.sink("jobs.settled", {"queue": "scraping", "state": "retry", "number": 1})
        lately.sink("jobs.settled", {"queue": "default", "state": "handed_back", "number": 1000})
        clock.now_s += 1.0
    assert lately.told()["jobs_per_s"] == {"default": 40.0, "scraping": 1.0}
    clock.now_s += 5.0
    assert lately.told()["jobs_per_s"] == {"default": 20.0, "scraping": 0.5}
    clock.now_s += 6.0
    assert lately.told()["jobs_per_s"] == {}


def test_calls_are_counted_for_a_minute_by_registry() -> None:
    """G13 in part: redirects and retries are calls too."""
    clock = Clock()
    lately = Lately(now=clock.now)
    for second in range(90):
        lately.sink("source.answered", {"registry": "ctgov", "status": 200 if second % 2 else 503})
        clock.now_s += 1.0
    lately.sink("source.answered", {"registry": "ctgov", "status": 200})
    lately.sink("source.answered", {"status": 200})
    assert lately.told()["calls"] == {"ctgov": 60.0}


def test_failures_of_actors_are_counted_for_ten_minutes_and_those_by_something_outside_are_not() -> None:
    """G13 in part."""
    clock = Clock()
    lately = Lately(now=clock.now)
    for _ in range(3):
        lately.sink("actor.hung", {"name": "monitor"})  # told again as crashed, once it has ended
        lately.sink("actor.crashed", {"name": "monitor", "error": "no heartbeat within 30 s"})
        lately.sink("actor.crashed", {"name": "listener", "reason": "outside"})
        clock.now_s += 190.0
    clock.now_s += 29.0
    assert lately.told()["failures"] == {"monitor": 3.0}
    clock.now_s += 1.0
    assert lately.told()["failures"] == {"monitor": 2.0}


def test_processes_add_up() -> None:
    told = [{"calls": {"ctgov": 24.0}}, {"calls": {"ctgov": 1.0, "ctis": 2.0}}, {}]
    assert summed(told, "calls") == {"ctgov": 25.0, "ctis": 2.0}
