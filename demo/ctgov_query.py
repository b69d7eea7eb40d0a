"""What a request to ClinicalTrials.gov's API v2 asks for, and the tokens that lead from page to page. No I/O."""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from binascii import Error as NotBase64
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from demo.identifiers import canonical
from demo.requests import BadRequest
from demo.source import Held, Source

STATUSES = frozenset(
    {
        "ACTIVE_NOT_RECRUITING",
        "COMPLETED",
        "ENROLLING_BY_INVITATION",
        "NOT_YET_RECRUITING",
        "RECRUITING",
        "SUSPENDED",
        "TERMINATED",
        "WITHDRAWN",
        "AVAILABLE",
        "NO_LONGER_AVAILABLE",
        "TEMPORARILY_NOT_AVAILABLE",
        "APPROVED_FOR_MARKETING",
        "WITHHELD",
        "UNKNOWN",
    }
)
MOST = 1000
_PER_PAGE = 10
# May differ from page to page of one token; all others must not.
_FREE = frozenset({"pageSize", "pageToken", "countTotal"})
_KNOWN = _FREE | {
    "format",
    "markupFormat",
    "query.cond",
    "query.term",
    "query.id",
    "filter.overallStatus",
    "filter.ids",
    "filter.advanced",
    "fields",
    "sort",
}
_DATED = {"LastUpdatePostDate", "StudyFirstPostDate"}
_SORTED = _DATED | {"NCTId"}
_RANGE = re.compile(r"^AREA\[(\w+)\]\s*RANGE\[\s*([\w/-]+)\s*,\s*([\w/-]+)\s*\]$")
_MISSING = re.compile(r"^AREA\[(\w+)\]\s*MISSING$")
_DAY = re.compile(r"^\d{4}(-\d\d(-\d\d)?)?$")
_AMERICAN_DAY = re.compile(r"^(\d\d)/(\d\d)/(\d{4})$")


@dataclass(frozen=True, slots=True)
class Range:
    """Both ends included, as texts that sort like their dates; an open end is '' or '~'."""

    field: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Missing:
    """Records without this date."""

    field: str


@dataclass(frozen=True, slots=True)
class Query:
    ids: frozenset[str]
    words: tuple[str, ...]
    """All must stand in the record, in lower case."""
    statuses: frozenset[str]
    conditions: tuple[Range | Missing, ...]
    sort: tuple[tuple[str, bool], ...]
    """(field, whether descending), most important first."""
    fields: tuple[str, ...]
    size: int
    token: str | None
    count_total: bool

    @property
    def selection(self) -> tuple[object, ...]:
        """What decides which records are listed, in which order."""
        return self.ids, self.words, self.statuses, self.conditions, self.sort


def parse(params: Mapping[str, str]) -> Query:
    """Raises BadRequest."""
    for name in params:
        if name not in _KNOWN:
            raise BadRequest(f"Unknown query parameter `{name}`")
    if params.get("format", "json") != "json":
        raise BadRequest("`format` parameter has incorrect format: only json is served here")
    ids, words = _searched(params)
    asked = _ids(params.get("filter.ids", ""))
    return Query(
        ids=ids or asked,
        words=words,
        statuses=frozenset() if ids else _statuses(params.get("filter.overallStatus", "")),
        conditions=() if ids else _conditions(params.get("filter.advanced", "")),
        sort=_sort(params.get("sort", "")),
        fields=_listed(params.get("fields", "")),
        size=_size(params.get("pageSize", "")),
        token=params.get("pageToken") or None,
        count_total=_flag("countTotal", params.get("countTotal", "false")),
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in re.split(r"[,|]", text) if part.strip())


def _searched(params: Mapping[str, str]) -> tuple[frozenset[str], tuple[str, ...]]:
    """(numbers, words): a search for numbers only finds these, whatever the filters say."""
    words = " ".join(params.get(name, "") for name in ("query.term", "query.id", "query.cond"))
    parts = [part for part in re.split(r"[\s,|()]+", words) if part and part not in ("OR", "AND")]
    numbers = [canonical(part) for part in parts]
    if parts and all(numbers):
        return frozenset(number for number in numbers if number), ()
    return frozenset(), tuple(part.lower() for part in parts)


def _ids(text: str) -> frozenset[str]:
    numbers = [(part, canonical(part)) for part in _listed(text)]
    for part, number in numbers:
        if number is None:
            raise BadRequest(f"`filter.ids` parameter has incorrect format: {part}")
    return frozenset(number for _, number in numbers if number)


def _statuses(text: str) -> frozenset[str]:
    found = frozenset(_listed(text))
    if found - STATUSES:
        raise BadRequest(f"`filter.overallStatus` parameter has unknown value: {min(found - STATUSES)}")
    return found


def _conditions(text: str) -> tuple[Range | Missing, ...]:
    parts = re.split(r"\s+AND\s+", text.strip()) if text.strip() else ()
    return tuple(_condition(part.strip()) for part in parts)


