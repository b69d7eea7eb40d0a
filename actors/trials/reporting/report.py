"""The report of a day, made from what was counted. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

FIRST = timedelta(days=1)  # that the first report of all looks back
LONGEST = timedelta(days=31)  # that any does


@dataclass(frozen=True, slots=True)
class Period:
    """From the end of the report before; `day` is that of its end, in the report's time zone."""

    day: date
    from_at: datetime
    to_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryDay:
    """One registry: what changed within the period, and how it stands at its end.

    `unavailable_since`: it did not answer. The counts of flags are of all its trials.
    """

    registry: str
    new: int = 0
    changed: int = 0
    status_changes: int = 0
    results_posted: int = 0
    removed: int = 0
    returned: int = 0
    refused: int = 0
    outcomes_switched: int = 0
    recruiting_past_completion: int = 0
    results_overdue: int = 0
    stale: int = 0
    status_unknown: int = 0
    unavailable_since: datetime | None = None
    last_success_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StatusMove:
    before: str | None
    after: str | None
    trials: int


@dataclass(frozen=True, slots=True)
class Notable:
    """One trial of which something is told: its `kind`, and what it was and is."""

    kind: str
    id: int
    registry: str
    registry_id: str
    title: str | None
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class FlagRaised:
    """A flag that was raised within the period; `raised` is how many of this name were."""

    name: str
    id: int
    registry: str
    registry_id: str
    title: str | None
    reason: str
    raised: int


@dataclass(frozen=True, slots=True)
class Told:
    """What a report says; of trials it names a few of each kind, and counts all."""

    registries: tuple[RegistryDay, ...]
    moves: tuple[StatusMove, ...] = ()
    notable: tuple[Notable, ...] = ()
    flagged: tuple[FlagRaised, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    day: date
    made_at: datetime
    from_at: datetime
    to_at: datetime
    zone: str
    told: Told


@dataclass(frozen=True, slots=True)
class Events:
    """Versions of one registry and event, and how many of them changed the status or posted results."""

    registry: str
    event: str
    versions: int
    statuses: int
    results: int


def period(last: datetime | None, now: datetime, zone: str) -> Period:
    """What the next report is about: all since the last one, whenever that was."""
    start = now - FIRST if last is None else max(last, now - LONGEST)
    return Period(now.astimezone(ZoneInfo(zone)).date(), start, now)


def registries(
    names: Iterable[str],
    events: Sequence[Events],
    refused: Mapping[str, int],
    flagged: Mapping[tuple[str, str], int],
    unavailable: Mapping[str, tuple[datetime | None, datetime | None]],
) -> tuple[RegistryDay, ...]:
    """`unavailable`: since when it has not answered, and when it was last complete."""
    every = {*names, *(one.registry for one in events), *(registry for registry, _ in flagged), *refused}
    return tuple(
        _registry(name, events, refused, flagged, unavailable.get(name, (None, None))) for name in sorted(every)
    )


def _registry(
    name: str,
    events: Sequence[Events],
    refused: Mapping[str, int],
    flagged: Mapping[tuple[str, str], int],
    state: tuple[datetime | None, datetime | None],
) -> RegistryDay:
    here = [one for one in events if one.registry == name]
    by_event = {one.event: one.versions for one in here}
    flags = ("outcomes_switched", "recruiting_past_completion", "results_overdue", "stale", "status_unknown")
    return RegistryDay(
        registry=name,
        new=by_event.get("new", 0),
        changed=by_event.get("changed", 0),
        removed=by_event.get("removed", 0),
        returned=by_event.get("returned", 0),
        status_changes=sum(one.statuses for one in here),
        results_posted=sum(one.results for one in here),
        refused=refused.get(name, 0),
        unavailable_since=state[0],
        last_success_at=state[1],
        **{flag: flagged.get((name, flag), 0) for flag in flags},
    )
