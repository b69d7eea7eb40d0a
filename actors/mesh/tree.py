"""The tree of headings: C14.280.647 is under C14.280, and that under C14. No I/O.

A heading stands at one place or several, and has a parent at each. Places are compared part by part: C04.5 is not
above C04.588, though the one text begins with the other.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator

CATEGORIES = {
    "A": "Anatomy",
    "B": "Organisms",
    "C": "Diseases",
    "D": "Chemicals and Drugs",
    "E": "Analytical, Diagnostic and Therapeutic Techniques, and Equipment",
    "F": "Psychiatry and Psychology",
    "G": "Phenomena and Processes",
    "H": "Disciplines and Occupations",
    "I": "Anthropology, Education, Sociology, and Social Phenomena",
    "J": "Technology, Industry, and Agriculture",
    "K": "Humanities",
    "L": "Information Science",
    "M": "Named Groups",
    "N": "Health Care",
    "V": "Publication Characteristics",
    "Z": "Geographicals",
}

_NUMBER = re.compile(r"[A-Z][0-9]{2}(?:\.[0-9]{2,3})*")


def is_tree_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def parent(number: str) -> str | None:
    """The place above; None of a top-level one such as C14."""
    above, dot, _ = number.rpartition(".")
    return above if dot else None


def ancestors(number: str) -> Iterator[str]:
    """The places above, the nearest first."""
    above = parent(number)
    while above is not None:
        yield above
        above = parent(above)


def is_under(number: str, other: str) -> bool:
    """Whether a place lies below another."""
    return number.startswith(other + ".")


def depth(number: str) -> int:
    """How many places are above: 0 of C14."""
    return number.count(".")


def without_parent(numbers: Iterable[str]) -> set[str]:
    """The places whose parent is not among them. Third parties' tables leave out the top-level places."""
    known = set(numbers)
    return {number for number in known if (above := parent(number)) is not None and above not in known}


class Tree:
    """Headings at their places, from pairs of id and tree number; a question takes as long as its answer."""

    def __init__(self, places: Iterable[tuple[str, str]]) -> None:
        self._at: dict[str, str] = {}
        self._numbers: dict[str, tuple[str, ...]] = {}
        for ui, number in places:
            self._at[number] = ui
            self._numbers[ui] = (*self._numbers.get(ui, ()), number)
        self._sorted = sorted(self._at)

    def numbers(self, ui: str) -> tuple[str, ...]:
        """The places of a heading; none for one that stands outside the tree, or is not known."""
        return self._numbers.get(ui, ())

    def at(self, number: str) -> str | None:
        return self._at.get(number)

    def top(self) -> list[str]:
        """The top-level places, A01 to Z01: the 115 roots."""
        return [number for number in self._sorted if "." not in number]

    def parents(self, ui: str) -> set[str]:
        """The headings right above, one for each place at most."""
        above = (parent(number) for number in self.numbers(ui))
        return {self._at[number] for number in above if number in self._at}

    def ancestors(self, ui: str) -> set[str]:
        above = (one for number in self.numbers(ui) for one in ancestors(number))
        return {self._at[number] for number in above if number in self._at} - {ui}

    def children(self, ui: str) -> set[str]:
        """The headings right below any place of this one."""
        return {self._at[one] for number in self.numbers(ui) for one in self._right_below(number)}

    def descendants(self, ui: str) -> set[str]:
        """All headings below any place of this one: what a search for it finds as well."""
        return {self._at[one] for number in self.numbers(ui) for one in self._below(number)} - {ui}

    def letters(self, ui: str) -> frozenset[str]:
        """The categories that a heading stands in."""
        return frozenset(number[0] for number in self.numbers(ui))

    def steps(self, ui: str, above: str) -> int | None:
        """How far `above` lies above a heading by the shortest way; None where it does not."""
        ways = (
            depth(number) - depth(other)
            for number in self.numbers(ui)
            for other in self.numbers(above)
            if is_under(number, other)
        )
        return min(ways, default=None)

    def is_within(self, ui: str, number: str) -> bool:
        """Whether a heading stands at a place or below it."""
        return any(one == number or is_under(one, number) for one in self.numbers(ui))

    def _below(self, number: str) -> Iterator[str]:
        start = f"{number}."
        at = bisect_left(self._sorted, start)
        while at < len(self._sorted) and self._sorted[at].startswith(start):
            yield self._sorted[at]
            at += 1

    def _right_below(self, number: str) -> Iterator[str]:
        start = f"{number}."
        at = bisect_left(self._sorted, start)
        while at < len(self._sorted) and self._sorted[at].startswith(start):
            child = start + self._sorted[at][len(start) :].partition(".")[0]
            if child in self._at:
                yield child
            at = bisect_left(self._sorted, f"{child}/")  # "/" follows ".": past all that is below the child
