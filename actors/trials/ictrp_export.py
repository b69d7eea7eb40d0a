"""Export files of ICTRP cut into their records: XML or CSV, plain or in a ZIP, however large. No I/O of its own.

    bytes ── ZIP: its one file, within bounds ── text: by its byte order mark, else UTF-8, read leniently
          ── XML: <Trial> … </Trial>   ── CSV: rows under a header, or under the columns of the full export

One record at a time is held. What an encoding declaration says is not believed: exports declare UTF-8 and hold
letters of Windows-1252. A document type is refused, so nothing that a file declares can grow on reading.
"""

import codecs
import csv
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import IO

from actors.trials.ictrp_names import headless, names_of
from actors.trials.lenient import NAME as WINDOWS

ROOT = "Trials_downloaded_from_ICTRP"
CHUNK_BYTES = 256 * 1024
LONGEST_RECORD = 4_000_000  # characters; the longest that are known have 200,000
MOST_BYTES = 8 * 1024**3  # unpacked; a full export has about 4 GB
MOST_RATIO = 200  # unpacked to packed; a real export, with its padding, has up to 30
BOMB_BYTES = 64 * 1024**2  # below it no ratio is looked at
ENDS = (".xml", ".csv", ".txt")
BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError, ValueError)  # a ZIP that is none

csv.field_size_limit(LONGEST_RECORD)

_TRIAL = re.compile(r"<Trial(?:\s[^>]*)?>")
_END = "</Trial>"
_CLOSED = re.compile(rf"</{ROOT}\s*>|<{ROOT}[^>]*/>")
_HEAD_CHARS = 20_000  # within which the root of an XML export must begin


class NotAnExport(ValueError):
    """The file as a whole is no export of ICTRP, or more than is taken; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A record as it came: the text that makes it a small export of its own, and why it is none, where that is so."""

    text: str
    head: str = ""  # of a row: the header above it
    problem: str | None = None

    @property
    def raw(self) -> bytes:
        return (self.head + self.text).encode(errors="replace")


def pieces(file: IO[bytes]) -> Iterator[Piece]:
    """Every record of a file that can be sought in. Raises NotAnExport, the later the deeper the fault lies."""
    with _unpacked(file) as unpacked:
        text = _text(unpacked)
        start = next(text)
        rest = _again(start, text)
        yield from (_of_xml(rest) if start.lstrip().startswith("<") else _of_csv(rest))


def bodies(file: IO[bytes], *, records: int, size: int) -> Iterator[tuple[bytes, int]]:
    """The file in small exports of at most so many records, of about `size` characters; with how many they hold."""
    held: list[Piece] = []
    chars = 0
    for piece in pieces(file):
        if held and (len(held) >= records or chars >= size or piece.head != held[0].head):
            yield _body(held), len(held)
            held, chars = [], 0
        held.append(piece)
        chars += len(piece.text)
    if held:
        yield _body(held), len(held)


def _body(held: list[Piece]) -> bytes:
    head = held[0].head
    text = "".join(one.text for one in held)
    return (head + text if head else f"<{ROOT}>{text}</{ROOT}>").encode(errors="replace")


# ── packed ──


@contextmanager
def _unpacked(file: IO[bytes]) -> Iterator["_Bounded"]:
    start = file.read(4)
    file.seek(0)
    if start[:2] != b"PK":
        yield _Bounded(file)
        return
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(zipfile.ZipFile(file))
            packed = stack.enter_context(archive.open(_member(archive)))
        except NotAnExport:
            raise
        except BROKEN as error:
            raise NotAnExport(f"the ZIP cannot be unpacked: {error}") from error
        yield _Bounded(packed)


def _member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """The one export in a ZIP. Raises NotAnExport for anything that looks like more."""
    files = [one for one in archive.infolist() if not one.is_dir()]
    if len(files) != 1:
        raise NotAnExport(f"the ZIP holds {len(files)} files; expected one export")
    [member] = files
    if not member.filename.lower().endswith(ENDS):
        raise NotAnExport(f"the ZIP holds {member.filename[:80]!r}; expected a file that ends in {', '.join(ENDS)}")
    if member.flag_bits & 1:
        raise NotAnExport("the ZIP is locked by a password")
    ratio = member.file_size / max(member.compress_size, 1)
    if member.file_size > MOST_BYTES or (member.file_size > BOMB_BYTES and ratio > MOST_RATIO):
        raise NotAnExport(
            f"the ZIP unpacks to {member.file_size:,} bytes, {ratio:,.0f} times its own size; at most "
            f"{MOST_BYTES:,} bytes and {MOST_RATIO} times are taken"
        )
    return member


