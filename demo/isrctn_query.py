"""What a query to ISRCTN's API asks for: words, and dates compared with instants. No I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from demo.isrctn_record import Listed
from demo.requests import BadRequest

_DATES: dict[str, Callable[[Listed], str]] = {
    "dateapplied": lambda one: one.applied,
    "lastedited": lambda one: one.edited,
}
_COMPARED = re.compile(r"(\w+)\s+(GE|GT|LE|LT)\s+(\S+)")
_FITS: dict[str, Callable[[datetime, datetime], bool]] = {
    "GE": lambda have, limit: have >= limit,
    "GT": lambda have, limit: have > limit,
    "LE": lambda have, limit: have <= limit,
    "LT": lambda have, limit: have < limit,
}
DEFAULT_LIMIT = 10


@dataclass(frozen=True, slots=True)
class Query:
    compared: tuple[tuple[str, str, datetime], ...]
    words: tuple[str, ...]
    limit: int


def parse(text: str, limit: str | None) -> Query:
    """Raises BadRequest."""
    compared, words = [], []
    for term in re.split(r"\s+AND\s+", text.strip()) if text.strip() else ():
        term = term.strip().strip("()").strip()
        found = _COMPARED.fullmatch(term)
        if found:
            if found[1].lower() not in _DATES:
                raise BadRequest(f"Unknown field: {found[1]}")
            compared.append((found[1].lower(), found[2], _instant(found[3])))
        else:
            words.append(term.strip('"').lower())
    try:
        most = DEFAULT_LIMIT if limit is None else int(limit)
    except ValueError as error:
        raise BadRequest("limit must be a number") from error
    if most < 0:
        raise BadRequest("limit must not be negative")
    return Query(tuple(compared), tuple(words), most)


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise BadRequest(f"not an instant: {text}") from error


def select(records: Sequence[Listed], query: Query) -> list[int]:
    """Places, from 1, of what it finds."""
    return [place for place, one in enumerate(records, start=1) if _meets(one, query)]


def _meets(one: Listed, query: Query) -> bool:
    for field, how, limit in query.compared:
        text = _DATES[field](one)
        if not text or not _FITS[how](datetime.fromisoformat(text), limit):
            return False
    if not query.words:
        return True
    whole = one.number.lower() + " " + one.body().decode().lower()
    return all(word in whole for word in query.words)
