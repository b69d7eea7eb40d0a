"""How far to read where more trials answer than can be looked at: as far as a sample says that a page needs. No I/O.

A sample is 1/1024 of all trials, or some such parts. Its first trial in an order, from where a page begins, has about
as many others before it as the sample is smaller than the whole: so the day, the size or the distance of the third or
so bounds a window with enough for a page. A window that holds too few after all is made wider, at last to everything.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from actors.trials import facets
from actors.trials.finding.grid import Circle, Point, cover

WIDER = 6  # times, as often as it takes
SLACK_KM = 0.1  # distances are compared as they are shown
SEEN_TIED = 3  # of a sample, by no accident
TIED = 500  # equally near, too many to measure: registries place all sites of a city at one point
FEW_PARTS = 8  # to ask for one share costs less than for more parts
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


def by_day(days: Sequence[date], place: int, newest: date, before: date) -> str | None:
    """The words of the days from that of a place on, before or on a day; None where all must be read."""
    below = [day for day in days if day <= before]
    if len(below) <= place or below[place] == date.min:
        return None
    last = min(before, max(newest, below[0]))
    words = facets.days(below[place], last)
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