def _condition(text: str) -> Range | Missing:
    match = _RANGE.match(text) or _MISSING.match(text)
    if match is None:
        raise BadRequest(f"`filter.advanced` parameter has incorrect format: {text}")
    if match[1] not in _DATED:
        raise BadRequest(f"`filter.advanced` parameter names an area that cannot be filtered: {match[1]}")
    if match.re is _MISSING:
        return Missing(match[1])
    low = "" if match[2] == "MIN" else _date(match[2])
    high = "~" if match[3] == "MAX" else _date(match[3]) + "~"  # so that 2023-01 ends with its last day
    return Range(match[1], low, high)


def _date(text: str) -> str:
    american = _AMERICAN_DAY.match(text)
    if american:
        return f"{american[3]}-{american[1]}-{american[2]}"
    if not _DAY.match(text):
        raise BadRequest(f"`filter.advanced` parameter has incorrect date: {text}")
    return text


def _sort(text: str) -> tuple[tuple[str, bool], ...]:
    found = []
    for part in _listed(text):
        field, _, order = part.partition(":")
        if field == "@relevance":
            continue
        if field not in _SORTED or order not in ("", "asc", "desc"):
            raise BadRequest(f"`sort` parameter has incorrect value: {part}")
        # As in the real API, a date without an order begins with the newest.
        found.append((field, order == "desc" or (not order and field in _DATED)))
    if len(found) > 2:
        raise BadRequest("`sort` parameter takes at most two fields")
    return tuple(found)


def _size(text: str) -> int:
    if not text:
        return _PER_PAGE
    if not text.isdigit():
        raise BadRequest("`pageSize` parameter must be a non-negative integer")
    return min(int(text), MOST) or _PER_PAGE


def _flag(name: str, text: str) -> bool:
    if text not in ("true", "false"):
        raise BadRequest(f"`{name}` parameter must be true or false")
    return text == "true"


def select(source: Source, query: Query) -> Sequence[int]:
    """The positions of what a query lists, in its order."""
    positions: Sequence[int] = source.positions()
    dated = {wanted.field for wanted in query.conditions} | {field for field, _ in query.sort}
    if query.statuses or "LastUpdatePostDate" in dated:
        source.prepare()
    if query.ids:
        found = (source.find(number) for number in query.ids)
        positions = sorted(one.position for one in found if isinstance(one, Held))
    if query.conditions:
        held = [set(_meeting(source, condition)) for condition in query.conditions]
        positions = sorted(set.intersection(*held, set(positions)) if query.ids else set.intersection(*held))
    if query.statuses:
        positions = [at for at in positions if source.status(at) in query.statuses]
    if query.words:
        positions = [at for at in positions if _says(source.body(at), query.words)]
    for field, descending in reversed(query.sort):
        positions = sorted(positions, key=_reader(source, field), reverse=descending)
    return positions


def _meeting(source: Source, condition: Range | Missing) -> Sequence[int]:
    dates, positions = _by_date(source, condition.field)  # type: ignore[arg-type]  # hashed by identity
    dated = bisect_left(dates, "0")
    if isinstance(condition, Missing):
        return positions[:dated]
    # A record without the date is in no range, not even in one without ends.
    return positions[max(dated, bisect_left(dates, condition.low)) : bisect_right(dates, condition.high)]


@lru_cache(maxsize=4)
def _by_date(source: Source, field: str) -> tuple[Sequence[str], Sequence[int]]:
    """All dates in order and, beside each, the position that has it; records without one come first.

    Kept, since a sweep by windows of 30 days asks hundreds of times.
    """
    read = _reader(source, field)
    positions = sorted(source.positions(), key=read)
    return [read(at) for at in positions], positions


def _reader(source: Source, field: str) -> Callable[[int], str]:
    match field:
        case "LastUpdatePostDate":
            return source.updated
        case "StudyFirstPostDate":
            return source.posted
        case _:
            return source.nct


def _says(body: bytes, words: Sequence[str]) -> bool:
    text = body.decode("utf-8", "replace").lower()
    return all(word in text for word in words)


@dataclass(frozen=True, slots=True)
class Token:
    """Opaque to clients: the query that it belongs to, where its page begins, and the epoch that gave it."""

    query: bytes
    offset: int
    epoch: int

    def text(self) -> str:
        packed = self.query + struct.pack(">IH", self.offset, self.epoch & 0xFFFF)
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def fingerprint(params: Mapping[str, str]) -> bytes:
    """Of everything that has to be the same on each page of a token."""
    kept = sorted((name, value) for name, value in params.items() if name not in _FREE)
    return hashlib.sha256(repr(kept).encode()).digest()[:6]


def read_token(text: str, query: bytes, epoch: int) -> int:
    """The offset where the token's page begins; raises BadRequest for a token of another query or epoch."""
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        offset, given = struct.unpack(">IH", packed[6:])
    except (NotBase64, struct.error, ValueError) as error:
        raise BadRequest("`pageToken` parameter has incorrect format") from error
    if packed[:6] != query:
        raise BadRequest("`pageToken` parameter does not belong to this query")
    if given != epoch & 0xFFFF:
        raise BadRequest("`pageToken` parameter is no longer valid")
    return int(offset)
