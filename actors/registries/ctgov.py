"""ClinicalTrials.gov, by its API v2. No I/O.

One query asks for everything, or for all that changed since a day, a thousand studies a page. Page tokens live
for a while and inside one query only, so a query too large, or whose token died, goes on as windows of dates:

    everything             RANGE[MIN, …] · 30 days · 30 days · … · RANGE[…, MAX] · those without a date
    changed since a day    30 days · 30 days · … · RANGE[…, MAX]

The outer windows are open, so nothing falls beside them; a window that is still too large is split again.
Pages are sorted by the window's own date: what changes during a sweep moves to the end, where it is met again.
What follows a page should be asked before what was waiting already, so that a token is used while it is young.
Parameters, limits and paging: the registry's own OpenAPI description of /api/v2/studies.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import msgspec

from actors.registries import Found, Page, Refused, Registry, Request, UnreadableBody
from actors.trials.ctgov_study import read_study
from actors.trials.normalise import NotReadable

URL = "https://clinicaltrials.gov/api/v2/studies"
PAGE_SIZE = 1000  # the API cuts larger pages to this, silently
MANY = 50_000  # studies of one query; beyond it one dead token would cost too much to repeat
WINDOW_DAYS = 30
FEWEST_WINDOWS = 12  # of an open range whose newest date is not known
FIRST_DAY = date(2000, 1, 1)  # the registry opened in early 2000; what is older falls into the first window
LAST_DAY = date(2100, 1, 1)  # no window begins beyond it
RESTARTS = 3  # of one window that cannot be split, when its token dies again and again
SPARE_PAGES = 100  # a chain of pages may be this much longer than twice what its count asks for
UNCOUNTED_PAGES = 5_000

POSTED, UPDATED = "StudyFirstPostDate", "LastUpdatePostDate"

_VERSION = re.compile(rb'"versionHolder"\s*:\s*"([0-9]{4}-[0-9]{2}-[0-9]{2})"')
_NUMBER = re.compile(rb'"nctId"\s*:\s*"(NCT[0-9]{8})"')
_TOKENS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Window:
    """Studies whose date `by` lies from `start` to `end`, both included, None being open; or those without one."""

    by: str
    start: date | None = None
    end: date | None = None
    undated: bool = False


class _Answer(msgspec.Struct, rename="camel", gc=False):
    studies: list[msgspec.Raw]
    next_page_token: str | None = None
    total_count: int | None = None


_decode = msgspec.json.Decoder(_Answer).decode


def first(since: date | None) -> tuple[Request, ...]:
    """Everything, or all whose last update was posted on `since` or later."""
    return (_ask(Window(POSTED) if since is None else Window(UPDATED, since)),)


def read(request: Request, body: bytes) -> Page:
    """The studies of one page, each with its own bytes, and what to ask next. Raises UnreadableBody."""
    note = dict(request.state)
    page = int(note.get("page", "1"))
    answer = _answer(body)
    found, refused = _studies(answer.studies)
    if page == 1:
        note |= _counted(note, answer.total_count, _newest(answer.studies, found))
    total = int(note["total"]) if "total" in note else None
    if page == 1 and int(note.get("count", "0")) > MANY and (parts := _windows(_window(note), _day(note, "newest"))):
        # Nothing is taken from this page: its studies come again, in their windows.
        return Page(follow=tuple(_ask(part, total=total) for part in parts), total=total)
    follow = _next_page(request, note, page, answer.next_page_token)
    return Page(tuple(found), tuple(refused), follow, total)


def instead(request: Request, status: int) -> tuple[Request, ...]:
    """After a refused page token: the window again from its start, in halves where it can be cut.

    So each further dead token leaves shorter windows, down to such as need no token. A window that cannot be cut
    is begun anew at most RESTARTS times.
    """
    if status not in (400, 404) or "pageToken" not in dict(request.params):
        return ()
    note = dict(request.state)
    window, total = _window(note), int(note["total"]) if "total" in note else None
    if parts := _halves(window, _day(note, "newest")):
        return tuple(_ask(part, total=total) for part in parts)
    restarts = int(note.get("restarts", "0")) + 1
    return (_ask(window, total=total, restarts=restarts),) if restarts <= RESTARTS else ()


def _ask(window: Window, *, total: int | None = None, restarts: int = 0) -> Request:
    params = [("pageSize", str(PAGE_SIZE)), ("countTotal", "true"), ("sort", f"{window.by}:asc")]
    if condition := _condition(window):
        params.append(("filter.advanced", condition))
    note = {"by": window.by}
    if window.start:
        note["start"] = window.start.isoformat()
    if window.end:
        note["end"] = window.end.isoformat()
    if window.undated:
        note["undated"] = "yes"
    if total is not None:
        note["total"] = str(total)
    if restarts:
        note["restarts"] = str(restarts)
    return Request(URL, tuple(params), state=tuple(note.items()))


def _condition(window: Window) -> str | None:
    if window.undated:
        return f"AREA[{window.by}]MISSING"
    if window.start is None and window.end is None:
        return None
    return f"AREA[{window.by}]RANGE[{window.start or 'MIN'},{window.end or 'MAX'}]"


def _window(note: dict[str, str]) -> Window:
    return Window(note["by"], _day(note, "start"), _day(note, "end"), "undated" in note)


def _day(note: dict[str, str], name: str) -> date | None:
    return date.fromisoformat(note[name]) if name in note else None


def _counted(note: dict[str, str], count: int | None, newest: date | None) -> dict[str, str]:
    """What the first page of a window teaches: its count, the whole query's total, the newest date seen."""
    learnt = {}
    if count is not None:
        learnt = {"count": str(count), "total": note.get("total", str(count))}
    if newest is not None:
        learnt["newest"] = newest.isoformat()
    return learnt


