"""One view of a trial that several registries hold, and where each datum of it comes from. No I/O.

Nothing is stored and no record is changed: the view is made from the records whenever it is asked for, so taking a
record out of a cluster undoes all that it brought. The order of the records makes no difference.

What is said of the trial as a whole is taken from the record that was changed last, a registry's own before ICTRP's
copy of it; what that one leaves out comes from the next that states it. Data that only mean something together come
from one record. Lists are joined, each item once. What the other records say otherwise is kept beside it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from actors.trials.comparable import Record, countries
from actors.trials.record import Trial, When

How = Literal["newest", "earliest", "latest", "fullest", "joined", "any"]

# Of records of one date, that of the registry that comes first here. ICTRP's are copies, some weeks old.
REGISTRIES = ("ctgov", "ctis", "isrctn", "euctr")
COPIES = frozenset({"ictrp"})

WHY: Mapping[How, str] = MappingProxyType(
    {
        "newest": "from the record that was changed last of those that state it",
        "earliest": "the earliest that a record states",
        "latest": "the latest that a record states",
        "fullest": "from the record that states most of it",
        "joined": "from all records",
        "any": "one record says so",
    }
)

# Fields that are taken together: the first decides, the others come from the same record whatever it says.
TOGETHER: tuple[tuple[str, ...], ...] = (
    ("registry_id", "registry", "url"),
    ("status", "status_raw", "last_known_status", "last_known_status_raw", "why_stopped"),
    ("study_type", "study_type_raw"),
    ("phases", "phases_raw"),
    ("enrolment", "enrolment_actual"),
    ("sponsor", "sponsor_class"),
)
EARLIEST = frozenset({"first_submitted", "first_posted", "results_posted"})
LATEST = frozenset({"last_updated", "verified"})
ANY = frozenset({"has_results"})
# Of blocks that mean something only as a whole, the one that states most.
FULLEST = frozenset({"design", "eligibility", "arms", "outcomes", "sharing", "expanded_access", "results"})
UNSTATED = frozenset({"", "unknown"})


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a joined list, as the first record that has it writes it, and all records that have it."""

    value: Any
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Datum:
    """`records`: who says so, the one that was chosen first. `others`: who says otherwise, and what.

    Of a joined list `items` has the records of each item, and nobody says otherwise.
    """

    name: str
    value: Any
    how: How
    records: tuple[Record, ...]
    others: tuple[tuple[Record, Any], ...] = ()
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Merged:
    """`trial` is the view in the shape of a record; `data` says of each field that is stated where it comes from."""

    trial: Trial
    records: tuple[Record, ...]
    data: Mapping[str, Datum]


def merge(trials: Iterable[Trial]) -> Merged:
    """The view of the records of one trial; of one record it is that record. Raises ValueError where there is none."""
    ordered = sorted(trials, key=_preference)
    if not ordered:
        raise ValueError("no records to merge")
    data = {datum.name: datum for group in _groups() for datum in _data(group, ordered)}
    stated = {name: datum for name, datum in data.items() if datum.records}
    view = replace(ordered[0], **{name: datum.value for name, datum in data.items()})
    return Merged(view, tuple(sorted(map(record_of, ordered))), MappingProxyType(dict(sorted(stated.items()))))


def record_of(trial: Trial) -> Record:
    return Record(trial.registry, trial.registry_id)


def _groups() -> list[tuple[str, ...]]:
    """Every field of a trial once; one that is new in `Trial` stands alone."""
    taken = {name for group in TOGETHER for name in group[1:]}
    first = {group[0]: group for group in TOGETHER}
    return [first.get(one.name, (one.name,)) for one in fields(Trial) if one.name not in taken]


def _data(group: tuple[str, ...], ordered: Sequence[Trial]) -> list[Datum]:
    lead = group[0]
    if lead in _JOINED:
        return [_joined(lead, ordered, _JOINED[lead])]
    how = _how(lead)
    chosen = _choose(lead, how, ordered)
    return [_datum(name, how, chosen, ordered) for name in group]


def _how(name: str) -> How:
    for how, names in (("earliest", EARLIEST), ("latest", LATEST), ("any", ANY), ("fullest", FULLEST)):
        if name in names:
            return how  # type: ignore[return-value]  # the four words above
    return "newest"


