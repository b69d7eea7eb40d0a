"""The results of a ClinicalTrials.gov study (API v2): their shape as far as it is read, and what is made of it. No I/O.

A results section of real studies takes 65 KB on average and 1 MB at most, most of it the counts of each single adverse
event, which are passed over. What is kept is bounded; beyond the bounds things are left out, and counted.
"""

from collections.abc import Iterator, Sequence

import msgspec

from actors.trials.results import Analysis, Flow, Harmed, Measured, Results, Value

# Real studies have up to 62 measures, 1,425 values in one of them and 27 analyses.
MOST_MEASURES = 100
MOST_GROUPS = 50
MOST_VALUES = 2_000  # of a study
MOST_ANALYSES = 300
MOST_FLOWS = 500
LONGEST = 500  # characters; the registry itself allows 255 for the longest of these texts
CUT = "…"


class _Shape(msgspec.Struct, rename="camel", gc=False):
    pass


class Group(_Shape):
    id: str | None = None
    title: str | None = None


class Achievement(_Shape):
    group_id: str | None = None
    num_subjects: str | None = None


class Milestone(_Shape):
    type: str | None = None
    achievements: tuple[Achievement, ...] = ()


class Period(_Shape):
    title: str | None = None
    milestones: tuple[Milestone, ...] = ()


class ParticipantFlow(_Shape):
    groups: tuple[Group, ...] = ()
    periods: tuple[Period, ...] = ()


class Measurement(_Shape):
    group_id: str | None = None
    value: str | None = None
    spread: str | None = None
    lower_limit: str | None = None
    upper_limit: str | None = None


class Category(_Shape):
    title: str | None = None
    measurements: tuple[Measurement, ...] = ()


class Class(_Shape):
    title: str | None = None
    categories: tuple[Category, ...] = ()


class Comparison(_Shape):
    group_ids: tuple[str, ...] = ()
    statistical_method: str | None = None
    p_value: str | None = None
    param_type: str | None = None
    param_value: str | None = None
    ci_pct_value: str | None = None
    ci_lower_limit: str | None = None
    ci_upper_limit: str | None = None


class OutcomeMeasure(_Shape):
    type: str | None = None
    title: str | None = None
    time_frame: str | None = None
    unit_of_measure: str | None = None
    param_type: str | None = None
    dispersion_type: str | None = None
    groups: tuple[Group, ...] = ()
    classes: tuple[Class, ...] = ()
    analyses: tuple[Comparison, ...] = ()


class OutcomeMeasures(_Shape):
    outcome_measures: tuple[OutcomeMeasure, ...] = ()


class EventGroup(_Shape):
    title: str | None = None
    deaths_num_affected: int | None = None
    deaths_num_at_risk: int | None = None
    serious_num_affected: int | None = None
    serious_num_at_risk: int | None = None
    other_num_affected: int | None = None
    other_num_at_risk: int | None = None


class AdverseEvents(_Shape):
    time_frame: str | None = None
    frequency_threshold: str | None = None
    event_groups: tuple[EventGroup, ...] = ()
    serious_events: tuple[msgspec.Raw, ...] | None = None
    other_events: tuple[msgspec.Raw, ...] | None = None


class ResultsSection(_Shape):
    participant_flow_module: ParticipantFlow = msgspec.field(default_factory=ParticipantFlow)
    outcome_measures_module: OutcomeMeasures = msgspec.field(default_factory=OutcomeMeasures)
    adverse_events_module: AdverseEvents = msgspec.field(default_factory=AdverseEvents)


class _Room:
    """How many values and analyses of a study may still be kept, and how much was left out."""

    __slots__ = ("analyses", "left_out", "values")

    def __init__(self) -> None:
        self.values = MOST_VALUES
        self.analyses = MOST_ANALYSES
        self.left_out = 0

    def some(self, items: Sequence[object], most: int) -> int:
        """How many of the items there is room for."""
        kept = min(len(items), most)
        self.left_out += len(items) - kept
        return kept


def read_results(section: ResultsSection) -> Results:
    """What a results section says, within bounds."""
    room, events = _Room(), section.adverse_events_module
    flows = list(_flows(section.participant_flow_module))
    measures = section.outcome_measures_module.outcome_measures
    return Results(
        flow=flows[: room.some(flows, MOST_FLOWS)],
        measures=[_measured(one, room) for one in measures[: room.some(measures, MOST_MEASURES)]],
        harmed=[_harmed(one) for one in events.event_groups[: room.some(events.event_groups, MOST_GROUPS)]],
        harm_time_frame=_cut(events.time_frame),
        harm_threshold_percent=_cut(events.frequency_threshold),
        serious_kinds=None if events.serious_events is None else len(events.serious_events),
        other_kinds=None if events.other_events is None else len(events.other_events),
        left_out=room.left_out,
    )


def _flows(module: ParticipantFlow) -> Iterator[Flow]:
    for period in module.periods:
        counts = {
            (stone.type, one.group_id): _count(one.num_subjects)
            for stone in period.milestones
            for one in stone.achievements
        }
        for group in module.groups:
            started, completed = counts.get(("STARTED", group.id)), counts.get(("COMPLETED", group.id))
            if started is not None or completed is not None:
                yield Flow(_cut(period.title), _cut(group.title) or "", started, completed)


def _count(text: str | None) -> int | None:
    """People; None where no whole number of them is stated."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def _measured(given: OutcomeMeasure, room: _Room) -> Measured:
    kept = given.groups[: room.some(given.groups, MOST_GROUPS)]
    places = {group.id: place for place, group in enumerate(kept)}
    values = list(_values(given.classes, places))
    few = room.some(values, room.values)
    room.values -= few
    some = room.some(given.analyses, room.analyses)
    room.analyses -= some
    return Measured(
        kind=_cut(given.type),
        title=_cut(given.title) or "",
        time_frame=_cut(given.time_frame),
        unit=_cut(given.unit_of_measure),
        parameter=_cut(given.param_type),
        dispersion=_cut(given.dispersion_type),
        groups=[_cut(group.title) or "" for group in kept],
        values=values[:few],
        analyses=[_analysis(one, places) for one in given.analyses[:some]],
    )


def _values(classes: Sequence[Class], places: dict[str | None, int]) -> Iterator[Value]:
    for one in classes:
        for category in one.categories:
            label = _cut(" · ".join([title for title in (one.title, category.title) if title]) or None)
            for it in category.measurements:
                if (place := places.get(it.group_id)) is not None:
                    yield Value(
                        place, label, _cut(it.value), _cut(it.spread), _cut(it.lower_limit), _cut(it.upper_limit)
                    )


def _analysis(given: Comparison, places: dict[str | None, int]) -> Analysis:
    return Analysis(
        groups=[places[id_] for id_ in given.group_ids if id_ in places],
        method=_cut(given.statistical_method),
        p_value=_cut(given.p_value),
        parameter=_cut(given.param_type),
        estimate=_cut(given.param_value),
        ci_percent=_cut(given.ci_pct_value),
        ci_lower=_cut(given.ci_lower_limit),
        ci_upper=_cut(given.ci_upper_limit),
    )


def _harmed(given: EventGroup) -> Harmed:
    return Harmed(
        _cut(given.title) or "",
        given.deaths_num_affected,
        given.deaths_num_at_risk,
        given.serious_num_affected,
        given.serious_num_at_risk,
        given.other_num_affected,
        given.other_num_at_risk,
    )


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= LONGEST else text[: LONGEST - 1] + CUT
