"""Queries of ISRCTN as windows of dates, and how a window is cut. No I/O.

Its interface has neither pages nor an order: a window is asked for whole, or not at all. One that holds more than an
answer should is cut into as many parts as its count asks for, between the days that the records at hand show:

    GE 1900 (28,000)  ──  before the oldest at hand · part · part · … · from the newest at hand on
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise

APPLIED, EDITED = "dateApplied", "lastEdited"
FIRST = datetime(1900, 1, 1)
LAST = datetime(2100, 1, 1)  # no window is cut beyond it
OPENED = datetime(2000, 1, 1)  # the registry
WANTED = 80  # records of a part, on average: of a hundred that an answer has, so that few parts have more
MOST_PARTS = 32  # of one cut: what is still to be asked stays small
BLIND = timedelta(days=365)  # the first part of an open window of which no record is known
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Window:
    """Records whose date `by` is `start` or later, and before `end` where there is one."""

    by: str
    start: datetime
    end: datetime | None = None


def question(window: Window) -> str:
    """The window in the registry's language."""
    asked = f"{window.by} GE {_instant(window.start)}"
    return f"{asked} AND {window.by} LT {_instant(window.end)}" if window.end else asked


def window_of(by: str, start: str, end: str | None) -> Window:
    return Window(by, datetime.fromisoformat(start), datetime.fromisoformat(end) if end else None)


def _instant(at: datetime) -> str:
    return f"{at.isoformat()}.000Z"


def cut(window: Window, count: int, days: Sequence[date]) -> tuple[Window, ...]:
    """Parts that together are the window, so that each holds few; none where it is a day. `days`: of some records."""
    parts = min(max(-(-count // WANTED), 2), MOST_PARTS)
    if window.end is not None:
        return _between(window, [*_edges(window.start, window.end, parts)])
    if window.start >= LAST:
        return ()
    within = [at for day in days if window.start < (at := datetime(day.year, day.month, day.day)) < LAST]
    if not within:
        return _between(window, [window.start, min(window.start + (BLIND if not days else DAY), LAST)], tail=True)
    oldest, newest = min(within), max(within)
    edges = [window.start, *_edges(oldest, newest, parts)] if newest > oldest else [window.start, oldest]
    return _between(window, edges, tail=True)


def _edges(start: datetime, end: datetime, parts: int) -> Iterator[datetime]:
    """From start to end, whole days between them."""
    step = (end - start) / parts
    last = start
    yield start
    for number in range(1, parts):
        edge = (start + step * number).replace(hour=0, minute=0, second=0, microsecond=0)
        if last < edge < end:
            yield edge
            last = edge
    yield end


def _between(window: Window, edges: list[datetime], *, tail: bool = False) -> tuple[Window, ...]:
    closed = [replace(window, start=start, end=end) for start, end in pairwise(edges)]
    parts = (*closed, replace(window, start=edges[-1])) if tail else tuple(closed)
    return parts if len(parts) > 1 else ()


def halves(window: Window) -> tuple[Window, ...]:
    """The same in two, down to an hour; an open one is left open beyond a year, or beyond the years before it began."""
    end = window.end or max(min(window.start + 2 * BLIND, LAST), OPENED)
    if end - window.start <= HOUR:
        return ()
    middle = window.start + (end - window.start) / 2
    middle = middle.replace(minute=0, second=0, microsecond=0)
    if middle <= window.start:
        middle = window.start + HOUR
    return (replace(window, end=middle), replace(window, start=middle))
