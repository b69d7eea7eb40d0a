"""The EU Clinical Trials Register (EudraCT), by its search pages and full-text downloads. No I/O.

A page of a search (HTML) lists twenty trials and says how many there are and which have results. The download of that
page has the full text of the same twenty, with a record for each country: so each page is asked for twice.

    list 1 ── text 1 ── list 2 ── text 2 ── … ── text n       each names the next; text n ends the query
                 └── a trial that was listed and is not in the text: asked for by its number

Everything is one query, or, where that is larger than MANY, one for each year of starts, one after the other. What has
no start date is in none of them: where they add up to fewer trials than there are, the lists of everything are read
as well, and the trials without that date are asked for by their numbers.

What changed is told by a feed that goes back seven days. Where it does not reach back far enough, everything is
asked for again: the register has no other sign of a change.

A text that cannot be read is asked for trial by trial, by the numbers that were listed. Parameters and paging: as
users of the register know them (ctrdata, and others that mirror it); the register describes none.
"""

from collections.abc import Sequence
from datetime import date

from actors.registries import Ended, Found, Page, Refused, Registry, Request, UnreadableBody
from actors.trials.normalise import NotReadable
from actors.trials.reading.euctr.list import Listing, NotAList, feed, listing
from actors.trials.reading.euctr.text import Record, records
from actors.trials.reading.euctr.trial import read_trial
from actors.trials.reading.lenient import NAME as WINDOWS

BASE = "https://www.clinicaltrialsregister.eu/ctr-search"
PAGE_SIZE = 20  # fixed by the register
MANY = 10_000  # trials of one query; those who mirror the register take no more at once
AHEAD = 5  # pages that are fetched while others are read
MOST_FED = 1_000  # trials of a feed that are asked for one by one; beyond it everything costs less
FIRST_YEAR, LAST_YEAR = 2004, 2026  # of starts; the first and the last span are open: few began before or will later
EARLIEST, LATEST = "1990-01-01", "2099-12-31"
EVERYTHING, REST, FEED = "everything", "rest", "feed"

Note = dict[str, str]  # query, page, count, total, …


def first(since: date | None) -> tuple[Request, ...]:
    """Everything, or the feed of what changed."""
    if since is None:
        return (_list({"query": EVERYTHING}),)
    return (Request(f"{BASE}/rest/feed/bydates", (("query", ""),), state=(("since", since.isoformat()),)),)


def read(request: Request, body: bytes) -> Page:
    """What a list, a text or the feed holds, and what to ask next. Raises UnreadableBody."""
    note = dict(request.state)
    try:
        if "since" in note:
            return _fed(date.fromisoformat(note["since"]), body)
        if "listed" in note:
            return _told(note, _text(body))
        return _listed(note, listing(_text(body)))
    except NotAList as error:
        raise UnreadableBody(str(error)) from error


def narrower(request: Request) -> tuple[Request, ...]:
    """After a text that cannot be read: its trials one by one, then what follows it; it counts no more then."""
    note = dict(request.state)
    if "listed" not in note or "only" in note:
        return ()
    return (*(_alone(number, note) for number in _noted(note)), *_follow(note | {"unsure": "yes"}))


