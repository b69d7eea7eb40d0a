"""What a reader should beware of in a trial: rules over its record and its versions. No I/O.

A flag is raised from what the record and its versions state, and from nothing else; it says why, since when, and which
version and dates it rests on. What a record does not state raises none. docs/watching.md has the rules in words.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal

from actors.trials.history import Change
from actors.trials.partial import first_day, last_day, months_after
from actors.trials.switching import Moved, moves

Name = Literal[
    "outcomes_switched", "outcomes_reworded", "recruiting_past_completion", "results_overdue", "stale",
    "status_unknown", "removed_at_source",
]  # fmt: skip

STALE_DAYS = 30
RECRUITING = frozenset({"recruiting", "enrolling_by_invitation"})
ACTIVE = frozenset({*RECRUITING, "not_yet_recruiting", "active_not_recruiting"})
NOT_BEGUN = frozenset({"not_yet_recruiting", "withdrawn"})
ENDED = frozenset({"completed", "terminated"})
RESULTS_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Step:
    """A version of a trial: its event, when we saw it, and what it changed."""

    version: int
    event: str
    seen_on: date
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Flag:
    """`since`: from which day on it holds; `version`: which version raised it, None where a date did."""

    name: Name
    reason: str
    since: date | None
    version: int | None = None
    rests_on: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OutcomeChange:
    """What a version did to the primary outcomes; `after_start`: the trial had begun by then."""

    version: int
    changed_on: date
    start: str | None
    after_start: bool
    moves: tuple[Moved, ...]

    @property
    def is_switch(self) -> bool:
        return self.after_start and any(one.is_switch for one in self.moves)


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial as the rules look at it: `record` as history.plain writes it, `steps` oldest first."""

    registry: str
    record: Mapping[str, Any]
    steps: Sequence[Step] = ()
    removed_on: date | None = None


def flags(trial: Trial, today: date) -> tuple[Flag, ...]:
    """All that hold on a day. What was removed at its source is judged by its history alone."""
    found = [*_outcomes(trial), *_removed(trial)]
    if trial.removed_on is None:
        found += [*_past_completion(trial, today), *_overdue(trial, today), *_stale(trial, today), *_unknown(trial)]
    return tuple(found)


def next_look(trial: Trial, today: date) -> date | None:
    """The next day on which a date alone raises a flag; None where none will."""
    if trial.removed_on is not None:
        return None
    status = trial.record.get("status")
    days = [_ends_on(trial.record) if status in RECRUITING else None, _results_due(trial), _stale_from(trial.record)]
    ahead = [day + timedelta(days=1) for day in days if day is not None and day >= today]
    return min(ahead, default=None)


# ── outcomes ──


def outcome_changes(record: Mapping[str, Any], steps: Sequence[Step]) -> tuple[OutcomeChange, ...]:
    """What each version did to the primary outcomes, oldest first.

    Start, status and the date of update are those of the version itself: the changes are taken back from the newest on.
    """
    was: dict[str, Any] = {name: record.get(name) for name in ("start", "status", "last_updated")}
    found: list[OutcomeChange] = []
    for step in reversed(steps):
        now, was = was, was | {one.field: one.before for one in step.changes if one.field in was}
        for change in step.changes:
            moved = moves(_list(change.before), _list(change.after)) if change.field == "outcomes" else ()
            if moved:
                changed_on = _changed_on(step, now)
                begun = _has_begun(was["start"] or now["start"], was["status"], changed_on)
                found.append(OutcomeChange(step.version, changed_on, was["start"] or now["start"], begun, moved))
    return tuple(reversed(found))


def _changed_on(step: Step, now: Mapping[str, Any]) -> date:
    """At the source, where it says so; at the latest when we saw it."""
    told = first_day(now["last_updated"])
    changed = any(one.field == "last_updated" for one in step.changes)
    return min(told, step.seen_on) if told and changed else step.seen_on


def _has_begun(start: str | None, status: str | None, on: date) -> bool:
    begins = last_day(start)
    return begins is not None and begins < on and status not in NOT_BEGUN


def _outcomes(trial: Trial) -> Iterator[Flag]:
    late = [one for one in outcome_changes(trial.record, trial.steps) if one.after_start]
    switched = [one for one in late if one.is_switch]
    reworded = [one for one in late if not one.is_switch]
    if switched:
        yield _outcome_flag("outcomes_switched", switched[-1])
    if reworded:
        yield _outcome_flag("outcomes_reworded", reworded[-1])


def _outcome_flag(name: Name, change: OutcomeChange) -> Flag:
    told = [one for one in change.moves if one.is_switch == (name == "outcomes_switched")]
    reason = f"on {change.changed_on}, after the start ({change.start}): " + "; ".join(map(said, told))
    rests_on = {"start": change.start, "changed_on": change.changed_on.isoformat()}
    return Flag(name, reason[:2000], change.changed_on, change.version, rests_on)


