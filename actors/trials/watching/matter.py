"""What of a new version matters to somebody who watches the trial. No I/O."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from actors.trials.flags import OutcomeChange, Step, said

Kind = Literal[
    "new", "status", "dates", "outcomes_switched", "results_posted", "removed", "returned", "left"
]  # in the order in which they are told

DATES = ("start", "primary_completion", "completion")
LONGEST = 1000  # characters of a text that is told


@dataclass(frozen=True, slots=True)
class Matter:
    """`field` is that of the record, None where the trial as a whole is meant."""

    kind: Kind
    field: str | None = None
    before: Any = None
    after: Any = None


def matters(step: Step, outcomes: OutcomeChange | None) -> tuple[Matter, ...]:
    """`outcomes`: what this version did to the primary outcomes, None where nothing."""
    found = [*_events(step), *_fields(step)]
    if outcomes is not None and outcomes.is_switch:
        told = "; ".join(said(one) for one in outcomes.moves if one.is_switch)
        found.append(Matter("outcomes_switched", "outcomes", None, told[:LONGEST]))
    return tuple(found)


def _events(step: Step) -> Iterator[Matter]:
    if step.event == "removed":
        yield Matter("removed")
    elif step.event == "returned":
        yield Matter("returned")


def _fields(step: Step) -> Iterator[Matter]:
    posted = False
    for one in step.changes:
        if one.field == "status":
            yield Matter("status", "status", one.before, one.after)
        elif one.field in DATES:
            yield Matter("dates", one.field, one.before, one.after)
        elif not posted and _is_posted(one.field, one.before, one.after):
            posted = True
            yield Matter("results_posted", one.field, one.before, one.after)


def _is_posted(field: str, before: object, after: object) -> bool:
    if field == "results_posted":
        return before is None and after is not None
    return field == "has_results" and after is True