def _choose(name: str, how: How, ordered: Sequence[Trial]) -> Trial | None:
    """The record that the field is taken from; None where none states it."""
    stating = [trial for trial in ordered if _states(getattr(trial, name))]
    if not stating:
        return None
    if how == "earliest":
        return min(stating, key=lambda trial: getattr(trial, name).day)
    if how == "latest":
        return max(stating, key=lambda trial: getattr(trial, name).day)
    if how == "any":
        return next((trial for trial in stating if getattr(trial, name)), stating[0])
    if how == "fullest":
        return max(stating, key=lambda trial: _fullness(getattr(trial, name)))
    if name == "enrolment":  # how many came says more than how many were meant to
        return next((trial for trial in stating if trial.enrolment_actual), stating[0])
    happened = [trial for trial in stating if isinstance(when := getattr(trial, name), When) and when.actual]
    return (happened or stating)[0]


def _datum(name: str, how: How, chosen: Trial | None, ordered: Sequence[Trial]) -> Datum:
    if chosen is None:
        return Datum(name, getattr(ordered[0], name), how, ())
    value = getattr(chosen, name)
    if not _states(value):
        return Datum(name, value, how, ())
    agree = [record_of(trial) for trial in ordered if trial is not chosen and getattr(trial, name) == value]
    others = [
        (record_of(trial), getattr(trial, name))
        for trial in ordered
        if _states(getattr(trial, name)) and getattr(trial, name) != value
    ]
    return Datum(name, value, how, (record_of(chosen), *agree), tuple(others))


def _joined(name: str, ordered: Sequence[Trial], same: Callable[[Any], object]) -> Datum:
    """The items of all records in their order of preference, each as the first writes it."""
    found: dict[object, tuple[Any, list[Record]]] = {}
    for trial in ordered:
        for item in getattr(trial, name):
            _, records = found.setdefault(same(item), (item, []))
            if record_of(trial) not in records:
                records.append(record_of(trial))
    items = tuple(Item(value, tuple(records)) for value, records in found.values())
    saying = tuple(dict.fromkeys(record for item in items for record in item.records))
    return Datum(name, tuple(item.value for item in items), "joined", saying, items=items)


def _preference(trial: Trial) -> tuple[object, ...]:
    """Copies last, then the newest first; what is left to decide is decided by names, never by chance."""
    updated = trial.last_updated.day if trial.last_updated else date.min
    rank = REGISTRIES.index(trial.registry) if trial.registry in REGISTRIES else len(REGISTRIES)
    return trial.registry in COPIES, -updated.toordinal(), rank, trial.registry, trial.registry_id


def _states(value: object) -> bool:
    if isinstance(value, str):
        return value not in UNSTATED
    return value is not None and (_names(value) is None or _fullness(value) > 0)


def _fullness(value: object) -> int:
    """How much a block states: the length of a list, or how many of its fields."""
    if isinstance(value, tuple):
        return len(value)
    return sum(bool(getattr(value, name)) for name in _names(value) or ())


def _names(value: object) -> Sequence[str] | None:
    """The fields of a block; those of a list are its places; None for a plain value."""
    if isinstance(value, tuple):
        return tuple(map(str, range(len(value))))
    if isinstance(value, msgspec.Struct):
        return value.__struct_fields__
    return tuple(one.name for one in fields(value)) if is_dataclass(value) else None


def _plain(text: str | None) -> str:
    return " ".join((text or "").casefold().split())


def _country(name: str) -> object:
    return countries((name,)) or _plain(name)


_JOINED: Mapping[str, Callable[[Any], object]] = MappingProxyType(
    {
        "titles": lambda one: (one[0], _plain(one[1])),
        "ids": lambda one: (one.scheme, one.value),
        "conditions": _plain,
        "keywords": _plain,
        "collaborators": lambda one: _plain(one.name),
        "interventions": lambda one: _plain(one.name),
        "mesh": lambda one: (one.ui or _plain(one.term), one.about),
        "countries": _country,
        "sites": lambda one: (_plain(one.facility), _plain(one.city), _country(one.country or "")),
        "contacts": lambda one: (_plain(one.name), _plain(one.email)),
        "officials": lambda one: (_plain(one.name), _plain(one.role)),
        "references": lambda one: one.pmid or _plain(one.citation),
    }
)
