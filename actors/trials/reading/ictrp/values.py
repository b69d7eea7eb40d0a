"""One record of an ICTRP export parted into its fields: an element of XML, or a row of CSV under its header. No I/O."""

import csv
import io
import re
from collections.abc import Mapping
from xml.parsers import expat

from actors.trials.reading.ictrp.export import Piece, delimiter_of
from actors.trials.reading.ictrp.names import name_of, named, names_of

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LETTER = re.compile(r"&#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}));")
_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)")


class NotARecord(ValueError):
    """A record is not well formed; the message says how."""


def values_of(piece: Piece) -> Mapping[str, str]:
    """The fields of a record by their names (`names`). Raises NotARecord."""
    if piece.problem:
        raise NotARecord(piece.problem)
    if not piece.head:
        return _elements(piece.text)
    lines = io.StringIO(piece.head + piece.text, newline="")
    header, *rows = csv.reader(lines, delimiter=delimiter_of(piece.head))
    if len(rows) != 1:
        raise NotARecord(f"{len(rows)} rows where one was expected")
    return named(names_of(header), rows[0])


def _elements(text: str) -> Mapping[str, str]:
    """The children of <Trial>. What XML forbids and exports hold all the same is shown as a replacement character."""
    plain = _LETTER.sub(_letter, _AMPERSAND.sub("&amp;", _NOT_XML.sub("\ufffd", text)))
    reader = _Reader()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(plain.encode(errors="replace"), True)
    except expat.ExpatError as error:
        raise NotARecord(f"not well-formed XML: {expat.errors.messages[error.code]}") from error
    return {name: ";".join(parts) for name, parts in reader.values.items()}


def _letter(reference: re.Match[str]) -> str:
    code = int(reference[1], 16) if reference[1] else int(reference[2])
    is_xml = code in (9, 10, 13) or 32 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code < 0x110000
    return reference[0] if is_xml else "\ufffd"


class _Reader:
    def __init__(self) -> None:
        self.values: dict[str, list[str]] = {}
        self._path: list[str] = []
        self._parts: list[str] = []

    def begin(self, tag: str, _attributes: dict[str, str]) -> None:
        self._path.append(tag)
        self._parts = []

    def text(self, part: str) -> None:
        self._parts.append(part)

    def end(self, tag: str) -> None:
        self._path.pop()
        text, self._parts = "".join(self._parts), []
        if self._path and text.strip():
            self.values.setdefault(name_of(tag), []).append(text)
