"""A record of MeSH as rows of the tables that hold it. No I/O."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from actors.mesh import normal
from actors.mesh.record import Descriptor, Supplementary, Term, terms
from actors.mesh.scope import CONDITIONS, PROCEDURES
from actors.mesh.tree import parent
from actors.mesh.vocabulary import LETTERS

READING = 1  # raise when the rows of the same file become others: it is then read anew
LONGEST_TERM = 2000  # bytes; the longest of 2024 has some 300, and an index takes no more than 2,700

COLUMNS: dict[str, tuple[str, ...]] = {
    "records": ("ui", "kind", "year", "created_on", "name", "note", "numbers"),
    "concepts": ("ui", "preferred", "concept", "name", "note", "numbers"),
    "terms": ("ui", "preferred", "permuted", "is_name", "concept", "term", "tag", "text", "spelled", "bag", "kin"),
    "places": ("number", "ui", "parent"),
    "actions": ("ui", "action", "name"),
    "headings": ("ui", "major", "heading", "qualifier"),
    "words": ("word", "letter", "conditions", "procedures"),
}

Cell = str | int | bool | date | list[str] | None
Row = tuple[Cell, ...]


@dataclass(slots=True)
class Rows:
    """Of some records, by the table that they go to."""

    records: list[Row] = field(default_factory=list)
    concepts: list[Row] = field(default_factory=list)
    terms: list[Row] = field(default_factory=list)
    places: list[Row] = field(default_factory=list)
    actions: list[Row] = field(default_factory=list)
    headings: list[Row] = field(default_factory=list)
    words: list[Row] = field(default_factory=list)

    def of(self, table: str) -> list[Row]:
        found: list[Row] = getattr(self, table)
        return found


def add(rows: Rows, record: Descriptor | Supplementary, year: int | None) -> None:
    """Puts the rows of a record to the others."""
    numbers = record.tree_numbers if isinstance(record, Descriptor) else ()
    rows.records.append((record.ui, record.kind, year, record.created, record.name, _note(record), list(numbers)))
    rows.places.extend((number, record.ui, parent(number)) for number in dict.fromkeys(numbers))
    rows.concepts.extend(_concepts(record))
    rows.terms.extend(_terms(record))
    rows.actions.extend((record.ui, *pair) for pair in {one.ui: one.name for one in record.actions}.items())
    if isinstance(record, Supplementary):
        each = {(one.ui, one.qualifier_ui or ""): one.major for one in record.headings}
        rows.headings.extend((record.ui, major, ui, qualifier) for (ui, qualifier), major in each.items())


def count_words(rows: Rows) -> None:
    """Puts the words of the terms to the rows, with how many terms of conditions and of procedures have them.

    What is spelled alike counts once in a record.
    """
    about = {ui: _about(ui, kind, numbers) for ui, kind, _, _, _, _, numbers in rows.records}
    counted: dict[tuple[str, str], list[int]] = {}
    for ui, spelled in {(row[0], row[8]) for row in rows.terms}:
        condition, procedure = about[ui]
        for word in set(str(spelled).split()):
            each = counted.setdefault((word, str(ui)[0]), [0, 0])
            each[0] += condition
            each[1] += procedure
    rows.words.extend((word, letter, *each) for (word, letter), each in counted.items())


def _about(ui: Cell, kind: Cell, numbers: Cell) -> tuple[bool, bool]:
    """Whether the terms of a record are looked for in conditions, and in procedures."""
    if str(ui).startswith("C"):
        return LETTERS.get(int(str(kind)), "D") in CONDITIONS.letters, False
    letters = {number[0] for number in numbers} if isinstance(numbers, list) else set()
    return bool(letters & CONDITIONS.letters), bool(letters & PROCEDURES.letters)


def too_long(record: Descriptor | Supplementary) -> str | None:
    """The beginning of a term that no index takes; None where there is none, as in every file of NLM."""
    each = (record.name, *(term.text for term in terms(record)))
    return next((text[:40] for text in each if len(text.encode()) > LONGEST_TERM), None)


def _note(record: Descriptor | Supplementary) -> str | None:
    """What its preferred concept covers; of a supplementary record, what is noted of it."""
    said = next((one.scope_note for one in record.concepts if one.preferred), None)
    return said or (record.note if isinstance(record, Supplementary) else None)


def _concepts(record: Descriptor | Supplementary) -> Iterator[Row]:
    for one in {concept.ui: concept for concept in record.concepts}.values():
        yield (record.ui, one.preferred, one.ui, one.name, one.scope_note or "", list(one.registry_numbers))


def _terms(record: Descriptor | Supplementary) -> Iterator[Row]:
    """Each once; the name too where no concept has it as a term."""
    seen: set[tuple[str, str]] = set()
    for concept in record.concepts:
        for term in concept.terms:
            if (term.ui, term.text) not in seen:
                seen.add((term.ui, term.text))
                yield _term(record, concept.ui, term)
    if all(text != record.name for _, text in seen):
        preferred = next(one for one in record.concepts if one.preferred)
        yield _term(record, preferred.ui, Term("", record.name, "NON", True, False))


def _term(record: Descriptor | Supplementary, concept: str, term: Term) -> Row:
    is_name = term.text == record.name
    said = (record.ui, term.preferred, term.permuted, is_name, concept, term.ui, term.lexical_tag, term.text)
    return (*said, *normal.forms(term.text))
