"""What is tried in a trial of the EU Clinical Trials Register: products by all their names, and placebos. No I/O."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from actors.trials.reading.euctr.text import Record, is_said
from actors.trials.reading.euctr.told import blocks, inside
from actors.trials.record import Intervention


def interventions_of(records: Iterable[Record]) -> tuple[Intervention, ...]:
    """Those of all records, each once; of two with one name the other names are those of both."""
    given: dict[str, Intervention] = {}
    for record in records:
        for one in (*_products(record), *_placebos(record)):
            known = given.setdefault(one.name.lower(), one)
            names = [*known.other_names, *([one.name] if one.name != known.name else []), *one.other_names]
            given[one.name.lower()] = replace(known, other_names=tuple(dict.fromkeys(names)))
    return tuple(given.values())


def _products(record: Record) -> Iterator[Intervention]:
    opens = next((code for code in ("D.", "D.1.2") if code in record.codes), "D.3.1")
    for block in blocks(record, opens, "D."):
        names = list(
            dict.fromkeys(one.value for code in _NAMES for one in block if one.code == code and is_said(one.value))
        )
        if names:
            form = [value for code in ("D.3.4", "D.3.7") if (value := inside(block, code))]
            yield Intervention(names[0], inside(block, "D.1.2"), " · ".join(form) or None, tuple(names[1:]))


# Trade name, product name, active substances (there may be several), codes.
_NAMES = ("D.2.1.1.1", "D.3.1", "D.3.8", "D.3.2", "D.3.9.2", "D.3.9.3")


def _placebos(record: Record) -> Iterator[Intervention]:
    forms = [*record.all("D.8.3"), *record.all("D.8.4")]
    if forms:
        yield Intervention("Placebo", "Placebo", " · ".join(dict.fromkeys(forms)))
