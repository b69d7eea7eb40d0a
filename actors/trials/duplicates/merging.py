"""One trial as all of its records tell it, and which record each datum is from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from actors.errors import NotFound
from actors.trials import merged
from actors.trials.comparable import Record
from actors.trials.duplicates import store, stored
from actors.trials.duplicates.explaining import RecordTold, record_told
from actors.trials.history import plain
from actors.trials.merged import WHY, Datum, How
from actors.trials.record import Trial

_NOTHING = Trial("", "", "", None, "unknown", None)


@dataclass(frozen=True, slots=True)
class Says:
    """A value, and the records (by our ids) that state it."""

    value: Any
    records: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the view. `records`: who says so, the one it is taken from first; `others`: who says otherwise.

    Of a list that was joined `items` says of each item who has it.
    """

    name: str
    how: How
    why: str
    records: tuple[int, ...]
    value: Any
    others: tuple[Says, ...]
    items: tuple[Says, ...]


@dataclass(frozen=True, slots=True)
class MergedTrial:
    """`record` is the view in the shape of a record; of one that is alone it is that record."""

    id: int
    cluster: int | None
    records: tuple[RecordTold, ...]
    record: Mapping[str, Any]
    fields: tuple[Field, ...]
    unreadable: tuple[int, ...]


async def merged_view(db: store.Database, trial_id: int) -> MergedTrial:
    """Made whenever it is asked for: nothing of it is kept. Raises NotFound."""
    told = [record_told(row) for row in await store.in_cluster(db, trial_id)]
    if not told:
        raise NotFound(f"there is no trial {trial_id}")
    trials, unreadable = read([*await store.records_of(db, [one.id for one in told])])
    if not trials:
        raise NotFound(f"the record of trial {trial_id} cannot be read")
    view = merged.merge(trials)
    id_of = {Record(one.registry, one.registry_id): one.id for one in told}
    mine = next(one for one in told if one.id == trial_id)
    fields = tuple(_field(datum, id_of) for datum in view.data.values())
    return MergedTrial(trial_id, mine.cluster, tuple(told), plain(view.trial), fields, tuple(unreadable))


def read(records: Sequence[tuple[int, str]]) -> tuple[list[Trial], list[int]]:
    """The trials, and the ids of those that cannot be read. No I/O."""
    trials, unreadable = [], []
    for trial_id, record in records:
        try:
            trials.append(stored.trial_of(orjson.loads(record)))
        except ValueError:
            unreadable.append(trial_id)
    return trials, unreadable


def _field(datum: Datum, id_of: Mapping[Record, int]) -> Field:
    def ids(records: Sequence[Record]) -> tuple[int, ...]:
        return tuple(id_of[record] for record in records)

    return Field(
        name=datum.name,
        how=datum.how,
        why=WHY[datum.how],
        records=ids(datum.records),
        value=_told(datum.name, datum.value),
        others=tuple(Says(_told(datum.name, value), ids([record])) for record, value in datum.others),
        items=tuple(Says(_first(datum.name, item.value), ids(item.records)) for item in datum.items),
    )


def _told(name: str, value: Any) -> Any:
    """A value as a record would hold it."""
    return plain(replace(_NOTHING, **{name: value})).get(name)


def _first(name: str, item: Any) -> Any:
    told = _told(name, (item,))
    return told[0] if told else None
