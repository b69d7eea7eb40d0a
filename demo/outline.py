"""When a trial was registered, ran and changed, and what its status is: all that lists and filters need. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from demo import identifiers
from demo.dice import Dice, Weights, few_dice, happens

_LIFE, _CHANGE, _CHANGED, _REMOVED = 1, 1_000_000, 2_000_000, 3_000_000

SPAN_DAYS = 9_500  # from the first posted trial to the world's first day: 26 years, as the real register has


class Kind(StrEnum):
    INTERVENTIONAL = "INTERVENTIONAL"
    OBSERVATIONAL = "OBSERVATIONAL"
    EXPANDED_ACCESS = "EXPANDED_ACCESS"


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of all trials per world day; the defaults are some eight times the real register's."""

    changed: float = 0.01
    born: float = 0.001
    removed: float = 0.0005


@dataclass(frozen=True, slots=True)
class Outline:
    """Days are proleptic ordinals (`date.fromordinal`)."""

    index: int
    kind: Kind
    status: str
    last_known: str | None
    posted: int
    """First posted; submitted_on is some days before."""
    submitted: int
    started: int
    primary_done: int
    done: int
    updated: int
    """Last update posted."""
    verified: int
    results_posted: int | None
    enrolment: int
    planned: int
    """The enrolment first planned, which later changes leave alone."""
    revision: int
    """How many times the trial has changed since it came into the world."""
    retitled: bool


_KINDS = Weights([(Kind.INTERVENTIONAL, 76.2), (Kind.OBSERVATIONAL, 23.0), (Kind.EXPANDED_ACCESS, 0.8)])
_ENDED = Weights([("COMPLETED", 77.0), ("UNKNOWN", 13.0), ("TERMINATED", 7.0), ("WITHDRAWN", 3.0)])
_OPEN = Weights(
    [
        ("RECRUITING", 72.0),
        ("ACTIVE_NOT_RECRUITING", 17.0),
        ("ENROLLING_BY_INVITATION", 6.0),
        ("SUSPENDED", 2.5),
        ("TERMINATED", 2.5),
    ]
)
_ACCESS = Weights(
    [
        ("AVAILABLE", 25.0),
        ("NO_LONGER_AVAILABLE", 45.0),
        ("TEMPORARILY_NOT_AVAILABLE", 5.0),
        ("APPROVED_FOR_MARKETING", 25.0),
    ]
)
_NEXT = {
    "NOT_YET_RECRUITING": "RECRUITING",
    "RECRUITING": "ACTIVE_NOT_RECRUITING",
    "ENROLLING_BY_INVITATION": "ACTIVE_NOT_RECRUITING",
    "SUSPENDED": "RECRUITING",
    "ACTIVE_NOT_RECRUITING": "COMPLETED",
    "UNKNOWN": "COMPLETED",
    "AVAILABLE": "NO_LONGER_AVAILABLE",
    "TEMPORARILY_NOT_AVAILABLE": "AVAILABLE",
}


def posted_day(index: int, first_day: int) -> int:
    """The day on which a trial of the first day's world was first posted: more of them in later years."""
    age = 1 - (identifiers.rank(index) + index * 0.6180339887 % 1.0) / identifiers.RANKS
    return first_day - 1 - int(SPAN_DAYS * age**1.5)


def is_removed(seed: int, index: int, day: int, rates: Rates) -> bool:
    return any(happens(seed, index, _REMOVED + k, rates.removed) for k in range(1, day + 1))


def outline(seed: int, index: int, born: int | None, first_day: int, day: int, rates: Rates) -> Outline:
    """A trial as it stands on a world day; `born` is the world day of its first posting, None if before day 0."""
    posted = posted_day(index, first_day) if born is None else first_day + born
    at = _begin(few_dice(seed, index, _LIFE), index, posted, max(first_day, posted))
    for k in range((born or 0) + 1, day + 1):
        if happens(seed, index, _CHANGED + k, rates.changed):
            at = changed(at, few_dice(seed, index, _CHANGE + k), first_day + k)
    return at


