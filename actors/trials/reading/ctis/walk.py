"""How the search of CTIS is walked through, page by page, so that no trial is passed over. No I/O.

A search gives no more than 10,000 rows, silently, so one that has more is read from both ends and by status:

    up to 10,000   newest first ─ the rows that this left out, oldest first ─ close
    more           status 1: newest first ─ oldest first ─ close · status 2 · … · unknown codes · what changed meanwhile

`close` reads the first page again: whatever changed during the walk has moved there. Then the rows that the source
counts are compared with those that were met. What changed since a day is read newest first, once by each of the two
dates, until two pages in a row are older; their order is not strict.
"""

from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Literal, TypeAlias

from actors.trials.reading.ctis.number import Seen
from actors.trials.reading.ctis.page import Row
from actors.trials.reading.ctis.words import STATUSES

SIZE = 100  # rows of a page; more are not given
MOST_ROWS = 10_000  # of one search
OLDER_PAGES = 2  # in a row, before what changed is taken for read
ROUNDS = 3  # of closing a walk, while each still brings something new
UPDATED, PUBLISHED = "lastUpdated", "lastPublicationUpdate"
NEWEST_FIRST, OLDEST_FIRST = "DESC", "ASC"
ALL, REST = "", "rest"

Phase: TypeAlias = Literal["pass", "close", "part"]


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a walk is. `since`: only what changed; `listing`: rows are only named, no record is asked for.

    `total`: the rows of everything, where this is only a part of it; `counted` and `folded`: of the parts before.
    """

    status: str = ALL
    since: date | None = None
    listing: bool = False
    late: bool = False  # the end of a walk by status: what changed meanwhile
    again: bool = False
    by: str = UPDATED
    order: str = NEWEST_FIRST
    phase: Phase = "pass"
    page: int = 1
    size: int = SIZE
    rounds: int = 0
    older: int = 0
    bad: int = 0  # rows that could not be read
    total: int | None = None
    counted: int = 0
    folded: int = 0
    newest: date | None = None
    seen: str = ""

    @property
    def query(self) -> str:
        if self.since:
            return f"changed since {self.since}"
        return f"status {self.status}" if self.status else "everything"

    def noted(self) -> tuple[tuple[str, str], ...]:
        """As a checkpoint keeps it: whatever is not as at the start."""
        values = ((one.name, getattr(self, one.name)) for one in fields(self))
        start = Walk()
        return tuple((name, str(value)) for name, value in values if value != getattr(start, name))


def walk_of(note: dict[str, str]) -> Walk:
    """What `noted` wrote."""
    days = {name: date.fromisoformat(note[name]) for name in ("since", "newest") if name in note}
    counts = ("page", "size", "rounds", "older", "bad", "total", "counted", "folded")
    whole = {name: int(note[name]) for name in counts if name in note}
    flags = {name: True for name in ("listing", "late", "again") if name in note}
    words = {name: note[name] for name in ("status", "by", "order", "phase", "seen") if name in note}
    return Walk(**days, **whole, **flags, **words)  # type: ignore[arg-type]  # what noted() wrote


@dataclass(frozen=True, slots=True)
class Step:
    """What comes after a page: how to go on, and the count of a query that ended, with how to ask it anew."""

    on: Walk | None
    count: int | None = None
    again: Walk | None = None


def wanted(walk: Walk, row: Row) -> bool:
    """Whether a row belongs to what is walked through; one without a day may have changed."""
    if walk.status == REST:
        return row.status not in STATUSES
    return walk.since is None or row.newest is None or row.newest >= walk.since


def is_too_large(walk: Walk, rows: int) -> bool:
    """Whether everything must be walked by status instead."""
    return rows > MOST_ROWS and walk.status == ALL and walk.since is None and not walk.again


def by_status(walk: Walk, rows: int, newest: date | None) -> Walk:
    """The first of the walks that together are everything."""
    return Walk(next(iter(STATUSES)), listing=walk.listing, total=rows, newest=newest)


def step(walk: Walk, seen: Seen, *, rows: int, given: int, older: bool, fresh: bool) -> Step:
    """What comes after a page of `given` rows, of `rows` in all. `older`: all of them are; `fresh`: some were new."""
    if walk.phase == "part":
        return Step(None)
    if walk.page == 1 and 0 < given < min(walk.size, rows):
        walk = replace(walk, size=given)  # it gives fewer at once than it is asked for
    if walk.since is not None:
        return _changed_step(walk, seen, rows=rows, given=given, older=older)
    if walk.phase == "close":
        return _close(walk, seen, rows=rows, fresh=fresh)
    missing = rows - seen.rows - walk.bad
    if (missing > 0 or walk.status == REST) and given and walk.page < _pages(walk, rows):
        return Step(replace(walk, page=walk.page + 1, seen=str(seen)))
    if walk.order == NEWEST_FIRST and (rows > MOST_ROWS if walk.status == REST else missing > 0):
        return Step(replace(walk, order=OLDEST_FIRST, page=1, seen=str(seen)))
    if walk.status == REST:
        return Step(_late(walk))
    if missing > 0 and walk.status == ALL and not walk.again:  # a limit below the known one
        return Step(by_status(walk, rows, walk.newest))
    return Step(replace(walk, phase="close", order=NEWEST_FIRST, page=1, size=SIZE, seen=str(seen)))


def _pages(walk: Walk, rows: int) -> int:
    reachable = min(rows, MOST_ROWS)
    if walk.status == REST and walk.order == OLDEST_FIRST:
        reachable = min(rows - MOST_ROWS, MOST_ROWS)
    return -(-reachable // walk.size)


def _close(walk: Walk, seen: Seen, *, rows: int, fresh: bool) -> Step:
    if fresh and walk.rounds < ROUNDS:
        return Step(replace(walk, rounds=walk.rounds + 1, seen=str(seen)))
    count = rows - seen.folded
    if walk.again:
        return Step(None, count)
    anew = Walk(walk.status, listing=walk.listing, again=True, order=OLDEST_FIRST, bad=walk.bad, seen=str(seen))
    return Step(_next(walk, seen, rows), count, anew)


def _next(walk: Walk, seen: Seen, rows: int) -> Walk | None:
    """The walk after one by status; none after one through everything."""
    if walk.status == ALL:
        return None
    codes = list(STATUSES)
    here = codes.index(walk.status)
    done = Walk(
        listing=walk.listing,
        total=walk.total,
        counted=walk.counted + rows,
        folded=walk.folded + seen.folded,
        newest=walk.newest,
    )
    if here + 1 < len(codes):
        return replace(done, status=codes[here + 1])
    if done.counted < (done.total or 0):
        return replace(done, status=REST)
    return _late(done)


def _late(walk: Walk) -> Walk | None:
    if walk.newest is None:
        return None
    return Walk(
        since=walk.newest, listing=walk.listing, late=True, total=walk.total, folded=walk.folded, newest=walk.newest
    )


def _changed_step(walk: Walk, seen: Seen, *, rows: int, given: int, older: bool) -> Step:
    run = walk.older + 1 if older else 0
    last = not given or walk.page >= -(-rows // walk.size)
    if run < OLDER_PAGES and not last:
        if walk.page >= MOST_ROWS // walk.size:  # more has changed than can be read this way
            return Step(None if walk.late else Walk(listing=walk.listing))
        return Step(replace(walk, page=walk.page + 1, older=run, seen=str(seen)))
    if walk.by == UPDATED:
        return Step(replace(walk, by=PUBLISHED, page=1, older=0, seen=str(seen)))
    return Step(None)
