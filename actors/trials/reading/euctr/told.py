"""The records of a trial of the EU Clinical Trials Register as one: what the latest of them that says something says.

No I/O.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from actors.trials.normalise import NotReadable, when
from actors.trials.reading.euctr.text import Field, Record, is_said
from actors.trials.record import When

OUTSIDE = "3RD"  # the country code of a record from outside of the EEA
MOST_ENROLLED = 10**9


def latest_first(records: Sequence[Record]) -> list[Record]:
    """Those of the EEA first; without a record that stands there twice."""
    once = {(record.country_code, record.text.strip()): record for record in records}
    by_entry = sorted(once.values(), key=lambda record: entered(record) or "", reverse=True)
    return sorted(by_entry, key=lambda record: record.country_code == OUTSIDE)


def entered(record: Record) -> str | None:
    return record.summary.get("Date on which this record was first entered in the EudraCT database")


@dataclass(frozen=True, slots=True)
class Told:
    """The records, and what the first of them that says something says."""

    records: Sequence[Record]

    def first(self, code: str, label: str = "") -> str | None:
        """In English, which is the language of the form; else in any that there is."""
        said = (value for record in self.records if (value := record.first(code, label)) is not None)
        other = (one.value for record in self.records for one in record.said(code) if one.label.startswith(label))
        return next(said, None) or next(other, None)

    def says(self, *codes: str) -> Record | None:
        """The record that answers one of these with yes."""
        return next((record for record in self.records if any(record.is_yes(code) for code in codes)), None)

    def each(self, code: str, label: str = "") -> tuple[str, ...]:
        """What all of them say, each once."""
        return tuple(dict.fromkeys(value for record in self.records for value in record.all(code, label)))


def day_of(text: str | None) -> When | None:
    """A date as it is stated; what is none is left to the record as it came."""
    try:
        return when(text.split("\n")[0].strip()) if text else None
    except NotReadable:
        return None


def number_of(text: str | None) -> int | None:
    digits = (text or "").split("\n")[0].strip()
    return int(digits) if digits.isascii() and digits.isdigit() and int(digits) <= MOST_ENROLLED else None


def blocks(record: Record, opens: str, within: str) -> Iterator[list[Field]]:
    """Runs of fields that repeat: each from a code that opens it to the next such one, or to what lies beyond."""
    block: list[Field] = []
    for one in record.fields if opens in record.codes else ():
        if one.code == opens or not one.code.startswith(within):
            if block:
                yield block
            block = [one] if one.code == opens and is_said(one.value) else []
        elif block:
            block.append(one)
    if block:
        yield block


def inside(block: Iterable[Field], code: str) -> str | None:
    return next((one.value for one in block if one.code == code and one.language is None and is_said(one.value)), None)