def said(moved: Moved) -> str:
    """What became of an outcome, in words."""
    match moved.way:
        case "dropped":
            return f"primary outcome dropped: {moved.before}"
        case "added":
            return f"primary outcome added: {moved.after}"
        case "demoted":
            return f"primary outcome made secondary: {moved.before}"
        case "promoted":
            return f"made primary: {moved.after}"
        case "time_frame":
            return f"to be measured at another time: {moved.before}, now {moved.after}"
        case "reworded":
            return f"worded otherwise: {moved.before}, now {moved.after}"


# ── dates ──


def _ends_on(record: Mapping[str, Any]) -> date | None:
    return last_day(record.get("completion")) or last_day(record.get("primary_completion"))


def _past_completion(trial: Trial, today: date) -> Iterator[Flag]:
    ends_on, status = _ends_on(trial.record), trial.record.get("status")
    if status in RECRUITING and ends_on is not None and ends_on < today:
        name = "completion" if trial.record.get("completion") else "primary_completion"
        stated = trial.record[name]
        reason = f"it says that it recruits, though its {name.replace('_', ' ')} was {stated}"
        yield Flag("recruiting_past_completion", reason, ends_on + timedelta(days=1), None, {name: stated})


def _results_due(trial: Trial) -> date | None:
    """The last day on which results are in time; None where no rule asks for any, or they are there.

    Twelve months, as all of these say: 42 CFR 11.44 (ClinicalTrials.gov; from the primary completion), Commission
    guideline 2012/C 302/03 (EudraCT; from the end of the trial), Regulation (EU) 536/2014, article 37 (CTIS; from the
    end), and WHO's joint statement of 2017 for all other registers (from the primary completion).
    """
    record = trial.record
    if record.get("study_type") != "interventional" or record.get("has_results") is not False:
        return None
    if record.get("results_posted") or set(record.get("phases") or ()) == {"early_phase_1"}:
        return None
    end = last_day(record.get(_counted_from(trial)))
    return months_after(end, RESULTS_MONTHS) if end is not None and _is_over(record) else None


def _counted_from(trial: Trial) -> str:
    first, second = "primary_completion", "completion"
    if trial.registry in ("euctr", "ctis"):
        first, second = second, first
    return first if trial.record.get(first) else second


def _is_over(record: Mapping[str, Any]) -> bool:
    """Ended, or beyond its primary completion as the source says: one that was withdrawn has none."""
    status = record.get("status")
    return status in ENDED or (status == "active_not_recruiting" and record.get("primary_completion_actual") is True)


def _overdue(trial: Trial, today: date) -> Iterator[Flag]:
    due = _results_due(trial)
    if due is not None and due < today:
        name = _counted_from(trial)
        stated = trial.record[name]
        end = f"{name.replace('_', ' ')} ({stated})"
        reason = f"no results within {RESULTS_MONTHS} months of its {end}: {_rule(trial.registry)}"
        yield Flag("results_overdue", reason, due + timedelta(days=1), None, {name: stated, "due_on": due.isoformat()})


def _rule(registry: str) -> str:
    match registry:
        case "ctgov":
            return "42 CFR 11.44, where it applies; WHO joint statement 2017"
        case "euctr":
            return "Commission guideline 2012/C 302/03"
        case "ctis":
            return "Regulation (EU) 536/2014, article 37"
        case _:
            return "WHO joint statement 2017"


def _stale_from(record: Mapping[str, Any]) -> date | None:
    """The last day on which an active record is fresh."""
    updated = last_day(record.get("last_updated"))
    fresh = updated is not None and record.get("status") in ACTIVE
    return updated + timedelta(days=STALE_DAYS) if fresh and updated is not None else None


def _stale(trial: Trial, today: date) -> Iterator[Flag]:
    until = _stale_from(trial.record)
    if until is not None and until < today:
        stated = trial.record["last_updated"]
        reason = f"active, and not updated at its source for more than {STALE_DAYS} days: {stated}"
        yield Flag("stale", reason, until + timedelta(days=1), None, {"last_updated": stated})


# ── status, source ──


def _unknown(trial: Trial) -> Iterator[Flag]:
    if trial.record.get("status") != "unknown":
        return
    for step in reversed(trial.steps):
        for one in step.changes:
            if one.field == "status" and one.after == "unknown":
                reason = f"its status has become unknown; it was {str(one.before).replace('_', ' ')}"
                yield Flag("status_unknown", reason, step.seen_on, step.version, {"status": one.before})
                return
    if known := trial.record.get("last_known_status"):
        reason = f"its registry does not know its status any more; it was {known.replace('_', ' ')}"
        yield Flag("status_unknown", reason, None, None, {"last_known_status": known})


def _removed(trial: Trial) -> Iterator[Flag]:
    if trial.removed_on is not None:
        last = max((step.version for step in trial.steps if step.event == "removed"), default=None)
        yield Flag("removed_at_source", "its source does not have it any more", trial.removed_on, last)


def _list(value: object) -> Sequence[Mapping[str, Any]]:
    return value if isinstance(value, list | tuple) else ()
