"""What a search asks for, and where its answer goes on. No I/O.

A text is first looked at for registry numbers: those trials come before all others, found by their number alone. The
whole text is asked of the text index, together with the filters, which are words of the same index (facets.py); what a
text means is read in finding/. How the words found are marked in what is shown is in marks.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from actors.trials import facets
from actors.trials.cursors import FOREVER as FOREVER
from actors.trials.cursors import LAST_ID as LAST_ID
from actors.trials.cursors import START as START
from actors.trials.cursors import After as After
from actors.trials.cursors import BadSearch as BadSearch
from actors.trials.cursors import Order as Order
from actors.trials.cursors import cursor as cursor
from actors.trials.cursors import read_cursor
from actors.trials.finding.asking import MESH_UI
from actors.trials.finding.cities import names_of
from actors.trials.finding.grid import MOST_KM, Covered, cover
from actors.trials.found import NOTHING as NOTHING
from actors.trials.found import Count as Count
from actors.trials.found import Facets as Facets
from actors.trials.found import Found as Found
from actors.trials.found import Hit as Hit
from actors.trials.found import Near as Near
from actors.trials.found import Results as Results
from actors.trials.found import Value as Value
from actors.trials.found import counted as counted
from actors.trials.found import page as page
from actors.trials.found import there as there
from actors.trials.normalise import DAYS_PER, numbers_inside, scheme_of
from actors.trials.record import Phase, Status, StudyType

MOST_ROWS = 100
LONGEST_TEXT = 8_000  # characters: a description of a patient has some thousands
MOST_NUMBERS = 20
MOST_DAYS = 200  # words of the index for a range of days; in a longer one rows are compared
OLDEST_YEARS = 150


@dataclass(frozen=True, slots=True)
class Caps:
    """How far a search looks. With the defaults few answers take more than 20 ms among 500,000 trials."""

    hits: int = 2_500  # counted exactly, and all of them sorted; of a question with more a window is read
    ranked: int = 200  # their words are ranked; of more, those with the words in their title come first
    valued: int = 1_000  # the values of so many are all counted
    sample: int = 500  # trials that are enough to count values
    guide: int = 30  # trials that are enough to know how many there are, and how they are spread
    window: int = 60  # trials that a window holds at least, as far as the sample can tell
    read: int = 1_000  # of so many all are read: a window of days would cost as much


CAPS = Caps()


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
    city: tuple[str, ...] = ()
    registry: tuple[str, ...] = ()
    sponsor: str | None = None
    sponsor_class: tuple[str, ...] = ()
    mesh: tuple[str, ...] = ()  # ids of descriptors; those below them are meant too
    has_results: bool | None = None
    age_days: int | None = None  # of somebody whom it must admit
    sex: Literal["female", "male"] | None = None  # of somebody whom it must admit
    healthy: bool | None = None
    near: Near | None = None
    start: Days = ANY_DAY
    completion: Days = ANY_DAY
    updated: Days = ANY_DAY
    with_removed: bool = False
    collapse: bool = False  # of the records of one trial, one stands for all
    order: Order = "relevance"
    rows: int = 20
    cursor: str | None = None  # `next` of the answer before; the search must be the same


@dataclass(frozen=True, slots=True)
class Limits:
    """What is compared row by row, as trial_fits takes it."""

    days: tuple[date | None, ...]
    numbers: tuple[int | None, int]
    near: tuple[float, float, float] | None
    inside: str | None

    @property
    def given(self) -> tuple[object, ...]:
        return (list(self.days), list(self.numbers), list(self.near) if self.near else None, self.inside)


@dataclass(frozen=True, slots=True)
class Plan:
    """`text` and `facets` are empty where they ask nothing; `numbers` are what the text may name a trial by."""

    numbers: tuple[str, ...]
    text: str
    facets: str
    limits: Limits
    after: After
    is_first: bool
    order: Order


def ask(search: Search) -> Plan:
    """What to run. Raises BadSearch."""
    if not 1 <= search.rows <= MOST_ROWS:
        raise BadSearch("rows", f"{search.rows} is not 1 to {MOST_ROWS}")
    text = _sound(search.text)
    for name, days in (("start", search.start), ("completion", search.completion), ("updated", search.updated)):
        if days.first and days.last and days.first > days.last:
            raise BadSearch(name, f"{days.first} is later than {days.last}")
    order = search.order if text or search.order != "relevance" else "newest"
    if order == "distance" and search.near is None:
        raise BadSearch("order", "distance: from where? `near` says it")
    covered = _covered(search)
    after = read_cursor(search.cursor, order) if search.cursor else START
    limits = _limits(search, covered)
    return Plan(
        numbers_in(text), text, question(search, covered), limits, after, is_first=search.cursor is None, order=order
    )


def _covered(search: Search) -> Covered | None:
    if search.near is None:
        return None
    if not 0 < search.near.circle.km <= MOST_KM:
        raise BadSearch("within", f"{search.near.circle.km:g} is not above 0 and up to {MOST_KM:g} km")
    return cover(search.near.circle)


def _limits(search: Search, covered: Covered | None) -> Limits:
    start, completion, updated = search.start, search.completion, search.updated
    circle = search.near.circle if search.near else None
    inside = facets.question(any_of=(covered.inside,)) if covered and covered.inside else None
    return Limits(
        (start.first, start.last, completion.first, completion.last, updated.first, updated.last),
        (search.age_days, int(search.with_removed)),
        (circle.center.lat, circle.center.lon, circle.km) if circle else None,
        inside,
    )


def question(search: Search, covered: Covered | None = None) -> str:
    """The filters as a tsquery over facet words, as text; empty where there are none."""
    sponsor = facets.words(search.sponsor or "")
    if search.sponsor and not sponsor:
        raise BadSearch("sponsor", f"{search.sponsor!r} holds no word")
    if unknown := [ui for ui in search.mesh if not MESH_UI.fullmatch(ui)]:
        raise BadSearch("mesh", f"{unknown[0]!r} is no descriptor: expected an id such as D009203")
    age = () if search.age_days is None else (facets.age_band(search.age_days),)
    return facets.question(
        all_of=(
            *_words("sponsor", sponsor),
            *_yes("results", search.has_results),
            *_yes("healthy", search.healthy),
            *_words("sex", (search.sex,) if search.sex else ()),
            *age,
        ),
        any_of=(
            _words("status", search.status),
            _words("phase", search.phase),
            _words("type", search.study_type),
            _words("country", search.country),
            _words("city", [name for city in search.city for name in names_of(facets.folded(city))]),
            _words("registry", search.registry),
            _words("class", search.sponsor_class),
            _words("mesh", search.mesh),
            _years("start", search.start),
            _years("completion", search.completion),
            _days(search.updated),
            covered.touched if covered else (),
        ),
    )


def _yes(name: str, value: bool | None) -> tuple[str, ...]:
    return () if value is None else (facets.facet(name, "yes" if value else "no"),)


def _days(days: Days) -> tuple[str, ...]:
    """The words of a range of days by last update; none where it is open, or so long that most trials lie in it."""
    if days.first is None or days.last is None:
        return ()
    words = facets.days(days.first, days.last) if (days.last - days.first).days < MOST_DAYS * 30 else ()
    return words if len(words) <= MOST_DAYS else ()


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


def has_days(search: Search) -> bool:
    """Whether days are asked for, which are compared row by row."""
    return any(days != ANY_DAY for days in (search.start, search.completion, search.updated))


def age_in_days(text: str) -> int:
    """An age as people write it: 60, 60 years, 6 months, 10 days. Raises BadSearch."""
    number, _, unit = text.strip().lower().partition(" ")
    days = DAYS_PER.get(unit.strip().rstrip("s") or "year")
    try:
        age = int(float(number) * days) if days else -1
    except (ValueError, OverflowError):
        age = -1
    if not 0 <= age <= OLDEST_YEARS * DAYS_PER["year"]:
        raise BadSearch("age", f"{text!r} is no age: expected years, or such as 6 months")
    return age


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
