"""When a login may be tried again after wrong passwords. No I/O.

Who guesses is slowed down, whoever they are and however many at once; who mistypes is not. Nobody is kept out for
longer than a quarter of an hour, so that who guesses cannot lock out whom they dislike for good.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

FREE = 4  # wrong ones in a row that cost nothing
LONGEST_S = 900.0
FORGOTTEN_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Tries:
    """Wrong passwords in a row; nothing is tried before `until_at`."""

    failures: int
    failed_at: datetime
    until_at: datetime


def wait_s(failures: int) -> float:
    """How long nothing is tried after so many in a row: 1, 2, 4 … s."""
    return 0.0 if failures <= FREE else min(2.0 ** min(failures - FREE - 1, 30), LONGEST_S)


def refused_for_s(tries: Tries | None, now: datetime) -> float:
    """For how long still nothing is tried; 0 where it may be. A clock that was set back holds nobody off for longer."""
    if tries is None:
        return 0.0
    return max(0.0, min((tries.until_at - now).total_seconds(), LONGEST_S))


def after_try(tries: Tries | None, now: datetime) -> Tries:
    """What is kept of a try before it is known how it ends: so that many at once are no more than as many in a row."""
    goes_on = tries is not None and abs(now - tries.failed_at) < FORGOTTEN_AFTER
    failures = (tries.failures if tries is not None and goes_on else 0) + 1
    return Tries(failures, now, now + timedelta(seconds=wait_s(failures)))
