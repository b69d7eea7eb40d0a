"""A trial as its record was kept (`history.plain`), made into a trial again, or into what is compared. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from types import MappingProxyType
from typing import Any, get_args, get_type_hints

import msgspec
import orjson

from actors.trials.comparable import Comparable, comparable_of, packed
from actors.trials.record import Precision, Trial, When

_PRECISIONS: Mapping[int, Precision] = MappingProxyType({4: "year", 7: "month", 10: "day"})
_HINTS = get_type_hints(Trial)
_DATES = tuple(name for name, hint in _HINTS.items() if hint == When | None)
_LISTS = {  # of things with several data: an earlier adapter may have read the first of them alone
    name: fields(get_args(hint)[0])[0].name
    for name, hint in _HINTS.items()
    if get_args(hint)[1:] == (...,) and hasattr(get_args(hint)[0], "__dataclass_fields__")
}


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a trial to be compared: in the order of the statement `keep`."""

    trial_id: int
    registry: str
    registry_id: str
    register: str
    trial: str
    body: bytes


def trial_of(record: Mapping[str, Any]) -> Trial:
    """Raises ValueError for what is no record of a trial."""
    told: dict[str, Any] = {"title": None, "status_raw": None, "url": "", **record}
    for name in _DATES:
        if isinstance(text := told.get(name), str):
            told[name] = _when(text, told.pop(f"{name}_actual", None))
    for name, first in _LISTS.items():
        if items := told.get(name):
            told[name] = [{first: item} if isinstance(item, str) else item for item in items]
    return msgspec.convert(told, Trial)


def _when(text: str, actual: bool | None) -> dict[str, object]:
    day = date.fromisoformat(text + "0001-01-01"[len(text) :])
    return {"day": day, "precision": _PRECISIONS[len(text)], "actual": actual}


def kept(records: Sequence[tuple[int, str]]) -> tuple[list[Kept], list[tuple[int, str]]]:
    """Of (trial id, record as JSON) what is compared of each; and of those that cannot be read, why."""
    found, unreadable = [], []
    for trial_id, record in records:
        try:
            one = comparable_of(trial_of(orjson.loads(record)))
        except ValueError as error:
            unreadable.append((trial_id, str(error)[:200]))
        else:
            found.append(Kept(trial_id, *one.record, one.register, one.trial, packed(one)))
    return found, unreadable


def numbers_of(one: Comparable) -> tuple[str, ...]:
    """Every registry number that a record bears or claims, as scheme:VALUE, in order."""
    return tuple(sorted({one.trial, *(":".join(claim.id.key) for claim in one.claims if claim.strength)}))
