"""What MeSH holds: descriptors, supplementary records, and what both are made of. No I/O.

A descriptor is a heading of the tree; its concepts are what it covers, one of them preferred; a concept's terms are its
names, one of them preferred. A supplementary record names a substance, a protocol, a rare disease or an organism that
has no heading of its own, and says under which headings it is found.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

DESCRIPTOR_UI = re.compile(r"D(?:[0-9]{6}|[0-9]{9})")
SUPPLEMENTARY_UI = re.compile(r"C(?:[0-9]{6}|[0-9]{9})")
PADDED_UI = re.compile(r"([DC])0+([0-9]{6})")


@dataclass(frozen=True, slots=True)
class Term:
    """`permuted`: the term with its words in another order, made by NLM ("Neoplasms, Breast").

    `lexical_tag`: NON none; ABB, ABX, ACR, ACX an abbreviation; EPO, NAM a proper name; TRD a trade name; LAB a code.
    """

    ui: str
    text: str
    lexical_tag: str
    preferred: bool  # of its concept
    permuted: bool


@dataclass(frozen=True, slots=True)
class Concept:
    ui: str
    name: str
    preferred: bool  # of its record
    terms: tuple[Term, ...]
    scope_note: str | None = None
    registry_numbers: tuple[str, ...] = ()  # CAS, UNII, EC and others, as given


@dataclass(frozen=True, slots=True)
class Reference:
    """Another record, by id and by the name it had when this one was written."""

    ui: str
    name: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading that stands for a supplementary record; `major` is the star before its id."""

    ui: str
    name: str
    major: bool
    qualifier_ui: str | None = None


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A heading. `kind`: 1 topic, 2 kind of publication, 3 check tag, 4 place."""

    ui: str
    name: str
    kind: int
    tree_numbers: tuple[str, ...]
    concepts: tuple[Concept, ...]
    actions: tuple[Reference, ...] = ()
    see_also: tuple[Reference, ...] = ()
    created: date | None = None
    revised: date | None = None
    established: date | None = None


@dataclass(frozen=True, slots=True)
class Supplementary:
    """`kind`: 1 chemical, 2 protocol, 3 disease, 4 organism, 5 population group, 6 anatomy."""

    ui: str
    name: str
    kind: int
    concepts: tuple[Concept, ...]
    headings: tuple[Heading, ...] = ()
    actions: tuple[Reference, ...] = ()
    note: str | None = None
    created: date | None = None
    revised: date | None = None


def terms(record: Descriptor | Supplementary) -> Iterator[Term]:
    """The terms of all concepts, the preferred concept's first."""
    for concept in sorted(record.concepts, key=lambda concept: not concept.preferred):
        yield from concept.terms


def repaired(ui: str, known: Collection[str]) -> str | None:
    """The id that is meant: `ui` itself, or without zeros that a registry put before it; None where none is known.

    ClinicalTrials.gov writes D000003920 for D003920. Real ids of nine digits exist, so what is known is left alone.
    """
    if ui in known:
        return ui
    padded = PADDED_UI.fullmatch(ui)
    short = f"{padded[1]}{padded[2]}" if padded else None
    return short if short in known else None