class _Bounded:
    """Reads no more than agreed, whatever a header has promised."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._left = file, MOST_BYTES

    def read(self, size: int) -> bytes:
        try:
            part = self._file.read(size)
        except BROKEN as error:
            raise NotAnExport(f"the ZIP cannot be unpacked: {error}") from error
        self._left -= len(part)
        if self._left < 0:
            raise NotAnExport(f"longer than {MOST_BYTES:,} bytes")
        return part


# ── text ──


def _text(file: _Bounded) -> Iterator[str]:
    chunk = file.read(CHUNK_BYTES)
    decoder = codecs.getincrementaldecoder(encoding_of(chunk))(errors=WINDOWS)
    while chunk:
        yield decoder.decode(chunk)
        chunk = file.read(CHUNK_BYTES)
    yield decoder.decode(b"", final=True)


def encoding_of(start: bytes) -> str:
    """By the byte order mark, or by the zeros of a text that is mostly ASCII; else UTF-8."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(start) >= 4 and start[1] == 0 == start[3]:
        return "utf-16-le"
    if len(start) >= 4 and start[0] == 0 == start[2]:
        return "utf-16-be"
    return "utf-8-sig"


def _again(start: str, rest: Iterable[str]) -> Iterator[str]:
    yield start
    yield from rest


# ── XML ──


def _of_xml(chunks: Iterator[str]) -> Iterator[Piece]:
    held, is_open = "", False
    for chunk in chunks:
        held += chunk
        is_open = is_open or _is_open(held)
        if is_open:
            held, found = _taken(held)
            yield from found
    if not is_open or _CLOSED.search(held) is None:
        raise NotAnExport(f"the file is cut short: expected </{ROOT}> at its end")


def _is_open(held: str) -> bool:
    """Whether the root has begun. Raises NotAnExport."""
    head = held[:_HEAD_CHARS]
    begun = head.find(f"<{ROOT}")
    before = head if begun < 0 else head[:begun]
    if "<!DOCTYPE" in before.upper() or "<!ENTITY" in before.upper():
        raise NotAnExport("the file has a document type, which no export has")
    if begun < 0 and ((root := re.search(r"<([A-Za-z][\w.:-]*)", before)) or len(held) > _HEAD_CHARS):
        raise NotAnExport(f"the root is {root[1] if root else 'missing'}; expected {ROOT}")
    return begun >= 0


def _taken(held: str) -> tuple[str, list[Piece]]:
    """What is left, and the records before it."""
    found: list[Piece] = []
    at = 0
    while (start := _TRIAL.search(held, at)) is not None:
        end = held.find(_END, start.end())
        if end < 0:
            if len(held) - start.start() > LONGEST_RECORD:
                raise NotAnExport(f"a record is longer than {LONGEST_RECORD:,} characters")
            return held[start.start() :], found
        at = end + len(_END)
        found.append(Piece(held[start.start() : at]))
    return held[at:][-_HEAD_CHARS:], found


# ── CSV ──


def _of_csv(chunks: Iterator[str]) -> Iterator[Piece]:
    taken: list[str] = []
    lines = _lines(chunks, taken)
    first = next(lines, "")
    delimiter = delimiter_of(first)
    lines = _again(first, lines)
    head, width, is_over = "", 0, False
    while not is_over:
        try:
            for row in csv.reader(lines, delimiter=delimiter):
                text = "".join(taken)
                taken.clear()
                if not width:
                    head, width = _header(row, text, delimiter)
                    if head is text:
                        continue
                if any(cell.strip() for cell in row):
                    yield Piece(text, head, _misfit(row, width))
            is_over = True
        except csv.Error as error:
            yield Piece("".join(taken)[:LONGEST_RECORD], head, f"not a row: {error}")
            taken.clear()
    if not width:
        raise NotAnExport("the file is empty")


def _lines(chunks: Iterator[str], taken: list[str]) -> Iterator[str]:
    """Each line, also noted in `taken`, so that a row is had as it came."""
    held = ""
    for chunk in chunks:
        *whole, held = (held + chunk).split("\n")
        for line in whole:
            taken.append(f"{line}\n")
            yield taken[-1]
        if len(held) > LONGEST_RECORD:
            raise NotAnExport(f"a line is longer than {LONGEST_RECORD:,} characters")
    if held:
        taken.append(f"{held}\n")
        yield taken[-1]


def delimiter_of(line: str) -> str:
    return max(",;\t", key=line.count)


def _header(row: list[str], text: str, delimiter: str) -> tuple[str, int]:
    """The header, and how many columns it has; of an export without one, that which it should have."""
    if "trialid" in names_of(row):
        return text, len(row)
    if (columns := headless(row)) is not None:
        return delimiter.join(columns) + "\n", len(row)
    raise NotAnExport(f"neither XML nor CSV with a column TrialID: it begins {text[:60]!r}")


def _misfit(row: list[str], width: int) -> str | None:
    beyond = [cell for cell in row[width:] if cell.strip()]
    if len(row) < width or beyond:
        return f"a row of {len(row)} fields under {width} columns"
    return None
