"""What a search asks for, and how its answer is shown. No I/O.

A text is first looked at for registry numbers: those trials come before all others, found by their number alone. The
whole text is asked of the text index, together with the filters, which are words of the same index (facets.py).
How the words found are marked in what is shown is in marks.py.
"""

import base64
import binascii
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import orjson

from actors.errors import Refusal
from actors.trials import facets
from actors.trials.normalise import numbers_inside, scheme_of
from actors.trials.record import Phase, Status, StudyType
from actors.trials.shown import RegistryCount, Row

Order = Literal["relevance", "newest"]

MOST_ROWS = 100
LONGEST_TEXT = 1000  # characters
MOST_NUMBERS = 20

FOREVER = date.max  # and date.min: PostgreSQL's infinities, as asyncpg reads and writes them
LAST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Caps:
    """How far a search looks. With the defaults few answers take more than 50 ms among 500,000 trials."""

    hits: int = 5_000  # counted exactly, and all of them ranked or sorted; of a question with more:
    newest: int = (
        6_000  # trials, by last update, of which each is looked at; they hold a page of what is newest, as a rule
    )
    titles: int = 10_000  # trials with the words in their title, found by the index of titles and ranked
    enough_titles: int = 1_000  # among the newest; then no others are looked for


CAPS = Caps()


class BadSearch(Refusal):
    """The search cannot be run; the message says what was expected, `field` of which part of the search."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}", field=field)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Days:
    """A range of days, both included; None is open. A partial date counts as its first day."""

    first: date | None = None
    last: date | None = None


ANY_DAY = Days()


@dataclass(frozen=True, slots=True)
class Search:
    """Of a filter with several values, one must be there; a sponsor must have all the words given."""

    text: str = ""
    status: tuple[Status, ...] = ()
    phase: tuple[Phase, ...] = ()
    study_type: tuple[StudyType, ...] = ()
    country: tuple[str, ...] = ()
    registry: tuple[str, ...] = ()
    sponsor: str | None = None
    has_results: bool | None = None
    start: Days = ANY_DAY
    completion: Days = ANY_DAY
    updated: Days = ANY_DAY
    with_removed: bool = False
    order: Order = "relevance"
    rows: int = 20
    cursor: str | None = None  # `next` of the answer before; the search must be the same


@dataclass(frozen=True, slots=True)
class Newest:
    """Go on after this trial, by last update and id."""

    day: date = FOREVER
    id: int = LAST_ID


@dataclass(frozen=True, slots=True)
class Best:
    """Go on after this trial, by rank and id; trials that came later than `latest_id` are not looked at."""

    rank: float
    id: int
    latest_id: int


START = Best(float("inf"), LAST_ID, LAST_ID)


@dataclass(frozen=True, slots=True)
class Plan:
    """`text` and `facets` are empty where they ask nothing; `numbers` are what the text may name a trial by."""

    numbers: tuple[str, ...]
    text: str
    facets: str
    after: Newest | Best
    is_first: bool


@dataclass(frozen=True, slots=True)
class Count:
    """So many trials; with `more`, there are more than that."""

    trials: int
    more: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A trial that was found, and where to go on after it."""

    id: int
    place: Newest | Best


@dataclass(frozen=True, slots=True)
class Found:
    """The hits from where the search goes on, one more than a page holds; `truncated`: not all could be ranked."""

    hits: Sequence[Hit]
    count: Count
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Results:
    """What was found.

    `exact` are the trials that the text names by number, whatever the filters; they stand on the first page, and are
    left out of `rows`. `count` is of all that is found, each trial once. `next` is None at the end; with `truncated`
    that is the end of those that were ranked, and the order by last update goes on to all.
    """

    exact: tuple[Row, ...]
    rows: tuple[Row, ...]
    count: Count
    next: str | None
    truncated: bool = False


NOTHING = Results((), (), Count(0), None)


def ask(search: Search) -> Plan:
    """What to run. Raises BadSearch."""
    if not 1 <= search.rows <= MOST_ROWS:
        raise BadSearch("rows", f"{search.rows} is not 1 to {MOST_ROWS}")
    text = _sound(search.text)
    for name, days in (("start", search.start), ("completion", search.completion), ("updated", search.updated)):
        if days.first and days.last and days.first > days.last:
            raise BadSearch(name, f"{days.first} is later than {days.last}")
    by_rank = search.order == "relevance" and bool(text)
    start = START if by_rank else _newest_within(search.updated)
    after = _cursor(search.cursor, by_rank=by_rank) if search.cursor else start
    return Plan(numbers_in(text), text, question(search), after, is_first=search.cursor is None)


