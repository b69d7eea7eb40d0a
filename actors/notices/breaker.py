"""When a target that fails is called again, when a delivery is given up, and when a webhook is switched off. No I/O."""

from dataclasses import dataclass
from datetime import datetime, timedelta

KIND = "notify"
CLOSES_AFTER = 5  # failures in a row; then one call at a time tries it
PROBE_S = 60.0  # for which one that tries it keeps others off
FIRST_S, LONGEST_S = 60.0, 3600.0  # between two tries, doubling
MOST_ATTEMPTS = 8
TIMEOUT_S = 60.0
OLDEST = timedelta(days=3)  # then a delivery is given up, also where nobody could try it
GONE = 410  # the target asks for no more
OFF_AFTER, OFF_AFTER_FOR = 20, timedelta(days=1)  # failures in a row, over so long at least: it is switched off


@dataclass(frozen=True, slots=True)
class Failure:
    """What one failed attempt makes of a target and of its delivery; `off_why` where it is switched off."""

    closed_until: datetime | None
    is_last: bool
    off_why: str | None = None


def after_failure(
    *,
    failures: int,
    attempt: int,
    most: int,
    status: int | None,
    final: bool,
    age: timedelta,
    now: datetime,
    failing_since: datetime | None = None,
) -> Failure:
    """`failures` of the target in a row, this one not yet among them; `final`: another attempt cannot go better."""
    off_why = _off_why(failures + 1, status, now - (failing_since or now))
    return Failure(
        closed_until=closed_until(failures + 1, now),
        is_last=final or off_why is not None or attempt >= most or age >= OLDEST,
        off_why=off_why,
    )


def _off_why(failures: int, status: int | None, failing_for: timedelta) -> str | None:
    if status == GONE:
        return f"it answered {GONE}: it asks for no more"
    if failures >= OFF_AFTER and failing_for >= OFF_AFTER_FOR:
        return f"{failures} attempts in a row failed, over {failing_for.days} day{'s' if failing_for.days > 1 else ''}"
    return None


def closed_until(failures: int, now: datetime) -> datetime | None:
    """Until when nobody calls a target after so many failures in a row."""
    beyond = failures - CLOSES_AFTER
    if beyond < 0:
        return None
    return now + timedelta(seconds=min(FIRST_S * 2 ** min(beyond, 20), LONGEST_S))


def wait_s(closed_until: datetime | None, now: datetime) -> float:
    """How long a delivery waits for a target that is closed; a little longer where somebody just tries it."""
    return max(((closed_until or now) - now).total_seconds(), 1.0)
