"""Trials as the HTTP interface asks for them and tells of them. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from types import MappingProxyType
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from actors.trials import search, shown
from actors.trials.marks import to_html, words
from actors.trials.record import Phase, Status, StudyType
from supervisor.sources import Source
from supervisor.web.problems import Refused

Text = Annotated[str, Meta(max_length=search.LONGEST_TEXT)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
MOST_VALUES = 50
# Parts of a search whose parameters have other names.
PARAMETERS = MappingProxyType({
    "text": "q", "rows": "limit", "start": "start_from", "completion": "completion_from", "updated": "updated_from",
})  # fmt: skip


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


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRow(shown.Facts):
    """One trial in a list. `…_html` is escaped, with <mark> around the words found; `snippet` is plain text.

    `conditions_html` are all conditions; `interventions_html` only those that hold a word of the search.
    """

    title: str
    title_html: str
    snippet: str
    snippet_html: str
    conditions_html: tuple[str, ...]
    interventions_html: tuple[str, ...]


class TrialsPage(msgspec.Struct, frozen=True):
    """`exact` are the trials that the text names by a number; `next` is the cursor of the next page, null at the end.

    `count` is of all that is found, each trial once; with `count_is_least` there are more than that. With `truncated`
    not all of these could be ranked: `next` ends with those that were, and `order=newest` goes through all.
    `sources` says of each registry that was searched whether it answers, and how old what is shown of it is.
    """

    exact: tuple[TrialRow, ...]
    trials: tuple[TrialRow, ...]
    count: int
    count_is_least: bool
    truncated: bool
    next: str | None
    sources: tuple[Source, ...]


class VersionsList(msgspec.Struct, frozen=True):
    """The newest first."""

    trial: int
    versions: tuple[shown.Version, ...]


def results(found: search.Results, sources: Sequence[Source]) -> TrialsPage:
    return TrialsPage(
        exact=tuple(map(row, found.exact)),
        trials=tuple(map(row, found.rows)),
        count=found.count.trials,
        count_is_least=found.count.more,
        truncated=found.truncated,
        next=found.next,
        sources=tuple(sources),
    )


def row(trial: shown.Row) -> TrialRow:
    return TrialRow(
        **{one.name: getattr(trial, one.name) for one in fields(shown.Facts)},
        title=words(trial.title),
        title_html=to_html(trial.title),
        snippet=words(trial.snippet),
        snippet_html=to_html(trial.snippet),
        conditions_html=tuple(map(to_html, trial.marked_conditions)),
        interventions_html=tuple(map(to_html, trial.interventions)),
    )


def refused(error: search.BadSearch) -> Refused:
    """The same, by the name of the parameter."""
    field = error.field or "q"
    return Refused.field(PARAMETERS.get(field, field), error.problem)
