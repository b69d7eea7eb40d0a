"""The terms of MeSH, held in memory to be looked up: as spelled, as a bag of stems, as a bag of kindred words. No I/O.

A term as it is written belongs to one record only (true of all 263,936 of 2024). What is normalised further collides
here and there; the records are then kept apart, and what cannot be told apart is not found rather than guessed.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from actors.mesh import lay, normal
from actors.mesh.record import Descriptor, Supplementary, terms
from actors.mesh.tree import Tree

Source = Literal["name", "entry", "said"]
How = Literal["exact", "entry", "said", "normalised", "kindred"]

RANKS: dict[Source, int] = {"name": 0, "entry": 1, "said": 2}  # who is believed first
HOWS: tuple[How, ...] = ("exact", "entry", "said")  # by rank, of a term found as it is spelled
Index = dict[str, int | tuple[int, ...]]  # of a record's place and a rank, as one number

LETTERS = {1: "D", 2: "D", 3: "C", 4: "B", 5: "M", 6: "A"}  # the category of a supplementary record, by its kind


_SHARED: dict[frozenset[str], frozenset[str]] = {}  # there are few different ones


@dataclass(frozen=True, slots=True)
class Known:
    """One term, whose it is and who says so: MeSH by name or entry term, or we by our lay terms."""

    ui: str
    text: str
    source: Source


@dataclass(frozen=True, slots=True)
class Keyed:
    """A term by the keys that were made of it before; `names` tells what its record is called."""

    ui: str
    source: Source
    spelled: str
    bag: str
    kin: str


@dataclass(frozen=True, slots=True)
class Found:
    ui: str
    how: How


def known(records: Iterable[Descriptor | Supplementary]) -> Iterator[Known]:
    """The terms of records, each once: permuted ones too, for some join two things by a word that parts others."""
    for record in records:
        yield Known(record.ui, record.name, "name")
        for term in terms(record):
            if term.text != record.name:
                yield Known(record.ui, term.text, "entry")


class Vocabulary:
    """`kinds`: of supplementary records, which have no place in the tree; `headings`: those they are mapped to.

    It may hold a part of MeSH: what it then says of a text is the same, if all terms are there that have a key of it.
    """

    def __init__(
        self,
        terms: Iterable[Known | Keyed],
        tree: Tree,
        *,
        kinds: Mapping[str, int] | None = None,
        headings: Mapping[str, Sequence[str]] | None = None,
        names: Mapping[str, str] | None = None,
    ) -> None:
        self.tree = tree
        self.headings = dict(headings or {})
        self._names: dict[str, str] = dict(names or {})
        self._uis: list[str] = []
        self._spelled: Index = {}
        self._bags: Index = {}
        self._kin: Index = {}  # where they are not the bag
        self._places: dict[str, int] = {}
        for term in terms:
            self._take(term if isinstance(term, Keyed) else self._keyed(term))
        uis = {name: ui for ui, name in self._names.items()}
        for name, said in lay.SAID:
            if ui := uis.get(name):
                self._take(self._keyed(Known(ui, said, "said")))
        self.short_forms = {short: uis[name] for name, short in lay.SHORT_FORMS if name in uis}
        self._letters = {
            ui: _SHARED.setdefault(letters := tree.letters(ui), letters) for ui in (*self._uis, *self._names)
        }
        for ui, kind in (kinds or {}).items():
            self._letters[ui] = frozenset(LETTERS.get(kind, "D"))

    def __contains__(self, ui: object) -> bool:
        return ui in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def name(self, ui: str) -> str:
        return self._names.get(ui, ui)

    def letters(self, ui: str) -> frozenset[str]:
        """The categories of a record; none of one that is not known."""
        return self._letters.get(ui, frozenset())

    def find(
        self, words: Sequence[str], letters: frozenset[str], *, loose: bool = True, kin: bool = True
    ) -> Found | None:
        """The one record in these categories that the words name, by the strictest form that names any."""
        if found := self._first(_packed(self._spelled, normal.spelled(words)), letters):
            return Found(found[0], HOWS[found[1]])
        if not loose:
            return None
        stems = normal.stems(words)
        if found := self._first(_packed(self._bags, normal.bag(stems)), letters):
            return Found(found[0], "normalised")
        key = normal.kin(stems) if kin else ""
        if key and (found := self._first(_packed(self._bags, key) + _packed(self._kin, key), letters)):
            return Found(found[0], "kindred")
        return None

    def words(self, letters: frozenset[str] | None = None) -> Counter[str]:
        """The words of the terms, all or those in these categories, and in how many each stands."""
        found = Counter[str]()
        for key in self._spelled:
            if letters is None or any(self._letters[ui] & letters for _, ui in self._each(_packed(self._spelled, key))):
                found.update(key.split())
        return found

    def _first(self, packed: Sequence[int], letters: frozenset[str]) -> tuple[str, int] | None:
        """The id and rank of the one that goes before all others: by its name first, a heading before a supplement.

        None where two go before all others.
        """
        fitting = (one for one in self._each(packed) if self._letters[one[1]] & letters)
        ordered = sorted({(rank, ui.startswith("C"), ui) for rank, ui in fitting})
        if not ordered or (len(ordered) > 1 and ordered[0][:2] == ordered[1][:2]):
            return None
        return ordered[0][2], ordered[0][0]

    def _each(self, packed: Sequence[int]) -> Iterator[tuple[int, str]]:
        return ((one & 3, self._uis[one >> 2]) for one in packed)

    def _keyed(self, term: Known) -> Keyed:
        if term.source == "name":
            self._names[term.ui] = term.text
        return Keyed(term.ui, term.source, *normal.forms(term.text))

    def _take(self, term: Keyed) -> None:
        place = self._places.setdefault(term.ui, len(self._uis))
        if place == len(self._uis):
            self._uis.append(term.ui)
        one = place << 2 | RANKS[term.source]
        for index, key in ((self._spelled, term.spelled), (self._bags, term.bag)):
            _add(index, key, one)
        if term.kin != term.bag:
            _add(self._kin, term.kin, one)


def _packed(index: Index, key: str) -> tuple[int, ...]:
    found = index.get(key, ())
    return (found,) if isinstance(found, int) else found


def _add(index: Index, key: str, one: int) -> None:
    """Keeps of each record what is believed first. Most keys have one record: a number is a third of a tuple's size."""
    others = _packed(index, key)
    best = min([one, *(other for other in others if other >> 2 == one >> 2)])
    kept = (*(other for other in others if other >> 2 != one >> 2), best)
    index[key] = kept if len(kept) > 1 else best
