"""What is told of trials, versions and refused records. No I/O."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Literal

import msgspec
import orjson

from actors.trials.history import Change
from actors.trials.marks import Span, marked, snippet, unescaped
from actors.trials.record import Precision, When

Event = Literal["new", "changed", "removed", "returned"]


@dataclass(frozen=True, slots=True)
class TrialShown:
    """One trial: where it came from, and all that was read (`record`, as history.plain writes it)."""

    id: int
    registry: str
    registry_id: str
    version: int
    adapter_version: int
    url: str
    first_seen_at: datetime
    changed_at: datetime
    removed_at: datetime | None
    record: Mapping[str, Any]


_HEAD = tuple(one.name for one in fields(TrialShown) if one.name != "record")


@dataclass(frozen=True, slots=True)
class OtherRecord:
    """Another record of the same trial."""

    id: int
    registry: str
    registry_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is told of a trial in every list. Dates are as precise as the source gave them.

    `distance_km`: from the place that was asked for to the nearest site. `others`: further records of the same trial.
    """

    id: int
    registry: str
    registry_id: str
    url: str
    acronym: str | None
    status: str
    study_type: str
    phases: tuple[str, ...]
    sponsor: str | None
    enrolment: int | None
    start: str | None
    completion: str | None
    last_updated: str | None
    conditions: tuple[str, ...]
    countries: tuple[str, ...]
    has_results: bool | None
    removed_at: datetime | None
    distance_km: float | None = None
    others: tuple[OtherRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(Facts):
    """One trial that was found, with its texts in pieces, the words found marked: each is escaped where HTML is made.

    `marked_conditions` are all conditions; `interventions` only those that hold a word of the search.
    """

    title: tuple[Span, ...]
    snippet: tuple[Span, ...]
    marked_conditions: tuple[tuple[Span, ...], ...]
    interventions: tuple[tuple[Span, ...], ...]


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record as it came, and where from. `version` may be lower than asked: a removal brings none of its own."""

    version: int
    sha256: bytes
    media_type: str
    url: str
    fetched_at: datetime
    adapter_version: int
    size_bytes: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Version:
    """The fields that `changes`. What follows is None where no record came (a removal); `sha256` is in hex."""

    version: int
    event: Event
    seen_at: datetime
    scrape_id: int | None
    changes: tuple[Change, ...]
    sha256: str | None
    size_bytes: int | None
    fetched_at: datetime | None
    url: str | None


@dataclass(frozen=True, slots=True)
class RegistryCount:
    """`newest_on`: the latest update at the source; `changed_at`: when we last saw something new or changed."""

    registry: str
    present: int
    removed: int
    newest_on: date | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class RefusedRecord:
    """A record that could not be read or kept, and waits aside."""

    id: int
    registry: str
    registry_id: str | None
    reason: str
    url: str
    size_bytes: int
    times: int
    first_at: datetime
    last_at: datetime
    scrape_id: int | None


Columns = Mapping[str, Any]


def trial(row: Columns) -> TrialShown:
    return TrialShown(**{**row, "record": orjson.loads(row["record"])})


def trial_told(row: Columns) -> bytes:
    """The same as JSON; the record stays the text that it is."""
    head = msgspec.json.encode({name: row[name] for name in _HEAD})
    return b"".join((head[:-1], b',"record":', row["record"].encode(), b"}"))


def version(row: Columns) -> Version:
    changes = msgspec.json.decode(row["changes"], type=tuple[Change, ...])
    return Version(**{**row, "changes": changes, "sha256": row["sha256"].hex() if row["sha256"] else None})


def texts(row: Columns) -> Iterator[str]:
    """The texts of a row in which words are marked."""
    yield title(row)
    yield row["summary"] or ""
    yield from row["conditions"]
    yield from row["interventions"]


def title(row: Columns) -> str:
    return row["title"] or row["official_title"] or row["acronym"] or ""


def row(row: Columns, others: Iterable[Columns] = (), words: Collection[str] = frozenset()) -> Row:
    """`words`: those that are marked, in small letters without accents."""
    interventions = (marked(one, words) for one in row["interventions"])
    return Row(
        id=row["id"],
        registry=row["registry"],
        registry_id=row["registry_id"],
        url=row["url"],
        title=marked(title(row), words),
        snippet=snippet(unescaped(marked(row["summary"] or "", words))),
        acronym=row["acronym"],
        status=row["status"],
        study_type=row["study_type"],
        phases=tuple(row["phases"]),
        sponsor=row["sponsor"],
        enrolment=row["enrolment"],
        start=_written(row["start_on"], row["start_precision"]),
        completion=_written(row["completion_on"], row["completion_precision"]),
        last_updated=_written(row["last_updated_on"], row["last_updated_precision"]),
        conditions=tuple(row["conditions"]),
        marked_conditions=tuple(marked(one, words) for one in row["conditions"]),
        interventions=tuple(one for one in interventions if any(piece.marked for piece in one)),
        countries=tuple(row["countries"]),
        has_results=row["has_results"],
        removed_at=row["removed_at"],
        distance_km=None if row["km"] is None else round(row["km"], 1),
        others=tuple(
            OtherRecord(one["id"], one["registry"], one["registry_id"]) for one in others if one["id"] != row["id"]
        ),
    )


def _written(day: date | None, precision: Precision | None) -> str | None:
    """The date of two columns."""
    return str(When(day, precision)) if day and precision else None
