"""What a search of CTIS asks for and gives: criteria, an order that is not strict, and an end at the cap. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import orjson

from demo.ctis_record import Listed
from demo.dice import mix
from demo.holdings import hash_of
from demo.listing import Listing
from demo.requests import BadRequest
from demo.switches import CtisSwitches, is_hit

MOST = 100  # records a page
_SORTS = frozenset({"decisionDate", "lastUpdated", "lastPublicationUpdate"})
_TEXTS = ("medicalCondition", "sponsor", "number", "containAll", "containAny", "containNot")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Search:
    page: int
    size: int
    sort: str
    descending: bool
    statuses: frozenset[int]
    texts: tuple[tuple[str, str], ...]


def parse(body: bytes) -> Search:
    """Raises BadRequest."""
    try:
        asked = orjson.loads(body)
        pagination, sort = asked["pagination"], asked.get("sort") or {}
        criteria = asked.get("searchCriteria") or {}
        unknown = set(criteria) - {*_TEXTS, "status"}
        search = Search(
            page=int(pagination["page"]),
            size=min(int(pagination["size"]), MOST),
            sort=sort.get("property", "decisionDate"),
            descending=sort.get("direction", "DESC") == "DESC",
            statuses=frozenset(map(int, criteria.get("status") or ())),
            texts=tuple((name, str(criteria[name])) for name in _TEXTS if criteria.get(name)),
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadRequest("Malformed search") from error
    if unknown or search.page < 1 or search.size < 1 or search.sort not in _SORTS:
        raise BadRequest(f"Malformed search: {', '.join(sorted(unknown)) or 'page, size or sort'}")
    return search


@lru_cache(maxsize=16)
def select(source: Listing[Listed], search: Search, uneven_days: int) -> Sequence[tuple[int, Listed]]:
    """All that it finds with their places in the register, in order; of the page it looks at nothing."""
    found = [
        (place, one)
        for place, one in enumerate(source.records, start=1)
        if (not search.statuses or one.status in search.statuses) and _says(one, search.texts)
    ]
    return sorted(found, key=lambda pair: _order(pair[1], search.sort, uneven_days), reverse=search.descending)


def _order(one: Listed, by: str, uneven_days: int) -> tuple[int, str]:
    """By another date than the one that is shown, but near it: the register's own order is not strict."""
    shown: date = {"decisionDate": one.decided, "lastUpdated": one.updated}.get(by, one.published)
    off = mix(1, hash_of(one.number), uneven_days) % (2 * uneven_days + 1) - uneven_days if uneven_days else 0
    return shown.toordinal() + off, one.number


def _says(one: Listed, texts: Sequence[tuple[str, str]]) -> bool:
    if not texts:
        return True
    whole = orjson.dumps(one.overview()).decode().lower()
    for name, text in texts:
        words = text.lower().replace(",", " ").split()
        match name:
            case "number":
                met = one.number == text
            case "containAny":
                met = any(word in whole for word in words)
            case "containNot":
                met = not any(word in whole for word in words)
            case _:
                met = all(word in whole for word in words)
        if not met:
            return False
    return True


def page_of(found: Sequence[tuple[int, Listed]], search: Search, switches: CtisSwitches, total: int) -> Json:
    """`pagination` tells of all that was found, `total`; `data` ends with the cap."""
    shift = switches.page_shift if search.page > 1 else 0
    first = max(0, (search.page - 1) * search.size + shift)
    rows = found[first : min(first + search.size, max(switches.cap, 0))]
    pages = -(-total // search.size)
    return {
        "pagination": {
            "totalRecords": total,
            "currentPage": search.page,
            "totalPages": pages,
            "nextPage": search.page < pages,
            "prevPage": search.page > 1,
        },
        "data": [one.overview() if not is_hit(place, switches.shapeless_every) else "a text" for place, one in rows],
    }
