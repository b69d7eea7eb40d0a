"""Queries of ClinicalTrials.gov as windows of dates, and how a window is cut. No I/O."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

POSTED, UPDATED = "StudyFirstPostDate", "LastUpdatePostDate"
WINDOW_DAYS = 30
FEWEST_WINDOWS = 12  # of an open range whose newest date is not known
FIRST_DAY = date(2000, 1, 1)  # the registry opened in early 2000; what is older falls into the first window
LAST_DAY = date(2100, 1, 1)  # no window begins beyond it


@dataclass(frozen=True, slots=True)
class Window:
    """Studies whose date `by` lies from `start` to `end`, both included, None being open; or those without one."""

    by: str
    start: date | None = None
    end: date | None = None
    undated: bool = False


def filter_of(window: Window) -> str | None:
    """The window in the registry's language of filters; None for everything."""
    if window.undated:
        return f"AREA[{window.by}]MISSING"
    if window.start is None and window.end is None:
        return None
    return f"AREA[{window.by}]RANGE[{window.start or 'MIN'},{window.end or 'MAX'}]"


def thirty_days(window: Window, newest: date | None) -> tuple[Window, ...]:
    """The shorter windows that together are `window`; none where it cannot be cut."""
    if window.undated or window.end is not None:
        return halves(window, newest)
    start = window.start or FIRST_DAY
    many = max(((newest or start) - start).days // WINDOW_DAYS, FEWEST_WINDOWS)
    edges = [start + timedelta(days=WINDOW_DAYS * number) for number in range(many + 1)]
    if edges[-1] > LAST_DAY:
        return ()
    closed = [Window(window.by, edge, after - timedelta(days=1)) for edge, after in pairwise(edges)]
    return (*_before(window), *closed, Window(window.by, edges[-1]), *_undated(window))


def halves(window: Window, newest: date | None) -> tuple[Window, ...]:
    """The same in two; none where it is a day, or has no dates."""
    start = window.start or FIRST_DAY
    end = window.end or max(newest or start, start + timedelta(days=2 * WINDOW_DAYS))
    if window.undated or end <= start or start > LAST_DAY:
        return ()
    middle = start + (end - start) // 2
    lower = Window(window.by, window.start, middle)
    return (lower, Window(window.by, middle + timedelta(days=1), window.end), *_undated(window))


def _before(window: Window) -> tuple[Window, ...]:
    return () if window.start else (Window(window.by, None, FIRST_DAY - timedelta(days=1)),)


def _undated(window: Window) -> tuple[Window, ...]:
    """A query for everything also answers with studies that lack the date; a range never does."""
    return () if window.start or window.end else (Window(window.by, undated=True),)


def left_of(window: Window, last: date | None) -> tuple[Window, ...]:
    """What is left of a window after a page whose last date is known; that day is met again."""
    if last is None or window.undated:
        return (window,)
    if window.by == UPDATED:
        return (replace(window, end=last),)
    return (replace(window, start=last), *_undated(window))
