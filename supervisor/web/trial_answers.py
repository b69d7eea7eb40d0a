"""Trials as the HTTP interface asks for them and tells of them. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from operator import attrgetter
from types import MappingProxyType
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from actors.trials import search, shown
from actors.trials.finding.asking import Meaning
from actors.trials.finding.store import Suggestion
from actors.trials.marks import to_html, words
from actors.trials.record import Phase, Status, StudyType
from actors.trials.semantic.answer import Mode, Similar
from actors.trials.semantic.fusion import Place
from supervisor.finding import Wanted
from supervisor.sources import Source
from supervisor.web.problems import Refused

Text = Annotated[str, Meta(max_length=search.LONGEST_TEXT)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
MOST_VALUES = 50
FACTS = tuple(one.name for one in fields(shown.Facts))
# Parts of a search whose parameters have other names.
PARAMETERS = MappingProxyType({
    "text": "q", "rows": "limit", "start": "start_from", "completion": "completion_from", "updated": "updated_from",
})  # fmt: skip


class Filters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to search for. Of a filter given several times, one value must be there.

    `age` is that of somebody whom the trial must admit, such as 60 or 6 months; `near` a city or `48.2,16.37`, `within`
    km; with `expand=no` words are not taken to name MeSH headings; with `duplicates=collapsed` one record stands for
    all that are the same trial.
    """

    q: Text = ""
    status: Annotated[tuple[Status, ...], Meta(max_length=MOST_VALUES)] = ()
    phase: Annotated[tuple[Phase, ...], Meta(max_length=MOST_VALUES)] = ()
    type: Annotated[tuple[StudyType, ...], Meta(max_length=MOST_VALUES)] = ()
    country: Annotated[tuple[Name, ...], Meta(max_length=MOST_VALUES)] = ()
    city: Annotated[tuple[Name, ...], Meta(max_length=MOST_VALUES)] = ()
    registry: Annotated[tuple[Name, ...], Meta(max_length=MOST_VALUES)] = ()
    sponsor: Name | None = None
    sponsor_class: Annotated[tuple[Name, ...], Meta(max_length=MOST_VALUES)] = ()
    mesh: Annotated[tuple[Name, ...], Meta(max_length=MOST_VALUES)] = ()
    has_results: bool | None = None
    age: Name | None = None
    sex: Literal["female", "male"] | None = None
    healthy: bool | None = None
    near: Name | None = None
    within: float = 50.0
    start_from: date | None = None
    start_to: date | None = None
    completion_from: date | None = None
    completion_to: date | None = None
    updated_from: date | None = None
    updated_to: date | None = None
    with_removed: bool = False
    duplicates: Literal["shown", "collapsed"] | None = None
    expand: Literal["yes", "no"] = "yes"
    order: search.Order = "relevance"

    def search(self) -> search.Search:
        """All but the place, which must be looked up. Raises BadSearch."""
        return search.Search(
            text=self.q, status=self.status, phase=self.phase, study_type=self.type, country=self.country,
            city=self.city, registry=self.registry, sponsor=self.sponsor, sponsor_class=self.sponsor_class,
            mesh=self.mesh, has_results=self.has_results, sex=self.sex, healthy=self.healthy,
            age_days=search.age_in_days(self.age) if self.age else None,
            start=search.Days(self.start_from, self.start_to),
            completion=search.Days(self.completion_from, self.completion_to),
            updated=search.Days(self.updated_from, self.updated_to),
            with_removed=self.with_removed, collapse=self.duplicates == "collapsed", order=self.order,
        )  # fmt: skip

    def wanted(self) -> Wanted:
        """Raises BadSearch."""
        return Wanted(self.search(), near=self.near, within_km=self.within, expand=self.expand == "yes")


class SearchQuery(Filters, frozen=True, forbid_unknown_fields=True):
    """A search, and the page of it; with `facets` it is also told how many of what is found have which value.

    `mode`: trials that answer the text, that are like it (`semantic`), or the best of both (`hybrid`).
    """

    limit: Annotated[int, Meta(ge=1, le=search.MOST_ROWS)] = 20
    cursor: Annotated[str, Meta(max_length=300)] | None = None
    facets: bool = False
    mode: Mode = "text"

    def wanted(self) -> Wanted:
        return replace(Filters.wanted(self), mode=self.mode)

    def search(self) -> search.Search:
        return replace(Filters.search(self), rows=self.limit, cursor=self.cursor)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRow(shown.Facts):
    """One trial in a list. `…_html` is escaped, with <mark> around the words found; `snippet` is plain text.

    `ranked`: where it stands in the rankings by text and by likeness, where it was found by likeness too.

    `conditions_html` are all conditions; `interventions_html` only those that hold a word of the search.
    """

    title: str
    title_html: str
    snippet: str
    snippet_html: str
    conditions_html: tuple[str, ...]
    interventions_html: tuple[str, ...]
    ranked: Place | None = None


