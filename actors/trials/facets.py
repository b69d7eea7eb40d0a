"""What filters ask for, as words of the text index. No I/O.

Each trial carries words such as `=status:recruiting` beside those of its text, so one index answers text and filters
together. The `=` keeps them apart: no word of a text begins with it. A filter becomes a question over these words.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from actors.trials.record import Trial

FIRST_YEAR, LAST_YEAR = 1980, 2050  # what lies beyond counts as the first or the last
WIDE_YEARS = 30  # a longer range leaves too many trials to be worth a question
LONGEST = 200  # characters; an index word may have 2046 bytes
# With so many at most, a vector stays below its 1 MB: the words of the text take 700 KB in the worst case.
MOST_COUNTRIES = 300
MOST_SPONSOR_WORDS = 40
LONGEST_SPONSOR = 5_000  # characters that are looked at

_WORD = re.compile(r"[^\W_]+")


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
    return tuple(sorted(found))


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
