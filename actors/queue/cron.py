"""When a schedule is due: five fields in a time zone. No I/O.

cronsim does the calendar: as Debian's cron does, a time that a change to summer time skips fires at once after the
gap, one that is there twice fires once, unless the schedule is by the hour or minute.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, takewhile
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from actors.errors import Refusal

MOST_MISSED = 1000  # firings looked back over, however long the service was down
FOLD = timedelta(hours=3)  # more than a clock is ever set back: cronsim goes back by the wall clock, which then repeats

Missed = Literal["skip", "once", "all"]


@dataclass(frozen=True, slots=True)
class Due:
    """What to do about a schedule now: enqueue at these times, note those as missed, and look again at `next_at`."""

    fire: tuple[datetime, ...]
    missed: tuple[datetime, ...]
    next_at: datetime


def check(cron: str, zone: str) -> None:
    """Raises Refusal, naming the field that is wrong."""
    next_after(cron, zone, datetime(2024, 1, 1, tzinfo=UTC))


def next_after(cron: str, zone: str, moment: datetime) -> datetime:
    """The first time after `moment`, in UTC. Raises Refusal as `check` does."""
    try:
        return next(_times(cron, zone, moment))
    except StopIteration:
        raise Refusal(f"cron: {cron!r} never comes") from None


def due(cron: str, zone: str, *, next_due_at: datetime, now: datetime, missed: Missed, grace_s: float = 60.0) -> Due:
    """What a schedule whose next firing was to be `next_due_at` asks for at `now`. Raises Refusal as `check` does.

    A firing is missed when it is more than `grace_s` late: `skip` leaves it out, `once` makes up for all missed ones
    by the latest of them, `all` fires each.
    """
    following = next_after(cron, zone, now)
    if now < next_due_at:
        return Due((), (), next_due_at)
    begin = _begin(cron, zone, now, next_due_at)
    first = () if begin > next_due_at else (next_due_at,)
    upto_now = takewhile(lambda time: time <= now, _times(cron, zone, begin))
    times = deque(chain(first, upto_now), maxlen=MOST_MISSED)
    late = tuple(t for t in times if (now - t).total_seconds() > grace_s)
    timely = tuple(t for t in times if (now - t).total_seconds() <= grace_s)
    match missed:
        case "all":
            return Due(late + timely, (), following)
        case "once" if not timely and late:
            return Due(late[-1:], late[:-1], following)
        case _:
            return Due(timely, late, following)


def _begin(cron: str, zone: str, now: datetime, after: datetime) -> datetime:
    """`after`, or a later moment with MOST_MISSED firings up to `now`, which spares the way from long ago.

    Going back only finds where to begin: over a change of the clock cronsim leaves some times out on the way back.
    """
    found = 0
    for time in _times(cron, zone, now + FOLD, reverse=True):
        if time <= after:
            return after
        found += time <= now
        if found > MOST_MISSED:
            return max(after, time - FOLD)
    return after


def _times(cron: str, zone: str, moment: datetime, *, reverse: bool = False) -> Iterator[datetime]:
    if len(cron.split()) != 5:
        raise Refusal(f"cron: expected five fields (minute hour day month weekday), got {cron!r}")
    try:
        local = moment.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Refusal(f"zone: expected an IANA time zone such as Europe/Berlin, got {zone!r}") from error
    try:
        times = CronSim(cron, local, reverse=reverse)
    except CronSimError as error:
        raise Refusal(f"cron: {cron!r} is not a schedule: {error}") from error
    found = (time.astimezone(UTC) for time in times)
    return (
        found if reverse else (time for time in found if time > moment)
    )  # from an hour that is there twice it goes back
