"""What changed in a trial from one version to the next, field by field. No I/O."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import msgspec

from actors.trials.record import Trial, When

_FIELDS = tuple(one.name for one in fields(Trial))
_PLACE = {name: place for place, name in enumerate(_FIELDS)}
_ABSENT: tuple[object, ...] = (None, "", [], {})

_key = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs; a part of a field is named with a dot: `eligibility.criteria`.

    Of a list, `before` holds what went and `after` what came, or both the whole list where only the order changed.
    None is what was not, or is no longer, stated.
    """

    field: str
    before: Any
    after: Any


def plain(trial: Trial) -> dict[str, object]:
    """The trial as JSON holds it, in the order of its fields, without what is not stated (None, empty).

    A date is written as precise as it is ("2027-02"); whether it has happened stands beside it (`start_actual`).
    """
    told: dict[str, object] = {}
    for name, value in msgspec.to_builtins(trial).items():
        if name == "results":
            told[name] = value or {}  # made without what is not stated
        elif isinstance(value, dict) and "precision" in value:
            told |= _date(name, getattr(trial, name))
        elif value or value == 0:
            told[name] = _listed(value)
    return {name: value for name, value in told.items() if value != {}}


def changes(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[Change, ...]:
    """The fields in which two plain trials differ, in the order of a trial's fields."""
    return tuple(_changes(before, after, ""))


def is_same(before: Mapping[str, object], after: Mapping[str, object]) -> bool:
    """Whether two plain trials state the same; not stated and empty are one."""
    return before == after or next(_changes(before, after, ""), None) is None


def _date(name: str, when: When) -> dict[str, object]:
    return {name: str(when)} if when.actual is None else {name: str(when), f"{name}_actual": when.actual}


def _listed(value: object) -> object:
    if type(value) is tuple:
        return [_stated(item) if type(item) is dict else _listed(item) for item in value]
    return _stated(value) if type(value) is dict else value


def _stated(item: dict[str, object]) -> dict[str, object]:
    return {
        name: part if type(part) is str or type(part) is int else _listed(part)
        for name, part in item.items()
        if part or part == 0  # 0 and False are stated
    }


def _changes(before: Mapping[str, object], after: Mapping[str, object], within: str) -> Iterator[Change]:
    for name in sorted({*before, *after}, key=_place):
        old, new = before.get(name), after.get(name)
        if old == new or (old in _ABSENT and new in _ABSENT):
            continue
        match old, new:
            case ((dict() | None), (dict() | None)):
                yield from _changes(old or {}, new or {}, f"{within}{name}.")
            case ((list() | None), (list() | None)):
                yield _list_change(within + name, old or [], new or [])
            case _:
                yield Change(within + name, old, new)


def _list_change(field: str, old: list[object], new: list[object]) -> Change:
    went, came = _without(old, new), _without(new, old)
    return Change(field, went, came) if went or came else Change(field, old, new)


def _without(these: list[object], those: list[object]) -> list[object]:
    """What is in `these` more often than in `those`, in its order."""
    left = Counter(_key(item) for item in those)
    kept = []
    for item in these:
        key = _key(item)
        if left[key]:
            left[key] -= 1
        else:
            kept.append(item)
    return kept


def _place(name: str) -> tuple[int, str]:
    """A trial's own fields in their order, `…_actual` right after its date, then all else by name."""
    return _PLACE.get(name, _PLACE.get(name.removesuffix("_actual"), len(_PLACE))), name
