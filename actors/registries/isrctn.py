"""ISRCTN, by its XML interface. No I/O.

A query gives at most as many records as it is told to, in any order, and no second page; so it is asked in windows of
dates that hold few (actors/trials/reading/isrctn/windows.py). Everything is windows of the day of application, which
never changes; what changed since a day is windows of the day of the last edit, the oldest first: what is edited
meanwhile moves into one that is still to come. Each window is a query of its own, and its answer counts it:

    up to 100                  read
    more                       its parts; nothing is taken from this answer, and of the largest windows nothing is asked
    more, and of a single day  the same once more, with its count as the limit

Each record is cut out of the answer and read alone. Query language and fields: the registry's own description of its
interface (as users of it report).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice, takewhile
from xml.etree.ElementTree import Element  # made by actors.runtime.xml

from actors.registries import Ended, Found, Page, Refused, Registry, Request, UnreadableBody
from actors.trials.normalise import NotReadable
from actors.trials.reading.isrctn.page import NotAPage, page_of
from actors.trials.reading.isrctn.record import assigned_on, number_of, record_of, trial_of, updated_on
from actors.trials.reading.isrctn.windows import APPLIED, EDITED, FIRST, Window, cut, halves, question, window_of

URL = "https://www.isrctn.com/api/query/format/default"
AT_ONCE = 100  # records of an answer: some 2 MB
AHEAD = 3  # windows that are fetched while others are read
COUNT = 0  # as a limit: nothing but how many there are

_NUMBER = re.compile(rb"<(?:[A-Za-z][\w.-]*:)?isrctn[^>]*>\s*(?:ISRCTN)?([0-9]{8})\s*<")

Note = dict[str, str]


@dataclass(frozen=True, slots=True)
class Known:
    """What goes along with a window: the total of everything, the newest day shown, whether this was asked before."""

    total: int | None = None
    as_of: date | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """What was cut out of an answer; `full` is None where it is no XML, for the reason in `problem`."""

    raw: bytes
    full: Element | None
    problem: str = ""


def first(since: date | None) -> tuple[Request, ...]:
    """Everything, or all that was edited on `since` or later."""
    if since is None:
        return (_ask(Window(APPLIED, FIRST), Known()),)
    return (_ask(Window(EDITED, datetime(since.year, since.month, since.day)), Known(as_of=since)),)


def read(request: Request, body: bytes) -> Page:
    """The records of one window, each with its own bytes, or its parts, to be asked for. Raises UnreadableBody."""
    note = dict(request.state)
    try:
        answer = page_of(body)
    except NotAPage as error:
        raise UnreadableBody(str(error)) from error
    window = _window(note)
    records = [_record(raw, answer.encoding) for raw in answer.records]
    told = _known(note)
    total = answer.total if told.total is None else told.total
    known = replace(told, total=total, as_of=_as_of(told, records))
    if "aside" in note:
        bad = Refused("of this hour's records, one is too large or spoils the answer", body)
        return Page(refused=(bad,) * answer.total, total=total, query=question(window), ended=Ended(answer.total))
    if answer.total > int(note["limit"]):
        follow = _less(window, answer.total, _days(window, records), known)
        return Page(follow=follow, total=total, query=question(window))
    found, refused = _read(records, known.as_of)
    anew = _ask(window, replace(known, again=True), limit=max(answer.total, AT_ONCE))
    ended = Ended(answer.total, () if known.again else (anew,))
    return Page(tuple(found), tuple(refused), total=total, query=question(window), ended=ended)


def narrower(request: Request) -> tuple[Request, ...]:
    """After an answer that is too large or cannot be read: its window in halves; what an hour has is set aside."""
    note = dict(request.state)
    known = replace(_known(note), again=False)
    if two := halves(_window(note)):
        return tuple(_ask(half, known) for half in two)
    aside = _ask(_window(note), known, limit=COUNT)
    return () if note["limit"] == str(COUNT) else (replace(aside, state=(*aside.state, ("aside", "yes"))),)


def ahead(pending: Sequence[Request]) -> tuple[Request, ...]:
    """The windows that come next; not the last one, into which whatever is edited meanwhile moves."""
    return tuple(takewhile(lambda one: "end" in dict(one.state), islice(pending, AHEAD)))


def _less(window: Window, count: int, days: list[date], known: Known) -> tuple[Request, ...]:
    """A window that has more than was asked for: in parts, of which those are only counted that have too many too."""
    if count <= AT_ONCE:
        return (_ask(window, known),)
    parts = cut(window, count, days)
    limit = COUNT if count > AT_ONCE * len(parts) else AT_ONCE
    known_of_parts = replace(known, again=False)
    asked = tuple(_ask(part, known_of_parts, limit=limit if part.end else AT_ONCE) for part in parts)
    return asked or (_ask(window, known, limit=count),)


def _ask(window: Window, known: Known, *, limit: int = AT_ONCE) -> Request:
    note = {
        "by": window.by,
        "start": window.start.isoformat(),
        "end": window.end.isoformat() if window.end else None,
        "limit": str(limit),
        "total": None if known.total is None else str(known.total),
        "as_of": known.as_of.isoformat() if known.as_of else None,
        "again": "yes" if known.again else None,
    }
    state = tuple((name, text) for name, text in note.items() if text is not None)
    return Request(URL, (("q", question(window)), ("limit", str(limit))), state=state)


def _window(note: Note) -> Window:
    return window_of(note["by"], note["start"], note.get("end"))


def _known(note: Note) -> Known:
    total, as_of = note.get("total"), note.get("as_of")
    return Known(int(total) if total else None, date.fromisoformat(as_of) if as_of else None, "again" in note)


def _record(raw: bytes, encoding: str) -> Record:
    try:
        return Record(raw, record_of(raw, encoding))
    except NotReadable as error:
        return Record(raw, None, str(error))


def _read(records: Iterable[Record], as_of: date | None) -> tuple[list[Found], list[Refused]]:
    found: list[Found] = []
    refused: list[Refused] = []
    for one in records:
        if one.full is None:
            refused.append(Refused(one.problem, one.raw, _number_in(one.raw)))
            continue
        try:
            found.append(Found(trial_of(one.full, as_of), one.raw))
        except NotReadable as error:
            refused.append(Refused(str(error), one.raw, number_of(one.full)))
    return found, refused


def _number_in(raw: bytes) -> str | None:
    """The number in a record that is no XML."""
    found = _NUMBER.search(raw)
    return f"ISRCTN{found[1].decode()}" if found else None


def _as_of(told: Known, records: Iterable[Record]) -> date | None:
    """The newest day that the source has shown: of two records, since one alone may be mistaken by years."""
    days = sorted(day for one in records if one.full is not None and (day := updated_on(one.full)))
    shown = [told.as_of, *days[-2:-1]] if len(days) > 1 else [told.as_of, *days]
    return max((day for day in shown if day), default=None)


def _days(window: Window, records: Iterable[Record]) -> list[date]:
    """By which a window can be cut; the day of application itself is not in a record."""
    day_of = updated_on if window.by == EDITED else assigned_on
    return [day for one in records if one.full is not None and (day := day_of(one.full))]


REGISTRY = Registry(
    name="isrctn",
    title="ISRCTN registry",
    terms="https://www.isrctn.com/page/terms (as reported in 2026-11; not re-read)",
    hosts=("www.isrctn.com", "isrctn.com"),
    requests_per_min=60,  # no official figure; users of the interface leave 0.5 to 1.5 s between requests
    adapter_version=1,
    media_type="application/xml",
    first=first,
    read=read,
    narrower=narrower,
    ahead=ahead,
    at_once=2,
)
