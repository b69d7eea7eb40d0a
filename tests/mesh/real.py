"""Real MeSH and real terms of ClinicalTrials.gov, where they lie beside the project; tests say what they miss."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import BinaryIO

import pytest
import zstandard

from actors.mesh import xml
from actors.mesh.record import Descriptor
from actors.mesh.tree import Tree
from actors.mesh.vocabulary import Known, Vocabulary, known

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


@cache
def vocabulary() -> Vocabulary:
    """Of 2024, without supplementary records."""
    terms: list[Known] = []
    places: list[tuple[str, str]] = []
    with unpacked("mesh/desc2024_reconstructed.xml.zst") as source:
        for one in xml.read(source):
            if isinstance(one, Descriptor):
                terms += known([one])
                places += ((one.ui, number) for number in one.tree_numbers)
    return Vocabulary(terms, Tree(places))