def _begin(dice: Dice, index: int, posted: int, today: int) -> Outline:
    kind = dice.weigh(_KINDS)
    late = dice.chance(0.2)
    started = posted + (-dice.between(31, 700) if late else dice.between(-30, 120))
    primary_done = started + int(min(dice.spread(620, 0.7), 5_000)) + 20
    done = primary_done + (0 if dice.chance(0.35) else dice.between(1, 500))
    status = _status(dice, kind, started, primary_done, done, today)
    if status == "UNKNOWN" and (posted > today - 800 or done > today - 731):
        status = "COMPLETED"
    if status in ("TERMINATED", "WITHDRAWN"):
        done = min(done, max(started, today - dice.between(0, 200)))
        primary_done = min(primary_done, done)
    updated = _last_update(dice, status, posted, done, today)
    results = None
    if kind is Kind.INTERVENTIONAL and status in ("COMPLETED", "TERMINATED") and dice.chance(0.22):
        results = max(posted, done + dice.between(300, 900))
        if results > today:
            results = None
        else:
            updated = max(updated, results)
    enrolment = 0 if status == "WITHDRAWN" else max(1, min(int(dice.spread(70, 1.25)), 500_000))
    return Outline(
        index=index,
        kind=kind,
        status=status,
        last_known="RECRUITING" if status == "UNKNOWN" else None,
        posted=posted,
        submitted=posted - dice.between(1, 21),
        started=started,
        primary_done=primary_done,
        done=done,
        updated=updated,
        verified=updated - dice.between(0, 40),
        results_posted=results,
        enrolment=enrolment,
        planned=enrolment,
        revision=0,
        retitled=False,
    )


def _status(dice: Dice, kind: Kind, started: int, primary_done: int, done: int, today: int) -> str:
    if kind is Kind.EXPANDED_ACCESS:
        return dice.weigh(_ACCESS)
    if dice.chance(0.002):
        return "WITHHELD"
    if started > today:
        return "NOT_YET_RECRUITING"
    if primary_done > today:
        return dice.weigh(_OPEN)
    return "ACTIVE_NOT_RECRUITING" if done > today else dice.weigh(_ENDED)


def _last_update(dice: Dice, status: str, posted: int, done: int, today: int) -> int:
    """Within [posted, today]; more than two years ago where the register says UNKNOWN for that reason."""
    match status:
        case "UNKNOWN":
            latest = today - 800
        case "COMPLETED" | "TERMINATED" | "WITHDRAWN":
            latest = done + dice.between(5, 500)
        case _:
            latest = today - dice.between(0, 600)
    return max(posted, min(latest, today))


def changed(at: Outline, dice: Dice, today: int) -> Outline:
    """The trial after an update posted today: its status, enrolment, dates, title or only its contacts moved."""
    at = replace(at, revision=at.revision + 1, updated=today, verified=today - dice.between(0, 20))
    match dice.between(0, 4):
        case 0 if at.status in _NEXT:
            return _stepped(at, _NEXT[at.status], today)
        case 1:
            return replace(at, enrolment=at.enrolment + max(1, int(at.enrolment * dice.roll() * 0.3)))
        case 2 if at.status in ("NOT_YET_RECRUITING", "RECRUITING", "ACTIVE_NOT_RECRUITING"):
            days = dice.between(30, 400)
            return replace(at, primary_done=at.primary_done + days, done=at.done + days)
        case 3:
            return replace(at, retitled=True)
        case _:
            return at


def _stepped(at: Outline, status: str, today: int) -> Outline:
    at = replace(at, status=status, last_known=None)
    if status == "RECRUITING":
        started = min(at.started, today)
        return replace(at, started=started)
    if status == "COMPLETED":
        done = max(at.started, min(at.done, today))
        return replace(at, done=done, primary_done=min(at.primary_done, done))
    return at
