"""The made vocabulary as files, taken into a database."""

import tempfile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import asyncpg

from actors.mesh import importing
from actors.mesh.importing import Imported
from actors.mesh.reading import here
from actors.trials.following import store as following
from tests.mesh.made import HEADINGS, SUPPLEMENTARY, descriptor_xml, file_xml
from tests.postgres import Stock


async def take_made(db: "asyncpg.Connection[Any]", folder: Path) -> list[Imported]:
    """The headings and the supplementary records of made.py."""
    return [await take(db, folder / name, body) for name, body in (("desc2024.xml", made()), ("supp2024.xml", supp()))]


async def _fill(dsn: str) -> None:
    db = await asyncpg.connect(dsn)
    with tempfile.TemporaryDirectory() as folder:
        await take_made(db, Path(folder))
    await db.close()


MADE = Stock("mesh", _fill)


async def take(db: "asyncpg.Connection[Any]", file: Path, body: bytes, **given: Any) -> Imported:
    file.write_bytes(body)
    return await importing.import_file(db, file, run=here, after=_again, **given)


async def _again(db: Any) -> None:
    await following.everything(db, "mesh")


def made(*, without: tuple[str, ...] = (), renamed: dict[str, str] | None = None) -> bytes:
    """The headings as a yearly file; one that is renamed keeps its old name as a term."""
    new = renamed or {}
    return file_xml(*(
        descriptor_xml(ui, new.get(ui, name), numbers=numbers, terms=(name, *terms) if ui in new else terms)
        for ui, name, numbers, terms in HEADINGS if ui not in without
    ))  # fmt: skip


def supp() -> bytes:
    each = "".join(
        f'<SupplementalRecord SCRClass="1"><SupplementalRecordUI>{ui}</SupplementalRecordUI>'
        f"<SupplementalRecordName><String>{escape(name)}</String></SupplementalRecordName><HeadingMappedToList>"
        + "".join(
            f"<HeadingMappedTo><DescriptorReferredTo><DescriptorUI>*{one}</DescriptorUI>"
            f"<DescriptorName><String>{one}</String></DescriptorName></DescriptorReferredTo></HeadingMappedTo>"
            for one in headings
        )
        + f'</HeadingMappedToList><ConceptList><Concept PreferredConceptYN="Y"><ConceptUI>M{ui}</ConceptUI>'
        f"<ConceptName><String>{escape(name)}</String></ConceptName><TermList>"
        f'<Term ConceptPreferredTermYN="Y" IsPermutedTermYN="N" LexicalTag="NON"><TermUI>T{ui}</TermUI>'
        f"<String>{escape(name)}</String></Term></TermList></Concept></ConceptList></SupplementalRecord>\n"
        for ui, name, headings in SUPPLEMENTARY
    )
    return f'<?xml version="1.0"?>\n<SupplementalRecordSet>\n{each}</SupplementalRecordSet>\n'.encode()
