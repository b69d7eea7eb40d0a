"""When a target that fails is called again, and when a delivery is given up. No I/O."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from actors.queue.job import NewJob

KIND = "notify"
CLOSES_AFTER = 5  # failures in a row; then one call at a time tries it
PROBE_S = 60.0  # for which one that tries it keeps others off
FIRST_S, LONGEST_S = 60.0, 3600.0  # between two tries, doubling
MOST_ATTEMPTS = 8
TIMEOUT_S = 60.0
OLDEST = timedelta(days=3)  # then a delivery is given up, also where nobody could try it
GONE = 410  # the target asks for no more


@dataclass(frozen=True, slots=True)
class Failure:
    """What one failed attempt makes of a target and of its delivery."""

    closed_until: datetime | None
    is_last: bool
    switches_off: bool


def after_failure(
    *, failures: int, attempt: int, most: int, status: int | None, final: bool, age: timedelta, now: datetime
) -> Failure:
    """`failures` of the target in a row, this one not yet among them; `final`: another attempt cannot go better."""
    beyond = failures + 1 - CLOSES_AFTER
    wait_s = min(FIRST_S * 2 ** min(beyond, 20), LONGEST_S) if beyond >= 0 else None
    return Failure(
        closed_until=None if wait_s is None else now + timedelta(seconds=wait_s),
        is_last=final or status == GONE or attempt >= most or age >= OLDEST,
        switches_off=status == GONE,
    )


def wait_s(closed_until: datetime | None, now: datetime) -> float:
    """How long a delivery waits for a target that is closed; a little longer where somebody just tries it."""
    return max(((closed_until or now) - now).total_seconds(), 1.0)


def job_of(delivery: int) -> NewJob:
    """The job that sends a delivery."""
    return NewJob(
        KIND, f'{{"delivery":{delivery}}}', max_attempts=MOST_ATTEMPTS, timeout_s=TIMEOUT_S, unique_key=str(delivery)
    )
