"""NLM's yearly MeSH files (desc20XX, supp20XX; XML, plain or gzip), read record by record in bounded memory.

A record is built as a small tree of its own and let go once it was given out. Nothing outside the file is looked at:
the DTD that it names is not fetched, and a file that declares entities is refused, so nothing grows on reading.
"""

import re
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal
from xml.etree.ElementTree import Element, TreeBuilder  # builds what expat, set up below, has let pass
from xml.parsers import expat

from actors.errors import Refusal
from actors.mesh.record import Descriptor, Supplementary
from actors.mesh.shape import NotAsDeclared, descriptor, supplementary, ui_of

CHUNK_BYTES = 64 * 1024
LONGEST_RECORD_BYTES = 1_000_000  # the longest of 2024 has 136 kB
MOST_BYTES = 8 * 1024**3  # unpacked; of real files, supp2025 is the longest with about 1 GB
GZIP = b"\x1f\x8b"

Kind = Literal["descriptors", "supplementary"]
EXPECTED = "expected is desc20XX.xml or supp20XX.xml as NLM publishes them, plain or gzip"

_YEAR = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})(?:[0-9]{4})?(?![0-9])")


class UnreadableMesh(Refusal):
    """The file is not what NLM publishes, or not all of it; the message says where, and what was expected."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What the file says of itself before its first record; `year` where the name of its DTD tells it."""

    kind: Kind
    year: int | None


@dataclass(frozen=True, slots=True)
class Malformed:
    """The `number`th record of the file (from 1) is not as its DTD says; the others are read all the same."""

    number: int
    ui: str | None
    problem: str


Read = Opening | Descriptor | Supplementary | Malformed


@dataclass(frozen=True, slots=True)
class _Root:
    kind: Kind
    record: str
    shape: Callable[[Element], Descriptor | Supplementary]


_ROOTS = {
    "DescriptorRecordSet": _Root("descriptors", "DescriptorRecord", descriptor),
    "SupplementalRecordSet": _Root("supplementary", "SupplementalRecord", supplementary),
}


def read(source: BinaryIO) -> Iterator[Read]:
    """First the opening, then every record in the order of the file. Raises UnreadableMesh."""
    parsing = _Parsing()
    try:
        for piece in _unpacked(source):
            yield from parsing.fed(piece)
    except zlib.error as error:
        raise UnreadableMesh(f"{parsing.where()}: the gzip data is damaged; {EXPECTED}") from error
    yield from parsing.fed(b"", last=True)


def year_of(name: str) -> int | None:
    """The year in the name of a file: desc2024.xml.gz, nlmdescriptorrecordset_20240101.dtd."""
    found = _YEAR.search(name)
    return int(found[1]) if found else None


def _unpacked(source: BinaryIO) -> Iterator[bytes]:
    """The file in small pieces, whatever a packed one grows to."""
    total = 0
    first = source.read(CHUNK_BYTES)
    for piece in (_gunzipped if first.startswith(GZIP) else _pieces)(source, first):
        total += len(piece)
        if total > MOST_BYTES:
            raise UnreadableMesh(f"more than {MOST_BYTES >> 30} GiB when unpacked; {EXPECTED}")
        yield piece


def _pieces(source: BinaryIO, first: bytes) -> Iterator[bytes]:
    piece = first
    while piece:
        yield piece
        piece = source.read(CHUNK_BYTES)


def _gunzipped(source: BinaryIO, first: bytes) -> Iterator[bytes]:
    member = zlib.decompressobj(wbits=31)
    for packed in _pieces(source, first):
        left = packed
        while left:
            if member.eof:  # a file may hold several members, one after another
                member = zlib.decompressobj(wbits=31)
            if piece := member.decompress(left, CHUNK_BYTES):
                yield piece
            left = member.unused_data if member.eof else member.unconsumed_tail
    if not member.eof:
        raise UnreadableMesh(f"the gzip data is cut short; {EXPECTED}")


class _Parsing:
    """Expat, set up to hand over each record as a tree of its own."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.EntityDeclHandler = self._entity_declared
        self._parser.SkippedEntityHandler = self._entity_skipped
        self._parser.StartElementHandler = self._root_begins
        self._year: int | None = None
        self._builder = TreeBuilder()
        self._number = 0
        self._fed = 0
        self._looked_at = 0  # byte at which the last record began or ended
        self._ready: deque[Read] = deque()

    def fed(self, piece: bytes, *, last: bool = False) -> Iterator[Read]:
        """What these bytes complete; then, if they are not what was expected, UnreadableMesh."""
        self._fed += len(piece)
        problem: UnreadableMesh | None = None
        try:
            self._parser.Parse(piece, last)
        except UnreadableMesh as error:
            problem = error
        except (expat.ExpatError, LookupError, ValueError) as error:  # the latter two of an encoding that it states
            said = expat.errors.messages[error.code] if isinstance(error, expat.ExpatError) else str(error)
            problem = UnreadableMesh(f"{self.where()}: {said}; {EXPECTED}")
        while self._ready:
            yield self._ready.popleft()
        if problem is None and self._fed - self._looked_at > LONGEST_RECORD_BYTES + 2 * CHUNK_BYTES:
            problem = UnreadableMesh(f"{self.where()}: longer than {LONGEST_RECORD_BYTES:,} bytes; {EXPECTED}")
        if problem:
            raise problem

    def where(self) -> str:
        line = f"line {self._parser.CurrentLineNumber}"
        return f"after record {self._number}, {line}" if self._number else line

    def _doctype(self, _root: str, system: str | None, _public: str | None, _internal: bool) -> None:
        self._year = year_of((system or "").rpartition("/")[2])

    def _entity_declared(self, name: str, *_: object) -> None:
        raise UnreadableMesh(f"{self.where()}: declares the entity {name!r}, which no MeSH file does; {EXPECTED}")

    def _entity_skipped(self, name: str, _parameter: bool) -> None:
        raise UnreadableMesh(f"{self.where()}: names the entity {name!r}, which no MeSH file does; {EXPECTED}")

    def _root_begins(self, tag: str, _attributes: dict[str, str]) -> None:
        root = _ROOTS.get(tag)
        if root is None:
            raise UnreadableMesh(f"{self.where()}: the file is a {tag}; {EXPECTED}")
        self._root = root
        self._ready.append(Opening(root.kind, self._year))
        self._wait()

    def _wait(self) -> None:
        """Between records."""
        self._looked_at = self._parser.CurrentByteIndex
        self._parser.StartElementHandler = self._record_begins
        self._parser.EndElementHandler = None
        self._parser.CharacterDataHandler = None

    def _record_begins(self, tag: str, attributes: dict[str, str]) -> None:
        if tag != self._root.record:
            raise UnreadableMesh(f"{self.where()}: {tag} where {self._root.record} belongs; {EXPECTED}")
        self._looked_at = self._parser.CurrentByteIndex
        self._builder = TreeBuilder()
        self._builder.start(tag, attributes)
        self._parser.StartElementHandler = self._builder.start
        self._parser.CharacterDataHandler = self._builder.data
        self._parser.EndElementHandler = self._ends

    def _ends(self, tag: str) -> None:
        self._builder.end(tag)
        if tag == self._root.record:
            self._number += 1
            self._ready.append(self._shaped(self._builder.close()))
            self._wait()

    def _shaped(self, element: Element) -> Read:
        try:
            return self._root.shape(element)
        except NotAsDeclared as error:
            return Malformed(self._number, ui_of(element), str(error))
