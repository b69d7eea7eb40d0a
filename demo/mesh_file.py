"""`python -m demo mesh FILE`: a small descriptor file of MeSH, with the conditions and treatments of the world.

Identifiers, terms and places are those of MeSH 2024 (U.S. National Library of Medicine), a twentieth of it: what the
world names, and everything above that. The records are shortened; it is for trying out, not for coding real trials.
"""

from __future__ import annotations

import argparse
import gzip
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from demo.tables import rows

YEAR = 2024
DOCTYPE = f'<!DOCTYPE DescriptorRecordSet SYSTEM "nlmdescriptorrecordset_{YEAR}0101.dtd">'


def run(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m demo mesh", description="A small descriptor file of MeSH.")
    parser.add_argument("file", type=Path, help="where to write it; packed if it ends in .gz")
    given = parser.parse_args(arguments)
    print(f"{write(given.file):,} descriptors of MeSH {YEAR} in {given.file}")
    return 0


def write(path: Path) -> int:
    """Writes the file; how many descriptors it holds."""
    records = list(_records())
    text = "".join(('<?xml version="1.0"?>\n', DOCTYPE, '\n<DescriptorRecordSet LanguageCode="eng">\n', *records))
    body = f"{text}</DescriptorRecordSet>\n".encode()
    path.write_bytes(gzip.compress(body, mtime=0) if path.suffix == ".gz" else body)
    return len(records)


def _records() -> Iterator[str]:
    for ui, name, numbers, entries in rows("mesh_headings"):
        terms = [name, *(one for one in entries.split("|") if one)]
        places = "".join(f"<TreeNumber>{number}</TreeNumber>" for number in numbers.split())
        yield (
            f'<DescriptorRecord DescriptorClass="1"><DescriptorUI>{ui}</DescriptorUI>'
            f"<DescriptorName><String>{escape(name)}</String></DescriptorName>"
            f"<TreeNumberList>{places}</TreeNumberList><ConceptList>"
            f'<Concept PreferredConceptYN="Y"><ConceptUI>M{ui[1:]}</ConceptUI>'
            f"<ConceptName><String>{escape(name)}</String></ConceptName>"
            f"<TermList>{''.join(_term(ui, at, term) for at, term in enumerate(terms))}</TermList>"
            "</Concept></ConceptList></DescriptorRecord>\n"
        )


def _term(ui: str, at: int, text: str) -> str:
    first = "N" if at else "Y"
    return (
        f'<Term ConceptPreferredTermYN="{first}" IsPermutedTermYN="N" LexicalTag="NON" RecordPreferredTermYN="{first}">'
        f"<TermUI>T{ui[1:]}{at:02}</TermUI><String>{escape(text)}</String></Term>"
    )
