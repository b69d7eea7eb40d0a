"""CTIS, the European Union's clinical trials information system, by the interface of its public portal. No I/O.

The search only lists trials; each record is asked for by its number:

    search ─┬─ retrieve 2023-505613-24-00 · retrieve … · up to a hundred
            └─ the next page of the search, once these are read (actors/trials/reading/ctis/walk.py tells which)

Retrieves belong to the query of the search that listed them, and the walk ends after the last of them, so that what was
met can be compared with what the source counts. A number counts submissions of one trial at its end (…-00, -01): the
highest is read, and kept under the number without it.

A trial that is listed but not to be had is looked up once more: listed still, it is refused with its row; else it is
gone. No official description exists; what is known was observed (users of the interface, 2024-06 to 2026-08).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from itertools import islice, takewhile

from actors.registries import Ended, Found, Listed, Page, Refused, Registry, Request, UnreadableBody
from actors.trials.normalise import NotReadable
from actors.trials.reading.ctis.loose_json import loose_json
from actors.trials.reading.ctis.number import Seen, parted
from actors.trials.reading.ctis.page import BadRow, NotASearch, Row, search_of
from actors.trials.reading.ctis.record import trial_of
from actors.trials.reading.ctis.walk import ALL, REST, UPDATED, Walk, by_status, is_too_large, step, walk_of, wanted

URL = "https://euclinicaltrials.eu/ctis-public-api"
SEARCH = f"{URL}/search"
FEWER = 10  # times fewer rows are asked for at once when a page cannot be read
AHEAD = 48  # records that are fetched while others are read
SUBMISSIONS = 3  # of a trial whose number is known without them, looked for before it is taken for gone
ABSENT = (400, 404, 410)  # what `retrieve` answers for a number that it does not have

Note = dict[str, str]


def first(since: date | None) -> tuple[Request, ...]:
    """Everything, or all that was updated or published on `since` or later."""
    return (_search(Walk(since=since)),)


def listing() -> tuple[Request, ...]:
    """The numbers of all trials, with the days of their last updates."""
    return (_search(Walk(listing=True)),)


def by_numbers(numbers: Sequence[str]) -> tuple[Request, ...]:
    """Trials by their numbers without submissions: each is looked up, from the first submission on."""
    return tuple(_look_up(number, 0) for number in numbers)


def read(request: Request, body: bytes) -> Page:
    """A record, or rows of the search and what to ask for them. Raises UnreadableBody."""
    note = dict(request.state)
    match note.get("ask"):
        case "record":
            return _retrieved(request, note, body)
        case "gone":
            return _gone(note, body)
        case "number":
            return _looked_up(note, body)
    return _walked(request, note, body)


def instead(request: Request, status: int) -> tuple[Request, ...]:
    """After a record that is not there: its number in the search, to tell what is gone from what is kept back."""
    note = dict(request.state)
    if note.get("ask") != "record" or status not in ABSENT:
        return ()
    return (_still_listed(note),)


def narrower(request: Request) -> tuple[Request, ...]:
    """After an unreadable answer: a tenth of the rows at once, down to one; that, or a record, is then set aside."""
    note = dict(request.state)
    match note.get("ask"):
        case "record":
            last = replace(request, state=(*request.state, ("last", "yes")))
            return (_still_listed(note | {"large": "yes"}),) if "last" in note else (last,)
        case "gone" | "number":
            return ()
    walk = walk_of(note)
    if walk.phase == "close":
        return (_search(replace(walk, size=walk.size // FEWER)),) if walk.size > 1 else ()
    if walk.size == 1:
        return () if "last" in note else (_search(walk, last=True),)
    size = walk.size // FEWER
    start = (walk.page - 1) * FEWER
    part = replace(walk, phase="part", size=size, seen="")
    parts = tuple(_search(replace(part, page=start + number)) for number in range(1, FEWER + 1))
    return parts if walk.phase == "part" else (*parts, _search(replace(walk, page=walk.page + 1)))


def ahead(pending: Sequence[Request]) -> tuple[Request, ...]:
    """The records that come next, and the page of the search behind them; not the one that closes it."""
    records = tuple(takewhile(lambda one: dict(one.state).get("ask") == "record", islice(pending, AHEAD)))
    behind = pending[len(records)] if records and len(records) < len(pending) else None
    if behind is None or "ask" in (note := dict(behind.state)) or walk_of(note).phase != "pass":
        return records
    return (*records, behind)


def _search(walk: Walk, *, last: bool = False) -> Request:
    criteria: dict[str, object] = {} if walk.status in (ALL, REST) else {"status": [int(walk.status)]}
    asked = _asked(criteria, page=walk.page, size=walk.size, by=walk.by, order=walk.order)
    return replace(asked, state=(*walk.noted(), *((("last", "yes"),) if last else ())))


def _asked(criteria: dict[str, object], *, page: int, size: int, by: str = UPDATED, order: str = "DESC") -> Request:
    question = {
        "searchCriteria": criteria,
        "pagination": {"page": page, "size": size},
        "sort": {"property": by, "direction": order},
    }
    return Request(SEARCH, method="POST", body=json.dumps(question), media_type="application/json")


def _retrieve(row: Row, query: str) -> Request:
    note = {"ask": "record", "query": query, "number": row.number}
    if row.updated:
        note["updated"] = row.updated.isoformat()
    return Request(f"{URL}/retrieve/{row.number}", state=tuple(note.items()))


def _still_listed(note: Note) -> Request:
    state = {name: note[name] for name in ("query", "number", "anew", "large") if name in note} | {"ask": "gone"}
    return replace(_asked({"number": note["number"]}, page=1, size=10), state=tuple(state.items()))


def _look_up(trial: str, submission: int, best: str = "") -> Request:
    state = {"ask": "number", "trial": trial, "submission": str(submission), "best": best}
    return replace(_asked({"number": f"{trial}-{submission:02}"}, page=1, size=10), state=tuple(state.items()))


def _walked(request: Request, note: Note, body: bytes) -> Page:
    walk = walk_of(note)
    try:
        total, rows = search_of(body)
    except NotASearch as error:
        if "last" in note:
            return Page(refused=(Refused(str(error), body),), query=walk.query)
        raise UnreadableBody(str(error)) from error
    good = [row for row in rows if isinstance(row, Row)]
    newest = max((day for row in good if (day := row.newest)), default=None)
    if is_too_large(walk, total):
        return Page(follow=(_search(by_status(walk, total, newest)),), total=total, query=walk.query)
    seen = Seen(walk.seen)
    fresh = _fresh(walk, seen, good)
    bad = [Refused(row.reason, row.raw) for row in rows if isinstance(row, BadRow)] if walk.phase != "close" else []
    walk = replace(walk, bad=walk.bad + len(bad), newest=walk.newest or newest)
    older = bool(rows) and not any(wanted(walk, row) for row in good)
    after = step(walk, seen, rows=total, given=len(rows), older=older, fresh=bool(fresh))
    return Page(
        refused=tuple(bad),
        listed=tuple(Listed(row.trial, row.updated) for row in fresh) if walk.listing else (),
        follow=(
            *(() if walk.listing else (_retrieve(row, walk.query) for row in fresh)),
            *((_search(after.on),) if after.on else ()),
        ),
        total=_total(walk, seen, total),
        query=walk.query,
        ended=None if after.count is None else Ended(after.count, (_search(after.again),) if after.again else ()),
    )


def _fresh(walk: Walk, seen: Seen, rows: Iterable[Row]) -> list[Row]:
    """What was not met yet; of several submissions of a trial, the highest."""
    fresh = {}
    for row in rows:
        if wanted(walk, row) and seen.add(row.trial, row.submission):
            fresh[row.trial] = row
    return list(fresh.values())


def _total(walk: Walk, seen: Seen, rows: int) -> int | None:
    """The trials of all that is asked."""
    if walk.again or walk.phase == "part" or (walk.since and not walk.late):
        return None
    if walk.late:
        return rows - walk.folded
    return (rows if walk.total is None else walk.total) - walk.folded - seen.folded


def _retrieved(request: Request, note: Note, body: bytes) -> Page:
    query, number = note["query"], note["number"]
    if body.lstrip()[:1] == b"<":  # its page for people, which it answers for unknown addresses, or while it is mended
        return _page_for_people(note, body)
    try:
        trial = trial_of(loose_json(body), note.get("updated"))
    except NotReadable as error:
        if body.rstrip()[-1:] != b"}" and "last" not in note:
            raise UnreadableBody(f"not the JSON of a record, or cut short: {error}") from error
        return _refused(str(error), body, number, query)
    if trial.registry_id != _trial(number):
        return _refused(f"asked for {number}, {trial.registry_id} came", body, number, query)
    return Page(found=(Found(trial, body),), query=query)


def _page_for_people(note: Note, body: bytes) -> Page:
    """Asked for twice more, and looked up between, before it is believed that there is no record."""
    if "anew" in note:
        return _refused("is listed, but a page for people came", body, note["number"], note["query"])
    if "last" not in note:
        raise UnreadableBody("a page for people, not the JSON of a record")
    return Page(follow=(_still_listed(note | {"anew": "yes"}),), query=note["query"])


def _refused(reason: str, raw: bytes, number: str, query: str) -> Page:
    return Page(refused=(Refused(reason, raw, _trial(number)),), query=query)


def _gone(note: Note, body: bytes) -> Page:
    number, query = note["number"], note["query"]
    for row in _found(body, _trial(number)):
        if row.number == number and "anew" in note:
            anew = _retrieve(row, query)
            return Page(follow=(replace(anew, state=(*anew.state, ("anew", "yes"))),), query=query)
        if row.number == number:
            problem = "its record is too large" if "large" in note else "is listed, but there is no record of it"
            return _refused(problem, row.raw, number, query)
    return Page(query=query)


def _looked_up(note: Note, body: bytes) -> Page:
    """Goes through the submissions of a trial until one is not found; the highest before it is the one to read."""
    trial, submission = note["trial"], int(note["submission"])
    query = f"number {trial}"
    known = [row for row in _found(body, trial) if row.submission >= submission]
    rows = sorted(known, key=lambda row: row.submission)
    if rows:
        return Page(follow=(_look_up(trial, rows[-1].submission + 1, _packed(rows[-1])),), query=query)
    if note["best"]:
        number, _, updated = note["best"].partition(" ")
        state = {"ask": "record", "query": query, "number": number} | ({"updated": updated} if updated else {})
        return Page(follow=(Request(f"{URL}/retrieve/{number}", state=tuple(state.items())),), query=query)
    more = submission + 1 < SUBMISSIONS
    return Page(follow=(_look_up(trial, submission + 1),) if more else (), query=query)


def _packed(row: Row) -> str:
    return f"{row.number} {row.updated or ''}"


def _found(body: bytes, trial: str) -> list[Row]:
    try:
        _, rows = search_of(body)
    except NotASearch as error:
        raise UnreadableBody(str(error)) from error
    return [row for row in rows if isinstance(row, Row) and row.trial == trial]


def _trial(number: str) -> str:
    known = parted(number)
    return known[0] if known else number


REGISTRY = Registry(
    name="ctis",
    title="EU Clinical Trials Information System",
    terms="https://euclinicaltrials.eu/about-this-website/ (as reported in 2026-11; not re-read)",
    hosts=("euclinicaltrials.eu",),
    requests_per_min=120,  # no official figure; users of the interface report 0.3 to 0.5 s between requests as safe
    adapter_version=1,
    media_type="application/json",
    first=first,
    read=read,
    instead=instead,
    narrower=narrower,
    listing=listing,
    by_numbers=by_numbers,
    ahead=ahead,
    at_once=8,  # ctrdata has up to ten under way
)
