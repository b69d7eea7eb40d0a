"""ClinicalTrials.gov, by its API v2. No I/O.

One query asks for everything, or for all that changed since a day, a thousand studies a page. Page tokens live
for a while and inside one query only, so a query too large, or whose token died, goes on as windows of dates:

    everything             RANGE[MIN, …] · RANGE[…] · … · RANGE[…, MAX] · those without a date
    changed since a day    RANGE[since, …] · RANGE[…] · … · RANGE[…, MAX]

The outer windows are open, so nothing falls beside them; a window that is still too large is split again. What is held
is compared with lists of bare numbers and dates, asked for in the same way. A page that
is too large or cannot be read is asked for study by study, of which the bare numbers are listed first; what follows it
is a window again:

    page ── list of a thousand numbers ─┬─ 100 studies by their numbers ── 50 ── … ── one: it alone is set aside
                                        └─ RANGE[the last date of the list, …]

Everything is sorted with the first posted first, which never changes: nothing moves during a sweep. What changed is
sorted with the latest update first: what changes meanwhile moves to the front, so that pages repeat studies and leave
none out, and any change shows on the first page.

What follows a page should be asked before what was waiting already, so that a token is used while it is young.
Parameters, limits and paging: the registry's own OpenAPI description of /api/v2/studies.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date

import msgspec

from actors.registries import Ended, Found, Listed, Page, Refused, Registry, Request, UnreadableBody
from actors.trials.normalise import NotReadable
from actors.trials.reading.ctgov.note import Note, counted, day_of, noted, query_of, reached, total_of, window_of
from actors.trials.reading.ctgov.page import (
    NotAPage,
    PageOfStudies,
    number_in,
    page_of,
    stated_day,
    updated_in,
    version_of,
)
from actors.trials.reading.ctgov.study import read_study
from actors.trials.reading.ctgov.windows import LAST_DAY, POSTED, UPDATED, Window, filter_of, halves, left_of, parts

URL = "https://clinicaltrials.gov/api/v2/studies"
PAGE_SIZE = 1000  # the API cuts larger pages to this, silently
BY_NUMBER = 100  # studies asked for by their numbers at once: an address of 1,200 characters
MANY = 50_000  # studies of one query; beyond it one dead token would cost too much to repeat
RESTARTS = 3  # of one window that cannot be split, when its token dies again and again
SPARE_PAGES = 100  # a chain of pages may be this much longer than twice what its count asks for
UNCOUNTED_PAGES = 5_000
PARTS, DATES = "parts", "dates"  # why numbers are listed: to ask for fewer at once; to compare


def first(since: date | None) -> tuple[Request, ...]:
    """Everything, or all whose last update was posted on `since` or later."""
    if since is None:
        return (_ask(Window(POSTED)),)
    return (replace(_ask(Window(UPDATED, since)), repeats=True),)


def read(request: Request, body: bytes) -> Page:
    """The studies of one page, each with its own bytes, and what to ask next. Raises UnreadableBody."""
    note = dict(request.state)
    try:
        answer = page_of(body)
    except NotAPage as error:
        raise UnreadableBody(str(error)) from error
    if note.get("listing") == PARTS:
        return _listed(request, note, answer)
    if note.get("listing") == DATES:
        return _dated(request, note, answer)
    found, refused = _studies(answer.studies)
    page = int(note.get("page", "1"))
    if page == 1:
        note |= counted(note, answer.total_count, _newest(answer.studies, found))
    total = total_of(note)
    if page == 1 and (windows := _too_large(note)):
        # Nothing is taken from this page: its studies come again, in their windows.
        return Page(follow=tuple(_ask(window, total=total) for window in windows), total=total)
    days = _days(found, note["by"])
    follow = _next_page(request, note | reached(days, note["by"]), page, answer.next_page_token)
    telling = request.repeats and (not follow or len(set(days)) > 1)  # the newest day is on it as a whole
    return Page(tuple(found), tuple(refused), follow, total, query_of(note), _ended(note, follow), telling)


def instead(request: Request, status: int) -> tuple[Request, ...]:
    """After a refused page token: the window again from its start, in halves where it can be cut.

    So each further dead token leaves shorter windows, down to such as need no token. A window that cannot be cut
    is begun anew at most RESTARTS times.
    """
    if status not in (400, 404) or "pageToken" not in dict(request.params):
        return ()
    note = dict(request.state)
    window, total = window_of(note), note.get("total")
    ask = _asker(note)
    if two := halves(window, day_of(note, "newest")):
        return tuple(ask(half, total=total) for half in two)
    restarts = int(note.get("restarts", "0")) + 1
    return (ask(window, total=total, restarts=restarts, again=note.get("again")),) if restarts <= RESTARTS else ()


def narrower(request: Request) -> tuple[Request, ...]:
    """After a page that cannot be read: the numbers of its studies and of those after it, then fewer of them at once.

    Nothing after one that was asked for alone, and after a list of numbers: then it is no study's fault.
    """
    note = dict(request.state)
    if "listing" in note:
        return ()
    if "numbers" in note:
        numbers = note["numbers"].split(",")
        half = len(numbers) // 2
        return tuple(_ask_for(part, note) for part in (numbers[:half], numbers[half:])) if half else ()
    here, *beside = left_of(window_of(note), day_of(note, "last"))
    total = note.get("total")
    return (_list(here, total), *(_ask(part, total=total) for part in beside))


def listing() -> tuple[Request, ...]:
    """The numbers of all studies, with the days of their last updates."""
    return (_list_dates(Window(POSTED)),)


def by_numbers(numbers: Sequence[str]) -> tuple[Request, ...]:
    """Studies by their numbers, some at once."""
    note = {"by": POSTED}
    return tuple(_ask_for(numbers[at : at + BY_NUMBER], note) for at in range(0, len(numbers), BY_NUMBER))


def _ask(window: Window, **known: object) -> Request:
    """A window from its start; `known` goes into the note: total, restarts, again."""
    condition = filter_of(window)
    params = [("pageSize", str(PAGE_SIZE)), ("countTotal", "true"), ("sort", _sort(window))]
    params += [("filter.advanced", condition)] if condition else []
    return Request(URL, tuple(params), state=noted(window, **known))


def _list(window: Window, total: str | None) -> Request:
    """The bare numbers and dates of the studies of a window, in its order."""
    asked = _ask(window, total=total, listing=PARTS)
    return replace(asked, params=(*asked.params, ("fields", f"NCTId,{window.by}")))


def _list_dates(window: Window, **known: object) -> Request:
    """The numbers of the studies of a window, and when they were updated."""
    asked = _ask(window, listing=DATES, **known)
    return replace(asked, params=(*asked.params, ("fields", f"NCTId,{UPDATED}")))


def _asker(note: Note) -> Callable[..., Request]:
    """How a window is asked for that comes of this one."""
    return _list_dates if note.get("listing") == DATES else _ask


def _ask_for(numbers: Sequence[str], note: Note, **known: object) -> Request:
    """Studies by their numbers."""
    params = (("pageSize", str(PAGE_SIZE)), ("countTotal", "true"), ("filter.ids", ",".join(numbers)))
    state = noted(Window(note["by"]), total=note.get("total"), numbers=",".join(numbers), **known)
    return Request(URL, params, state=state, only=numbers[0] if len(numbers) == 1 else None)


def _sort(window: Window) -> str:
    return f"{window.by}:{'desc' if window.by == UPDATED else 'asc'}"


def _too_large(note: Note) -> tuple[Window, ...]:
    """The windows to ask for instead of a query that counts too many; of equal length, each half full at best."""
    count = int(note.get("count", "0"))
    return parts(window_of(note), day_of(note, "newest"), 2 * -(-count // MANY)) if count > MANY else ()


def _ended(note: Note, follow: tuple[Request, ...]) -> Ended | None:
    if follow or "count" not in note:
        return None
    count = int(note["count"])
    if "again" in note:
        return Ended(count)
    if "numbers" in note:
        return Ended(count, (_ask_for(note["numbers"].split(","), note, again=count),))
    return Ended(count, (_asker(note)(window_of(note), total=note["total"], again=count),))


def _days(found: Iterable[Found], by: str) -> list[date]:
    whens = [one.trial.last_updated if by == UPDATED else one.trial.first_posted for one in found]
    return [when.day for when in whens if when]


def _next_page(request: Request, note: Note, page: int, token: str | None) -> tuple[Request, ...]:
    if not token:
        return ()
    if token == dict(request.params).get("pageToken"):
        raise UnreadableBody(f"page {page} gives its own page token as the next one")
    most = 2 * (int(note["count"]) // PAGE_SIZE) + SPARE_PAGES if "count" in note else UNCOUNTED_PAGES
    if page >= most:
        raise UnreadableBody(f"page {page} still gives a next page token, though at most {most} pages were expected")
    kept = tuple(pair for pair in request.params if pair[0] not in ("pageToken", "countTotal"))
    state = tuple((note | {"page": str(page + 1)}).items())
    return (Request(request.url, (*kept, ("pageToken", token)), state=state),)


def _listed(request: Request, note: Note, answer: PageOfStudies) -> Page:
    """A list of numbers: the studies by these, some at once, and what comes after them by date again."""
    raws = [bytes(raw) for raw in answer.studies]
    numbers = [number for raw in raws if (number := number_in(raw))]
    if len(numbers) < len(raws):
        raise UnreadableBody("a list of studies without their numbers")
    page = int(note.get("page", "1"))
    note |= counted(note, answer.total_count, None) if page == 1 else {}
    parts = [_ask_for(numbers[at : at + BY_NUMBER], note) for at in range(0, len(numbers), BY_NUMBER)]
    rest = _next_page(request, note, page, answer.next_page_token)
    last = reached([day for raw in raws if (day := stated_day(raw))], note["by"])
    windows = left_of(window_of(note), day_of(last, "last"))
    if rest and windows[0] != window_of(note):
        rest = tuple(_ask(window, total=note.get("total")) for window in windows)
    total = total_of(note)
    return Page(follow=(*parts, *rest), total=total)


def _dated(request: Request, note: Note, answer: PageOfStudies) -> Page:
    """A list of numbers and dates, to be compared with what is held."""
    listed = []
    for raw in map(bytes, answer.studies):
        number = number_in(raw)
        if number is None:
            raise UnreadableBody("a list of studies without their numbers")
        listed.append(Listed(number, updated_in(raw)))
    page = int(note.get("page", "1"))
    if page == 1:
        days = [one.updated for one in listed if one.updated]
        note |= counted(note, answer.total_count, min(max(days), LAST_DAY) if days else None)
    total = total_of(note)
    if page == 1 and (windows := _too_large(note)):
        return Page(follow=tuple(_list_dates(window, total=total) for window in windows), total=total)
    follow = _next_page(request, note, page, answer.next_page_token)
    return Page(listed=tuple(listed), follow=follow, total=total, query=query_of(note), ended=_ended(note, follow))


def _newest(studies: list[msgspec.Raw], found: list[Found]) -> date | None:
    """The day of the data, as every study states it, or else the latest that the page's studies know of."""
    if studies and (version := version_of(studies[0])):
        return min(version, LAST_DAY)
    days = [day.day for one in found for day in (one.trial.first_posted, one.trial.last_updated) if day]
    return min(max(days), LAST_DAY) if days else None


def _studies(raws: list[msgspec.Raw]) -> tuple[list[Found], list[Refused]]:
    found: list[Found] = []
    refused: list[Refused] = []
    for slice_ in raws:
        raw = bytes(slice_)
        try:
            found.append(Found(read_study(raw), raw))
        except NotReadable as error:
            refused.append(Refused(str(error), raw, number_in(raw)))
    return found, refused


REGISTRY = Registry(
    name="ctgov",
    title="ClinicalTrials.gov",
    terms="https://clinicaltrials.gov/about-site/terms-conditions (as reported in 2026-11; not re-read)",
    hosts=("clinicaltrials.gov",),
    requests_per_min=50,  # no official figure; what users of the API report as safe
    adapter_version=2,
    media_type="application/json",
    first=first,
    read=read,
    instead=instead,
    narrower=narrower,
    listing=listing,
    by_numbers=by_numbers,
)
