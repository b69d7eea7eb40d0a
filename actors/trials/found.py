"""What a search found: hits, counts, values of filters, and the page that is shown. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from actors.trials.cursors import After, Order, cursor
from actors.trials.finding.asking import Meaning
from actors.trials.finding.grid import Circle
from actors.trials.semantic.fusion import Place
from actors.trials.shown import RegistryCount, Row


@dataclass(frozen=True, slots=True)
class Near:
    """Within so many km of a place; `name` is how it was asked for, and `others` the places that also bear it."""

    circle: Circle
    name: str = ""
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Count:
    """So many trials; with `more`, there are more than that; with `about`, that is what a sample says."""

    trials: int
    more: bool = False
    about: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A trial that was found, and where to go on after it."""

    id: int
    place: After


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a filter, and how many of the trials that were found have it."""

    value: str
    trials: int
    name: str = ""  # where it is not the value itself


@dataclass(frozen=True, slots=True)
class Facets:
    """How many of what was found have which value, by filter; with `about`, as a sample says."""

    values: Mapping[str, tuple[Value, ...]] = field(default_factory=lambda: MappingProxyType({}))
    about: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """The hits from where the search goes on, one more than a page holds."""

    hits: Sequence[Hit]
    count: Count
    facets: Facets = Facets()


@dataclass(frozen=True, slots=True)
class Results:
    """What was found.

    `exact` are the trials that the text names by number, whatever the filters; they stand on the first page, and are
    left out of `rows`. `count` is of all that is found, each trial once. `next` is None at the end. `meanings`: what
    words of the text were taken to name. `corrected`: nothing was found, and this text was asked instead.
    `described`: the text was read as the description of a patient, not as a question. `embedder`: trials were found by
    likeness to the text, by its vectors; `places` are where each row stood in which ranking.
    """

    exact: tuple[Row, ...] = ()
    rows: tuple[Row, ...] = ()
    count: Count = Count(0)
    next: str | None = None
    truncated: bool = False
    facets: Facets = Facets()
    meanings: tuple[Meaning, ...] = ()
    corrected: str | None = None
    described: bool = False
    near: Near | None = None
    embedder: str | None = None
    places: Mapping[int, Place] = field(default_factory=lambda: MappingProxyType({}))


NOTHING = Results()


def counted(hits: int, most: int) -> Count:
    """A count that was stopped one after `most`."""
    return Count(min(hits, most), more=hits > most)


def there(counts: Iterable[RegistryCount], *, with_removed: bool) -> Count:
    """All trials that are held."""
    return Count(sum(one.present + (one.removed if with_removed else 0) for one in counts))


def page(hits: Sequence[Hit], rows: int, order: Order) -> tuple[Sequence[Hit], str | None]:
    """The hits of one page, and the cursor to the next, from one hit more than a page holds."""
    return hits[:rows], cursor(hits[rows - 1].place, order) if len(hits) > rows else None
