"""What a request to ClinicalTrials.gov remembers of its query, from one page to the next. No I/O.

`by`, `start`, `end`, `undated`: its window; or `numbers`: the studies that it names. `count`: of the query; `total`: of
all that is asked; `again`: the count of the time before, where it is asked anew. `page`: which one this is; `newest`:
the latest date seen; `last`: where the page before ended; `restarts`: of one window, after dead tokens.
"""

from collections.abc import Sequence
from datetime import date

from actors.trials.reading.ctgov.windows import UPDATED, Window, filter_of

Note = dict[str, str]


def noted(window: Window, **known: object) -> tuple[tuple[str, str], ...]:
    undated = "yes" if window.undated else None
    note = {"by": window.by, "start": window.start, "end": window.end, "undated": undated} | known
    return tuple((name, str(value)) for name, value in note.items() if value is not None)


def window_of(note: Note) -> Window:
    return Window(note["by"], day_of(note, "start"), day_of(note, "end"), "undated" in note)


def day_of(note: Note, name: str) -> date | None:
    return date.fromisoformat(note[name]) if name in note else None


def total_of(note: Note) -> int | None:
    return int(note["total"]) if "total" in note else None


def query_of(note: Note) -> str:
    """What tells one query from another; asked anew, it is the same."""
    if "numbers" in note:
        numbers = note["numbers"].split(",")
        return f"{numbers[0]} and {len(numbers) - 1} more"
    return filter_of(window_of(note)) or "everything"


def counted(note: Note, count: int | None, newest: date | None) -> Note:
    """What the first page of a query teaches: its count, the total of all that is asked, the newest date seen.

    Asked anew, a query may count more or fewer than it did before (`again`), and so does the whole.
    """
    learnt = {}
    if count is not None:
        learnt = {"count": str(count)}
        if "total" in note or "numbers" not in note:  # else these are some of others, which are counted elsewhere
            learnt["total"] = str(int(note.get("total", count)) + count - int(note.get("again", count)))
        learnt |= {"again": str(count)} if "again" in note else {}
    if newest is not None:
        learnt["newest"] = newest.isoformat()
    return learnt


def reached(days: Sequence[date], by: str) -> Note:
    """The last date of a page, in its order: where to go on by date."""
    if not days:
        return {}
    return {"last": (min(days) if by == UPDATED else max(days)).isoformat()}
