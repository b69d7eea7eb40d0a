"""Export files of ICTRP cut into their records: XML or CSV, plain or in a ZIP, however large. No I/O of its own.

    bytes ── ZIP: its one file, within bounds ── text: by its byte order mark, else UTF-8, read leniently
          ── XML: <Trial> … </Trial>   ── CSV: rows under a header, or under the columns of the full export

One record at a time is held. A document type is refused, so nothing that a file declares can grow on reading.
"""

import csv
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from typing import IO

from actors.trials.reading.ictrp.names import headless, names_of
from actors.trials.reading.ictrp.unpacked import NotAnExport as NotAnExport
from actors.trials.reading.ictrp.unpacked import text_of

ROOT = "Trials_downloaded_from_ICTRP"
LONGEST_RECORD = 4_000_000  # characters; the longest that are known have 200,000

csv.field_size_limit(LONGEST_RECORD)

_TRIAL = re.compile(r"<Trial(?:\s[^>]*)?>")
_END = "</Trial>"
_CLOSED = re.compile(rf"</{ROOT}\s*>|<{ROOT}[^>]*/>")
_HEAD_CHARS = 20_000  # within which the root of an XML export must begin


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
    with closing(text_of(file)) as text:
        start = next(text)
        whole = chain((start,), text)
        yield from (_of_xml(whole) if start.lstrip().startswith("<") else _of_csv(whole))


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
    lines = chain((first,), lines)
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
