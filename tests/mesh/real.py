"""Real MeSH and real terms of ClinicalTrials.gov, where they lie beside the project; tests say what they miss."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import BinaryIO

import pytest
import zstandard

from actors.mesh import xml
from actors.mesh.record import Descriptor, terms
from actors.mesh.tree import Tree
from actors.mesh.vocabulary import Known, Vocabulary, known
from actors.mesh.xml import Malformed

DATA = Path(__file__).parents[3] / "shared" / "data"


def needs(*names: str) -> pytest.MarkDecorator:
    missing = [name for name in names if not (DATA / name).exists()]
    return pytest.mark.skipif(bool(missing), reason=f"real data is not here: {', '.join(missing)}")


@contextmanager
def unpacked(name: str) -> Iterator[BinaryIO]:
    with (DATA / name).open("rb") as packed, zstandard.ZstdDecompressor().stream_reader(packed) as source:
        yield source


def lines(name: str) -> list[str]:
    with unpacked(name) as source:
        return source.read().decode().splitlines()


def vocabulary() -> Vocabulary:
    """Of 2024, without supplementary records."""
    return year()[0]


@cache
def year() -> tuple[Vocabulary, Counter[str]]:
    """The file of 2024 in one reading: its vocabulary, and how many there are of each thing in it."""
    known_terms: list[Known] = []
    places: list[tuple[str, str]] = []
    counted = Counter[str]()
    with unpacked("mesh/desc2024_reconstructed.xml.zst") as source:
        for one in xml.read(source):
            counted["malformed"] += isinstance(one, Malformed)
            if isinstance(one, Descriptor):
                known_terms += known([one])
                places += ((one.ui, number) for number in one.tree_numbers)
                counted.update(_counts(one))
    return Vocabulary(known_terms, Tree(places)), counted


def _counts(one: Descriptor) -> dict[str, int]:
    each = list(terms(one))
    return {
        "descriptors": 1, "concepts": len(one.concepts), "strings": len(each),
        "permuted": sum(term.permuted for term in each), "terms": len({term.ui for term in each}),
        "tree_numbers": len(one.tree_numbers), "actions": len(one.actions), "without_tree": not one.tree_numbers,
    }  # fmt: skip
