"""What a search of EU CTR finds, and one page of it. No I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from demo.euctr_record import Listed
from demo.requests import BadRequest

PER_PAGE = 20
FEED_DAYS = 7
_NUMBER = re.compile(r"20\d\d-\d{6}-\d\d")
_ASKED = re.compile(r"(?:eudract_number:)?\s*(20\d\d-\d{6}-\d\d)")
KNOWN = frozenset(
    {
        "query", "page", "mode", "format", "dContent", "number", "submit-download", "country", "age", "phase", "gender",
        "dateFrom", "dateTo", "rare", "orphanimp", "orphannum", "resultsstatus", "status",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Query:
    numbers: tuple[str, ...]
    words: tuple[str, ...]
    since: date | None
    until: date | None
    countries: tuple[str, ...]
    results: str
    page: int


def parse(params: Mapping[str, str], countries: Sequence[str] = ()) -> Query:
    """Raises BadRequest. What the search does not know it does not look at, as the register does."""
    text = params.get("query", "").strip()
    numbers = _ASKED.findall(text)
    words = () if numbers else tuple(text.lower().replace(" and ", " ").split())
    try:
        page = int(params.get("page") or 1)
        since, until = (_day(params.get(name)) for name in ("dateFrom", "dateTo"))
    except ValueError as error:
        raise BadRequest(str(error)) from error
    wanted = tuple(country.upper() for country in countries if country)
    return Query(tuple(numbers), words, since, until, wanted, params.get("resultsstatus", ""), max(1, page))


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def select(records: Sequence[Listed], query: Query) -> list[int]:
    """Places, from 1, of what it finds, the newest start first; one without the date is in no window."""

    def start(place: int) -> tuple[date, str]:
        one = records[place - 1]
        return one.started or date.min, one.number

    found = [place for place, one in enumerate(records, start=1) if _meets(one, query)]
    return sorted(found, key=start, reverse=True)


def _meets(one: Listed, query: Query) -> bool:
    if query.numbers and one.number not in query.numbers:
        return False
    if (query.since or query.until) and not _within(one.started, query):
        return False
    if query.countries and not any(protocol.code in query.countries for protocol in one.protocols):
        return False
    if query.results and one.has_results != (query.results == "trials-with-results"):
        return False
    if not query.words:
        return True
    whole = one.text().lower()
    return all(word in whole for word in query.words)


def _within(day: date | None, query: Query) -> bool:
    return day is not None and (query.since or day) <= day <= (query.until or day)


def page_of(found: Sequence[int], query: Query, *, shift: int = 0) -> Sequence[int]:
    first = (query.page - 1) * PER_PAGE
    if query.page > 1:
        first = max(0, first + shift)
    return found[first : first + PER_PAGE]


def is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None
