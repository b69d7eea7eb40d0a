"""What filters ask for, as words of the text index. No I/O.

Each trial carries words such as `=status:recruiting` beside those of its text, so one index answers text and filters
together. The `=` keeps them apart: no word of a text begins with it. A filter becomes a question over these words.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import lru_cache
from zlib import crc32

from actors.trials.finding.grid import Point, cells_of, is_place
from actors.trials.normalise import DAYS_PER
from actors.trials.record import Eligibility, Site, Trial

FIRST_YEAR, LAST_YEAR = 1980, 2050  # what lies beyond counts as the first or the last
WIDE_YEARS = 30  # a longer range leaves too many trials to be worth a question
LONGEST = 200  # characters; an index word may have 2046 bytes
# With so many at most, a vector stays below its 1 MB: the words of the text take 700 KB in the worst case.
MOST_COUNTRIES = 300
MOST_SPONSOR_WORDS = 40
MOST_IDS = 100
MOST_SITES = 5_000  # of which cities and cells are taken
LONGEST_SPONSOR = 5_000  # characters that are looked at

# Years at which a band of ages begins; most trials' limits are among them, so that few rows must be looked at.
AGE_BANDS = (0, 1, 2, 6, 12, 16, 18, 21, 30, 40, 50, 55, 60, 65, 70, 75, 80, 85)
PARTS = 1024  # trials in each are a sample of all, as good as any other
SHARES = 32  # of so many parts each: to ask for many parts with few words

_WORD = re.compile(r"[^\W_]+")
_EDGES = tuple(int(year * DAYS_PER["year"]) for year in AGE_BANDS)
_BANDS = tuple(zip(_EDGES, (*(edge - 1 for edge in _EDGES[1:]), 2**62), strict=True))  # first and last day of each


def facets_of(trial: Trial) -> tuple[str, ...]:
    """The facet words of a trial, sorted, each once."""
    found = {
        facet("registry", trial.registry),
        facet("status", trial.status),
        facet("type", trial.study_type),
        *(facet("phase", phase) for phase in trial.phases),
        *(facet("country", country) for country in trial.countries[:MOST_COUNTRIES]),
        *(facet("sponsor", word) for word in words((trial.sponsor or "")[:LONGEST_SPONSOR])[:MOST_SPONSOR_WORDS]),
    }
    if trial.has_results is not None:
        found.add(facet("results", "yes" if trial.has_results else "no"))
    if trial.start:
        found.add(_year("start", trial.start.day.year))
    if trial.completion:
        found.add(_year("completion", trial.completion.day.year))
    if trial.last_updated:
        found.update(_day_words(trial.last_updated.day))
    if trial.sponsor_class:
        found.add(facet("class", trial.sponsor_class))
    if trial.enrolment is not None and trial.enrolment >= 0:
        found.add(_size(trial.enrolment))
    found.update(facet("id", one.value) for one in trial.ids[:MOST_IDS])
    found.update(_who(trial.eligibility))
    found.update(_where(trial.sites[:MOST_SITES]))
    number = crc32(f"{trial.registry} {trial.registry_id}".encode(errors="replace")) % PARTS
    found.update((f"=part:{number}", f"=share:{number // (PARTS // SHARES)}"))
    return tuple(sorted(found))


def _who(admits: Eligibility) -> Iterator[str]:
    """A limit that is not stated keeps nobody out."""
    yield from (facet("sex", sex) for sex in ("female", "male") if admits.sex in (sex, "all", None))
    if admits.healthy_volunteers is not None:
        yield facet("healthy", "yes" if admits.healthy_volunteers else "no")
    least, most = admits.min_age_days or 0, admits.max_age_days
    for band, (first, last) in enumerate(_BANDS):
        if least <= last and (most is None or most >= first):
            yield f"=age:{band}"


def _where(sites: Iterable[Site]) -> Iterator[str]:
    for site in sites:
        if site.city and (city := facet("city", site.city)) != "=city:":
            yield city
        if is_place(site.latitude, site.longitude):
            yield from cells_of((Point(float(site.latitude or 0), float(site.longitude or 0)),))


def age_band(days: int) -> str:
    """The word of all trials that may admit somebody who is so old."""
    return f"=age:{max(band for band, (first, _) in enumerate(_BANDS) if first <= max(days, 0))}"


def _size(enrolment: int) -> str:
    return f"=size:{min(enrolment, 2**40).bit_length()}"


def sizes(least: int) -> tuple[str, ...]:
    """The words of all trials that enrol so many or more, and of some that enrol up to half of it."""
    return tuple(f"=size:{bits}" for bits in range(least.bit_length(), 42))


def parts(count: int) -> tuple[str, ...]:
    """So many of the parts: a sample of count / PARTS of all trials."""
    each = PARTS // SHARES
    shares, rest = divmod(count, each)
    return (*(f"=share:{number}" for number in range(shares)), *(f"=part:{shares * each + one}" for one in range(rest)))


def _day_words(day: date) -> tuple[str, str]:
    return f"=month:{day:%Y-%m}", f"=day:{day:%Y-%m-%d}"


def days(first: date, last: date) -> tuple[str, ...]:
    """The words of all days of a range, both included, by last update: of whole months, and of the days around them."""
    found, day = list[str](), first
    while day <= last:
        following = date(day.year + day.month // 12, day.month % 12 + 1, 1) if day.year < date.max.year else date.max
        if day.day == 1 and following - timedelta(days=1) <= last:
            found.append(f"=month:{day:%Y-%m}")
            day = following
        else:
            found.append(f"=day:{day:%Y-%m-%d}")
            day += timedelta(days=1)
    return tuple(found)


@lru_cache(maxsize=16_384)  # few different ones, each of them many times
def facet(name: str, value: str) -> str:
    """The word for one value of a facet; case, accents and width make no difference."""
    return f"={name}:{folded(value)[:LONGEST]}"


@lru_cache(maxsize=16_384)
def words(text: str) -> tuple[str, ...]:
    """The words of a name, folded, each once, in order."""
    return tuple(dict.fromkeys(_WORD.findall(folded(text))))


def folded(text: str) -> str:
    """Lower case, without accents, width or outer space."""
    if text.isascii():
        return text.strip().lower()
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).strip()


def years(name: str, first: int | None, last: int | None) -> tuple[str, ...]:
    """The words for a range of years; none where it is so wide that the rows must be looked at anyway."""
    low, high = _clipped(first or FIRST_YEAR), _clipped(last or LAST_YEAR)
    if high - low >= WIDE_YEARS:
        return ()
    return tuple(_year(name, year) for year in range(low, high + 1))


def question(*, all_of: Iterable[str] = (), any_of: Iterable[Iterable[str]] = ()) -> str:
    """A tsquery, as text: every word of `all_of`, and of each group in `any_of` at least one. Empty asks nothing."""
    groups = [" | ".join(map(_quoted, group)) for group in any_of]
    return " & ".join([*map(_quoted, all_of), *(f"({group})" for group in groups if group)])


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def _year(name: str, year: int) -> str:
    return f"={name}:{_clipped(year)}"


def _clipped(year: int) -> int:
    return min(max(year, FIRST_YEAR), LAST_YEAR)