def _newest_within(updated: Days) -> Newest:
    """Before the first trial, by last update, that the range lets in: no walk through all that are newer."""
    return Newest(updated.last + timedelta(days=1), 0) if updated.last and updated.last < FOREVER else Newest()


def question(search: Search) -> str:
    """The filters as a tsquery over facet words, as text; empty where there are none."""
    sponsor = facets.words(search.sponsor or "")
    if search.sponsor and not sponsor:
        raise BadSearch("sponsor", f"{search.sponsor!r} holds no word")
    results = () if search.has_results is None else ("yes" if search.has_results else "no",)
    return facets.question(
        all_of=(*_words("sponsor", sponsor), *_words("results", results)),
        any_of=(
            _words("status", search.status),
            _words("phase", search.phase),
            _words("type", search.study_type),
            _words("country", search.country),
            _words("registry", search.registry),
            _years("start", search.start),
            _years("completion", search.completion),
        ),
    )


def _words(name: str, values: Sequence[str]) -> list[str]:
    return [facets.facet(name, _storable(value)) for value in values]


def numbers_in(text: str) -> tuple[str, ...]:
    """What in a text may be a trial's number: known registries' anywhere, else the whole text if it has a digit."""
    found = [number for _, number in numbers_inside(text)]
    whole = text.strip().strip('"').strip()
    if known := scheme_of(whole):
        found.append(known[1])
    if any(letter.isdigit() for letter in whole):
        found += [whole, whole.upper()]
    return tuple(dict.fromkeys(found))[:MOST_NUMBERS]


def limits(search: Search) -> tuple[date | None, date | None, date | None, date | None, date | None, date | None, bool]:
    """What is compared row by row, in the order in which the statements take it."""
    start, completion, updated = search.start, search.completion, search.updated
    return start.first, start.last, completion.first, completion.last, updated.first, updated.last, search.with_removed


def has_days(search: Search) -> bool:
    """Whether days are asked for, which are compared row by row."""
    return any(days != ANY_DAY for days in (search.start, search.completion, search.updated))


def counted(hits: int, most: int) -> Count:
    """A count that was stopped one after `most`."""
    return Count(min(hits, most), more=hits > most)


def there(counts: Iterable[RegistryCount], *, with_removed: bool) -> Count:
    """All trials that are held."""
    return Count(sum(one.present + (one.removed if with_removed else 0) for one in counts))


def page(hits: Sequence[Hit], rows: int) -> tuple[Sequence[Hit], str | None]:
    """The hits of one page, and the cursor to the next, from one hit more than a page holds."""
    return hits[:rows], cursor(hits[rows - 1].place) if len(hits) > rows else None


def cursor(after: Newest | Best) -> str:
    """Where to go on, as an opaque word that is safe in a URL."""
    match after:
        case Newest(day, id_):
            told: list[object] = ["n", day.toordinal(), id_]
        case Best(rank, id_, latest_id):
            told = ["b", struct.pack(">f", rank).hex(), id_, latest_id]
    return base64.urlsafe_b64encode(orjson.dumps(told)).decode().rstrip("=")


def _cursor(text: str, *, by_rank: bool) -> Newest | Best:
    try:
        told = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        match told:
            case ["n", int(day), int(id_)] if not by_rank and abs(id_) <= LAST_ID:
                return Newest(date.fromordinal(day), id_)
            case ["b", str(rank), int(id_), int(latest)] if by_rank and max(abs(id_), abs(latest)) <= LAST_ID:
                return Best(struct.unpack(">f", bytes.fromhex(rank))[0], id_, latest)
    except (ValueError, OverflowError, struct.error, binascii.Error):
        pass  # it is refused below, like any other that is not ours
    raise BadSearch("cursor", "this is not where an answer to this search ended")


def _sound(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise BadSearch("text", f"{len(text)} characters are more than {LONGEST_TEXT}")
    return _storable(text).strip()


def _storable(text: str) -> str:
    """Without NUL and lone surrogates, which no stored text has."""
    return text.replace("\0", " ").encode(errors="replace").decode()


def _years(name: str, days: Days) -> tuple[str, ...]:
    if days == ANY_DAY:
        return ()
    first = days.first.year if days.first else None
    return facets.years(name, first, days.last.year if days.last else None)