def _next_page(request: Request, note: dict[str, str], page: int, token: str | None) -> tuple[Request, ...]:
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


def _windows(window: Window, newest: date | None) -> tuple[Window, ...]:
    """The shorter windows that together are `window`; none where it cannot be cut."""
    if window.undated or window.end is not None:
        return _halves(window, newest)
    start = window.start or FIRST_DAY
    many = max(((newest or start) - start).days // WINDOW_DAYS, FEWEST_WINDOWS)
    edges = [start + timedelta(days=WINDOW_DAYS * number) for number in range(many + 1)]
    if edges[-1] > LAST_DAY:
        return ()
    closed = [Window(window.by, edge, after - timedelta(days=1)) for edge, after in pairwise(edges)]
    return (*_before(window), *closed, Window(window.by, edges[-1]), *_undated(window))


def _halves(window: Window, newest: date | None) -> tuple[Window, ...]:
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


def _newest(studies: list[msgspec.Raw], found: list[Found]) -> date | None:
    """The day of the data, as every study states it, or else the latest that the page's studies know of."""
    version = _VERSION.search(memoryview(studies[0])) if studies else None
    if version:
        try:
            return min(date.fromisoformat(version[1].decode()), LAST_DAY)
        except ValueError:
            pass  # not a day of the calendar: the studies' own dates are the next best
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
            number = _NUMBER.search(raw)
            refused.append(Refused(str(error), raw, number[1].decode() if number else None))
    return found, refused


def _answer(body: bytes) -> _Answer:
    try:
        return _decode(body)
    except msgspec.ValidationError as error:
        expected = "an object of studies, nextPageToken, totalCount"
        raise UnreadableBody(f"not a page of studies ({expected}): {error}") from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        if (answer := _salvaged(body)) is None:
            raise UnreadableBody(f"not the JSON of a page of studies, or cut short: {error}") from error
        return answer


def _salvaged(body: bytes) -> _Answer | None:
    """A page with something broken inside a study (a lone surrogate, a bad escape), cut by its brackets alone."""
    if not body.rstrip().endswith(b"}") or (found := _study_spans(body)) is None:
        return None
    spans, start, end = found
    try:
        frame = _decode(body[:start] + body[end:])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    frame.studies = [msgspec.Raw(body[low:high].strip()) for low, high in spans]
    return frame


def _study_spans(body: bytes) -> tuple[list[tuple[int, int]], int, int] | None:
    """Where the members of the top-level array `studies` stand, and where that array begins and ends."""
    spans: list[tuple[int, int]] = []
    depth, member, inside, word = 0, 0, 0, b""
    for token in _TOKENS.finditer(body):
        text = token[0]
        if text in (b"{", b"["):
            depth += 1
            if text == b"[" and depth == 2 and word == b'"studies"':
                inside = member = token.end()
        elif text == b"," and depth == 2 and inside:
            spans.append((member, token.start()))
            member = token.end()
        elif text in (b"}", b"]"):
            depth -= 1
            if depth == 1 and inside:
                if body[member : token.start()].strip():
                    spans.append((member, token.start()))
                return spans, inside, token.start()
        elif depth == 1:
            word = text
    return None


REGISTRY = Registry(
    name="ctgov",
    title="ClinicalTrials.gov",
    terms="https://clinicaltrials.gov/about-site/terms-conditions (as reported in 2026-11; not re-read)",
    hosts=("clinicaltrials.gov",),
    requests_per_min=50,  # no official figure; what users of the API report as safe
    adapter_version=1,
    media_type="application/json",
    first=first,
    read=read,
    instead=instead,
)
