"""What is told of trials, versions and refused records. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import orjson

from actors.trials.marks import Span, snippet, spans
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


@dataclass(frozen=True, slots=True)
class Row:
    """One trial in a list. Title and snippet are in pieces: each must be escaped where HTML is made."""

    id: int
    registry: str
    registry_id: str
    url: str
    title: tuple[Span, ...]
    snippet: tuple[Span, ...]
    acronym: str | None
    status: str
    study_type: str
    phases: tuple[str, ...]
    sponsor: str | None
    enrolment: int | None
    start: When | None
    completion: When | None
    last_updated: When | None
    conditions: tuple[str, ...]
    countries: tuple[str, ...]
    has_results: bool | None
    removed_at: datetime | None


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
    """`changes` as history.Change: field, before, after. What follows is None where no record came (a removal)."""

    version: int
    event: Event
    seen_at: datetime
    scrape_id: int | None
    changes: tuple[Mapping[str, object], ...]
    sha256: bytes | None
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


def version(row: Columns) -> Version:
    return Version(**{**row, "changes": tuple(orjson.loads(row["changes"]))})


def row(row: Columns) -> Row:
    title = row["title"] or row["official_title"] or row["acronym"] or ""
    marked = row["marked_title"] if row["title"] else None
    return Row(
        id=row["id"],
        registry=row["registry"],
        registry_id=row["registry_id"],
        url=row["url"],
        title=spans(title, marked),
        snippet=snippet(spans(row["summary"] or "", row["marked_summary"])),
        acronym=row["acronym"],
        status=row["status"],
        study_type=row["study_type"],
        phases=tuple(row["phases"]),
        sponsor=row["sponsor"],
        enrolment=row["enrolment"],
        start=when(row["start_on"], row["start_precision"]),
        completion=when(row["completion_on"], row["completion_precision"]),
        last_updated=when(row["last_updated_on"], row["last_updated_precision"]),
        conditions=tuple(row["conditions"]),
        countries=tuple(row["countries"]),
        has_results=row["has_results"],
        removed_at=row["removed_at"],
    )


def when(day: date | None, precision: Precision | None) -> When | None:
    """The date of two columns."""
    return When(day, precision) if day and precision else None
