"""How far to read where more trials answer than can be looked at: as far as a sample says that a page needs. No I/O.

A sample is 1/1024 of all trials, or some such parts. Its first trial in an order, from where a page begins, has about
as many others before it as the sample is smaller than the whole: so the day, the size or the distance of the third or
so bounds a window with enough for a page. A window that holds too few after all is made wider, at last to everything.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from actors.trials import facets
from actors.trials.finding.grid import Circle, Point, cover

WIDER = 6  # times, as often as it takes
SLACK_KM = 0.1  # distances are compared as they are shown
SEEN_TIED = 3  # of a sample, by no accident
TIED = 500  # equally near, too many to measure: registries place all sites of a city at one point
FEW_PARTS = 8  # to ask for one share costs less than for more parts
STEPPED = 65_536  # the latest trials whose days are counted
TRUSTED = 5  # of the first in a sample
AMPLE = 1.5  # times as many as are wanted
MOST_WORDS = 400  # of days in a question; a wider window is all of it


@dataclass(frozen=True, slots=True)
class Sample:
    """What was seen of the trials that answer; each stands for `scale` of them. Each list begins at its top."""

    trials: int
    titled: int
    scale: float
    titled_days: Sequence[date] = ()
    days: Sequence[date] = ()
    enrolments: Sequence[int] = ()
    kms: Sequence[tuple[float, date]] = ()  # with the last update


def parts_for(seen: int, parts: int, wanted: int) -> int:
    """How many parts hold about so many trials, when `parts` held `seen`; of more than a few, whole shares."""
    if seen == 0:
        return facets.PARTS
    count = min(facets.PARTS, max(1, math.ceil(parts * wanted / seen)))
    share = facets.PARTS // facets.SHARES
    return count if count <= FEW_PARTS else min(facets.PARTS, math.ceil(count / share) * share)


def place_of(wanted: int, scale: float) -> int:
    """The place in a sample's list at which a window holds so many."""
    return max(1, math.ceil(wanted / scale))


@dataclass(frozen=True, slots=True)
class Ladder:
    """How many trials were updated on a day or later, for the days of the latest updates; the last day first."""

    days: tuple[date, ...]
    trials: tuple[int, ...]

    @staticmethod
    def of(counts: Iterable[tuple[date, int]]) -> "Ladder":
        days, trials, total = list[date](), list[int](), 0
        for day, count in counts:
            total += count
            days.append(day)
            trials.append(total)
        return Ladder(tuple(days), tuple(trials))

    def since(self, day: date) -> int | None:
        """Those updated on a day or later; None where that is below the ladder."""
        at = bisect_right(self.days, -day.toordinal(), key=lambda one: -one.toordinal())
        return None if self.days and day < self.days[-1] else self.trials[at - 1] if at else 0

    def day_of(self, trials: float) -> date | None:
        """The day on or since which so many were updated; None where there are fewer on the ladder."""
        at = bisect_left(self.trials, trials)
        return self.days[at] if at < len(self.days) else None


def since(seen: Sequence[date], scale: float, wanted: int, ladder: Ladder, before: date) -> date | None:
    """The day since which about so many of those that a sample was taken of were updated; None if that is unknown.

    Between the days of the sample, which are far apart, they are as dense as trials are.
    """
    later = ladder.since(before + timedelta(days=1)) if before < date.max else 0
    below = [day for day in seen if day <= before][:TRUSTED]
    if later is None or not below or not ladder.trials:
        return None
    known = [there for day in below if (there := ladder.since(day)) is not None]
    place, there = (len(known), known[-1]) if known else (1, ladder.trials[-1])  # at least so many
    return ladder.day_of(later + AMPLE * wanted * (there - later) / (place * scale))


def by_day(days: Sequence[date], place: int, newest: date, before: date) -> str | None:
    """The words of the days from that of a place on, before or on a day; None where all must be read."""
    below = [day for day in days if day <= before]
    if len(below) <= place or below[place] == date.min:
        return None
    return between(below[place], min(before, max(newest, below[0])))


def between(first: date, last: date) -> str | None:
    """The words of the days of a range; None where they are too many."""
    words = facets.days(first, last)
    return facets.question(any_of=(words,)) if 0 < len(words) <= MOST_WORDS else None


def by_size(enrolments: Sequence[int], place: int, most: float) -> str | None:
    """The words of sizes from that of a place on."""
    below = [size for size in enrolments if size <= most]
    if len(below) <= place or below[place] < 1:
        return None
    return facets.question(any_of=(facets.sizes(below[place]),))


def by_distance(kms: Sequence[tuple[float, date]], place: int, least: float) -> float | None:
    """Within how many km there are enough."""
    beyond = [km for km, _ in kms if km >= least]
    return beyond[place] + SLACK_KM if len(beyond) > place else None


@dataclass(frozen=True, slots=True)
class Tie:
    """Very many trials that are as near as each other, of which those updated since a day are enough."""

    km: float  # as it is shown
    since: date

    @property
    def nearer_km(self) -> float:
        """What is nearer as it is shown lies within so many; some metres of what is not, too."""
        return self.km - SLACK_KM / 2 + 0.005


def tie(seen: Sample, wanted: int, least: float, before: date) -> Tie | None:
    """Where the place that bounds a window lies among such; from the km and the day on from which a page begins."""
    left = [(km, day) for km, day in seen.kms if km > least or (km == least and day <= before)]
    place = place_of(wanted, seen.scale)
    if len(left) <= place:
        return None
    km = left[place][0]
    days = sorted((day for at, day in left if at == km), reverse=True)
    missing = place_of(wanted, seen.scale) - sum(at < km for at, _ in left)
    if len(days) < SEEN_TIED or len(days) * seen.scale < TIED or len(days) <= missing or days[missing] == date.min:
        return None
    return Tie(km, days[missing])


def around(center: Point, km: float) -> str:
    """The words of the cells that a circle may touch."""
    return facets.question(any_of=(cover(Circle(center, km)).touched,))