class PlaceTold(msgspec.Struct, frozen=True):
    """A place and the distance from it; `others` are further places of the same name."""

    name: str
    latitude: float
    longitude: float
    within_km: float
    others: tuple[str, ...]


class TrialsPage(msgspec.Struct, frozen=True):
    """`exact` are the trials that the text names by a number; `next` is the cursor of the next page, null at the end.

    `count` is of all that is found, each trial once; with `count_is_least` there are more than that. With `truncated`
    not all of these could be ranked: `next` ends with those that were, and `order=newest` goes through all.
    With `count_is_about` the count is what a sample says, as are those of `facets`.
    `expanded` are the MeSH headings that words of the text were taken to name. `corrected`: nothing was found, and this
    was asked instead. `described`: the text was read as the description of a patient. `place` is what `near` was
    taken for. `embedder`: trials were found by likeness to the text, by its vectors. `sources` says of each registry
    that was searched whether it answers, and how old what is shown of it is.
    """

    exact: tuple[TrialRow, ...]
    trials: tuple[TrialRow, ...]
    count: int
    count_is_least: bool
    truncated: bool
    next: str | None
    sources: tuple[Source, ...]
    count_is_about: bool = False
    expanded: tuple[Meaning, ...] = ()
    corrected: str | None = None
    described: bool = False
    place: PlaceTold | None = None
    facets: dict[str, tuple[search.Value, ...]] = {}
    facets_are_about: bool = False
    embedder: str | None = None


class SimilarTrials(msgspec.Struct, frozen=True):
    """Other trials whose texts are like that of `trial`, the most alike first; `ranked.likeness` says how much.

    `embedder` made the vectors that were compared; where there are none, `unavailable` says why.
    """

    trial: int
    embedder: str | None
    unavailable: str | None
    trials: tuple[TrialRow, ...]


class Suggestions(msgspec.Struct, frozen=True):
    """Those that are most likely meant first; `kind` says of what, `trials` about how many have it."""

    suggestions: tuple[Suggestion, ...]


class VersionsList(msgspec.Struct, frozen=True):
    """The newest first."""

    trial: int
    versions: tuple[shown.Version, ...]


def results(found: search.Results, sources: Sequence[Source]) -> TrialsPage:
    return TrialsPage(
        exact=tuple(map(row, found.exact)),
        trials=tuple(row(one, found.places.get(one.id)) for one in found.rows),
        count=found.count.trials,
        count_is_least=found.count.more,
        truncated=found.truncated,
        next=found.next,
        sources=tuple(sources),
        count_is_about=found.count.about,
        expanded=found.meanings,
        corrected=found.corrected,
        described=found.described,
        place=place(found.near),
        facets=dict(found.facets.values),
        facets_are_about=found.facets.about,
        embedder=found.embedder,
    )


def similar(trial: int, found: Similar) -> SimilarTrials:
    rows = (row(one, Place(by_likeness=at, likeness=alike)) for at, (one, alike) in enumerate(found.rows, start=1))
    return SimilarTrials(trial, found.embedder, found.refused, tuple(rows))


def place(near: search.Near | None) -> PlaceTold | None:
    if near is None:
        return None
    center = near.circle.center
    return PlaceTold(near.name, center.lat, center.lon, near.circle.km, near.others)


def row(trial: shown.Row, ranked: Place | None = None) -> TrialRow:
    return TrialRow(
        **dict(zip(FACTS, _facts(trial), strict=True)),
        title=words(trial.title),
        title_html=to_html(trial.title),
        snippet=words(trial.snippet),
        snippet_html=to_html(trial.snippet),
        conditions_html=tuple(map(to_html, trial.marked_conditions)),
        interventions_html=tuple(map(to_html, trial.interventions)),
        ranked=ranked,
    )


_facts = attrgetter(*FACTS)


def refused(error: search.BadSearch) -> Refused:
    """The same, by the name of the parameter."""
    field = error.field or "q"
    return Refused.field(PARAMETERS.get(field, field), error.problem)
