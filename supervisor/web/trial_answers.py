"""Trials as the HTTP interface asks for them and tells of them. No I/O."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from actors.trials import search, shown
from actors.trials.marks import to_html
from actors.trials.record import Phase, Status, StudyType

Text = Annotated[str, Meta(max_length=search.LONGEST_TEXT)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
MOST_VALUES = 50


class SearchQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to search for. Of a filter given several times, one value must be there."""

    q: Text = ""
    status: Annotated[tuple[Status, ...], Meta(max_length=MOST_VALUES)] = ()
    phase: Annotated[tuple[Phase, ...], Meta(max_length=MOST_VALUES)] = ()
    type: Annotated[tuple[StudyType, ...], Meta(max_length=MOST_VALUES)] = ()
    country: Annotated[tuple[Name, ...], Meta(max_length=MOST_VALUES)] = ()
    registry: Annotated[tuple[Name, ...], Meta(max_length=MOST_VALUES)] = ()
    sponsor: Name | None = None
    has_results: bool | None = None
    start_from: date | None = None
    start_to: date | None = None
    completion_from: date | None = None
    completion_to: date | None = None
    updated_from: date | None = None
    updated_to: date | None = None
    with_removed: bool = False
    order: Literal["relevance", "newest"] = "relevance"
    limit: Annotated[int, Meta(ge=1, le=search.MOST_ROWS)] = 20
    cursor: Annotated[str, Meta(max_length=300)] | None = None

    def search(self) -> search.Search:
        return search.Search(
            text=self.q, status=self.status, phase=self.phase, study_type=self.type, country=self.country,
            registry=self.registry, sponsor=self.sponsor, has_results=self.has_results,
            start=search.Days(self.start_from, self.start_to),
            completion=search.Days(self.completion_from, self.completion_to),
            updated=search.Days(self.updated_from, self.updated_to),
            with_removed=self.with_removed, order=self.order, rows=self.limit, cursor=self.cursor,
        )  # fmt: skip


class TrialRow(msgspec.Struct, frozen=True):
    """One trial in a list. Dates are as precise as the source gave them; `…_html` is escaped, with <mark>."""

    id: int
    registry: str
    registry_id: str
    url: str
    title: str
    title_html: str
    snippet_html: str
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


class TrialsPage(msgspec.Struct, frozen=True):
    """`exact` are the trials that the text names by a number; `next` is the cursor of the next page, null at the end.

    `count` is of what text and filters find; with `count_is_least` there are more than that.
    """

    exact: tuple[TrialRow, ...]
    trials: tuple[TrialRow, ...]
    count: int
    count_is_least: bool
    next: str | None


class Change(msgspec.Struct, frozen=True):
    """A field that differs. Of a list, `before` is what went and `after` what came. null is not stated."""

    field: str
    before: Any
    after: Any


class VersionTold(msgspec.Struct, frozen=True):
    version: int
    event: shown.Event
    seen_at: datetime
    scrape_id: int | None
    changes: tuple[Change, ...]
    sha256: str | None
    size_bytes: int | None
    fetched_at: datetime | None
    url: str | None


class VersionsList(msgspec.Struct, frozen=True):
    """The newest first."""

    trial: int
    versions: tuple[VersionTold, ...]


def results(found: search.Results) -> TrialsPage:
    return TrialsPage(
        exact=tuple(map(row, found.exact)),
        trials=tuple(map(row, found.rows)),
        count=found.count.trials,
        count_is_least=found.count.more,
        next=found.next,
    )


def row(trial: shown.Row) -> TrialRow:
    return TrialRow(
        id=trial.id, registry=trial.registry, registry_id=trial.registry_id, url=trial.url,
        title="".join(span.text for span in trial.title),
        title_html=to_html(trial.title), snippet_html=to_html(trial.snippet),
        acronym=trial.acronym, status=trial.status, study_type=trial.study_type, phases=trial.phases,
        sponsor=trial.sponsor, enrolment=trial.enrolment,
        start=_written(trial.start), completion=_written(trial.completion), last_updated=_written(trial.last_updated),
        conditions=trial.conditions, countries=trial.countries, has_results=trial.has_results,
        removed_at=trial.removed_at,
    )  # fmt: skip


def _written(when: object | None) -> str | None:
    return None if when is None else str(when)


def version(one: shown.Version) -> VersionTold:
    return VersionTold(
        version=one.version, event=one.event, seen_at=one.seen_at, scrape_id=one.scrape_id,
        changes=tuple(Change(str(c["field"]), c.get("before"), c.get("after")) for c in one.changes),
        sha256=one.sha256.hex() if one.sha256 else None,
        size_bytes=one.size_bytes, fetched_at=one.fetched_at, url=one.url,
    )  # fmt: skip


def versions(trial: int, told: Sequence[shown.Version]) -> VersionsList:
    return VersionsList(trial, tuple(map(version, told)))