def ahead(pending: Sequence[Request]) -> tuple[Request, ...]:
    """The pages that a query still has: the list of each and its text, which are two answers to one question."""
    note = dict(pending[0].state)
    if "count" not in note:  # the first page of a query, a trial alone, the feed
        return ()
    page, pages = int(note.get("page", "1")), -(-int(note["count"]) // PAGE_SIZE)
    numbers = range(page, min(page + AHEAD, pages) + 1)
    asked = [one for number in numbers for one in _both(note | {"page": str(number)})]
    return tuple(asked[1:] if "listed" in note else asked)


def _both(note: Note) -> tuple[Request, Request]:
    kept = {name: value for name, value in note.items() if name != "listed"}
    return _list(kept), _download(kept, Listing(0, ()))


# ── asking ──


def _list(note: Note) -> Request:
    """A page of a search."""
    params = (*_asked(note), ("page", note.get("page", "1")))
    return Request(f"{BASE}/search", params, state=tuple(note.items()), only=note.get("only"))


def _download(note: Note, page: Listing) -> Request:
    """The full text of the page of a search that was listed."""
    params = (*_asked(note), ("page", note.get("page", "1")), ("mode", "current_page"))
    signs = {True: "+", False: "-", None: "?"}
    listed = " ".join(f"{number}{signs[has_results]}" for number, has_results in page.trials)
    state = tuple((note | {"listed": listed}).items())
    return Request(f"{BASE}/rest/download/full", params, state=state, only=note.get("only"))


def _asked(note: Note) -> tuple[tuple[str, str], ...]:
    if "only" in note:
        return (("query", f"eudract_number:{note['only']}"),)
    if "year" in note:
        start, end = _span(int(note["year"]))
        return (("query", ""), ("dateFrom", start), ("dateTo", end))
    return (("query", ""),)


def _span(year: int) -> tuple[str, str]:
    start = EARLIEST if year == FIRST_YEAR else f"{year}-01-01"
    return start, LATEST if year == LAST_YEAR else f"{year}-12-31"


def _year(year: int, note: Note) -> Request:
    kept = {name: note[name] for name in ("total", "dated") if name in note}
    return _list({"query": f"starts of {year}", "year": str(year)} | kept)


def _alone(number: str, note: Note) -> Request:
    """One trial by its number; it counts for the query that wanted it."""
    return _list({"only": number, "query": note["query"]} | ({"total": note["total"]} if "total" in note else {}))


# ── a list ──


def _listed(note: Note, page: Listing) -> Page:
    if "only" in note:  # one that is listed no more is gone
        mine = Listing(1, tuple(one for one in page.trials if one[0] == note["only"]))
        return Page(follow=(_download(note, mine),) if mine.trials else (), query=note["query"])
    if int(note.get("page", "1")) == 1:
        note = _counted(note, page.count)
    total = int(note["total"])
    if note["query"] == REST:
        return _rest(note, page)
    if note["query"] == EVERYTHING and page.count > MANY and "again" not in note:
        return Page(follow=(_year(FIRST_YEAR, note),), total=total, query=EVERYTHING)
    if page.trials:
        return Page(follow=(_download(note, page),), total=total, query=note["query"])
    over = note | {"page": note["count"]}  # nothing comes after an empty page, whatever was counted
    return Page(follow=_follow(over), total=total, query=note["query"], ended=_ended(over))


def _counted(note: Note, count: int) -> Note:
    """What the first page of a query teaches: how many trials it has, and that of the first one of all.

    `dated` adds up what the spans have.
    """
    if "year" in note and "again" not in note:
        note = note | {"dated": str(int(note.get("dated", "0")) + count)}
    return {"total": str(count)} | note | {"count": str(count)}


def _rest(note: Note, page: Listing) -> Page:
    """After the spans: where they had fewer trials than there are, those that are in none of them."""
    if int(note["dated"]) >= int(note["count"]):
        return Page(total=int(note["total"]), query=REST)
    alone = tuple(_alone(number, note) for number in page.undated)
    after = _next_page(note) if page.trials else ()
    return Page(follow=(*alone, *after), total=int(note["total"]), query=REST)


# ── a text ──


def _told(note: Note, text: str) -> Page:
    """The trials of a text, each of the records of its countries."""
    if not text.lstrip().startswith(("This file contains", "Summary", "EudraCT Number")):
        raise UnreadableBody("not the full text of trials: expected `EudraCT Number: …`")
    listed, trials = _noted(note), _by_number(text)
    absent = [number for number in listed if number not in trials]
    if "only" in note:
        trials = {number: ones for number, ones in trials.items() if number in listed}
    if absent and not trials:
        raise UnreadableBody(f"a full text without {absent[0]}, which was listed")
    found: list[Found] = []
    refused: list[Refused] = []
    for number, ones in trials.items():
        raw = "".join(one.text for one in ones).encode()
        try:
            found.append(Found(read_trial(ones, has_results=listed.get(number)), raw))
        except NotReadable as error:
            refused.append(Refused(str(error), raw, number or None))
    total = int(note["total"]) if "total" in note else None
    if "only" in note:
        return Page(tuple(found), tuple(refused), total=total, query=note["query"])
    note = note | ({"unsure": "yes"} if absent else {})
    follow = (*(_alone(number, note) for number in absent), *_follow(note))
    return Page(tuple(found), tuple(refused), follow, total, note["query"], _ended(note))


def _by_number(text: str) -> dict[str, list[Record]]:
    trials: dict[str, list[Record]] = {}
    for record in records(text):
        trials.setdefault(record.number, []).append(record)
    return trials


def _noted(note: Note) -> dict[str, bool | None]:
    """The numbers of a list, with whether each has results."""
    signs = {"+": True, "-": False}
    return {one[:-1]: signs.get(one[-1]) for one in note["listed"].split()}


def _follow(note: Note) -> tuple[Request, ...]:
    """After a page: the next one; after a span the next one, and after the last what is in none of them."""
    if (after := _next_page(note)) or "year" not in note or "again" in note:
        return after
    if (year := int(note["year"])) < LAST_YEAR:
        return (_year(year + 1, note),)
    return (_list({"query": REST, "total": note["total"], "dated": note["dated"]}),)


def _next_page(note: Note) -> tuple[Request, ...]:
    page = int(note.get("page", "1"))
    if page * PAGE_SIZE >= int(note["count"]):
        return ()
    kept = {name: value for name, value in note.items() if name != "listed"}
    return (_list(kept | {"page": str(page + 1)}),)


def _ended(note: Note) -> Ended | None:
    """With the last page of a query: how many trials it counted; nothing where some are still asked for by number."""
    if _next_page(note) or "unsure" in note:
        return None
    kept = {name: note[name] for name in ("query", "year", "total") if name in note}
    return Ended(int(note["count"]), () if "again" in note else (_list(kept | {"again": "yes"}),))


# ── the feed ──


def _fed(since: date, body: bytes) -> Page:
    """The trials of the feed one by one; everything, where it does not reach back to `since`."""
    told = feed(body)
    if not told.reaches(since) or len(told.numbers) > MOST_FED:
        return Page(follow=first(None), query=FEED)
    return Page(follow=tuple(_alone(number, {"query": FEED}) for number in told.numbers), query=FEED)


def _text(body: bytes) -> str:
    """UTF-8; what is none in it is read as the letter that Windows means by it."""
    return body.decode("utf-8-sig", errors=WINDOWS)


REGISTRY = Registry(
    name="euctr",
    title="EU Clinical Trials Register",
    terms="https://www.clinicaltrialsregister.eu/disclaimer.html (as reported in 2026-11; not re-read)",
    hosts=("www.clinicaltrialsregister.eu",),
    requests_per_min=40,  # none is stated; half of what ctrdata's users ask without being refused
    adapter_version=1,
    media_type="text/plain",
    first=first,
    read=read,
    narrower=narrower,
    ahead=ahead,
    at_once=4,  # ctrdata has up to ten under way
    overlap_days=1,  # the feed goes back seven days only, and a full scrape comes every seventh
)
