"""What an id field of a record says, as identifiers under the names of their registers. No I/O."""

from collections.abc import Iterator
from typing import Literal, TypeAlias

from actors.trials.identity import parse
from actors.trials.normalise import numbers_inside, scheme_of
from actors.trials.record import Identifier

Place: TypeAlias = Literal["organisation", "secondary"]


def identifiers(text: str, place: Place, label: str | None) -> Iterator[Identifier]:
    """The number that `text` is, by what its field is called too; else the text itself, and the numbers within it."""
    if known := scheme_of(text) or _by_label(text, label):
        yield Identifier(*known, place, label)
        return
    yield Identifier("other", text, place, label)
    for number in numbers_inside(text):
        yield Identifier(*number, "text", label)


def _by_label(text: str, label: str | None) -> tuple[str, str] | None:
    """A number without its register's letters in a field that bears the register's name: 01727609 for NCT01727609."""
    known = parse(text, label) if label else None
    return (known.scheme, str(known)) if known and known.sound else None
