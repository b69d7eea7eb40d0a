"""Queries of ClinicalTrials.gov as windows of dates, and how a window is cut. No I/O."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

POSTED, UPDATED = "StudyFirstPostDate", "LastUpdatePostDate"
FEWEST_DAYS = 60  # of an open range whose newest date is not known, or near
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


def parts(window: Window, newest: date | None, many: int) -> tuple[Window, ...]:
    """The same in as many windows of equal length, or in fewer where it has fewer days; none where it cannot be cut."""
    start = window.start or FIRST_DAY
    end = window.end or max(newest or start, start + timedelta(days=FEWEST_DAYS))
    if window.undated or end <= start or start > LAST_DAY:
        return ()
    many = min(many, (end - start).days + 1)
    edges = [start + ((end - start) + timedelta(days=1)) * number // many for number in range(1, many)]
    starts = [window.start, *edges]
    ends = [*(edge - timedelta(days=1) for edge in edges), window.end]
    return (*(Window(window.by, *ends_) for ends_ in zip(starts, ends, strict=True)), *_undated(window))


def halves(window: Window, newest: date | None) -> tuple[Window, ...]:
    """The same in two; none where it is a day, or has no dates."""
    return parts(window, newest, 2)


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
