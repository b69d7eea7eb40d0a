"""A page of what the search of CTIS answers: the total, and a short row for each trial. No I/O."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import msgspec

from actors.trials.normalise import NotReadable
from actors.trials.reading.ctis.loose_json import Loose
from actors.trials.reading.ctis.number import parted
from actors.trials.reading.written_days import written_day

LAST_DAY = date(2100, 1, 1)  # what claims to be of later is not believed


class NotASearch(ValueError):
    """The answer as a whole is no page of a search; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Row:
    """A trial as the search tells of it. `updated` and `published`: None where not given, or no day."""

    number: str
    trial: str
    submission: int
    status: str | None
    updated: date | None
    published: date | None
    raw: bytes

    @property
    def newest(self) -> date | None:
        days = [day for day in (self.updated, self.published) if day]
        return max(days) if days else None


@dataclass(frozen=True, slots=True)
class BadRow:
    reason: str
    raw: bytes


class _Pagination(msgspec.Struct, rename="camel", gc=False):
    total_records: int


class _Search(msgspec.Struct, gc=False):
    pagination: _Pagination
    data: list[msgspec.Raw] | None = None


_decode = msgspec.json.Decoder(_Search).decode


def search_of(body: bytes) -> tuple[int, list[Row | BadRow]]:
    """How many rows the whole search has, and those of this page. Raises NotASearch."""
    try:
        found = _decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        expected = "an object of pagination.totalRecords and data"
        raise NotASearch(f"not a page of a search ({expected}), or cut short: {error}") from error
    if found.pagination.total_records < 0:
        raise NotASearch(f"pagination.totalRecords is {found.pagination.total_records}")
    return found.pagination.total_records, list(_rows(found.data or []))


def _rows(raws: list[msgspec.Raw]) -> Iterator[Row | BadRow]:
    for slice_ in raws:
        raw = bytes(slice_)
        try:
            yield _row(raw)
        except NotReadable as error:
            yield BadRow(str(error), raw)


def _row(raw: bytes) -> Row:
    try:
        given = Loose(msgspec.json.decode(raw))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise NotReadable(str(error)) from error
    number = given.text("ctNumber") or ""
    known = parted(number)
    if known is None:
        raise NotReadable(f"ctNumber {number[:40]!r} is not like 2023-505613-24-00")
    updated, published = (_day(given.text(name)) for name in ("lastUpdated", "lastPublicationUpdate"))
    return Row(number, *known, given.text("ctStatus"), updated, published, raw)


def _day(text: str | None) -> date | None:
    """A row without a readable day is asked for rather than passed over, so it is no fault here."""
    try:
        day = written_day(text).day if text else None
    except NotReadable:
        return None
    return day if day and day <= LAST_DAY else None
