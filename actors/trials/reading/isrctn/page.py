"""An answer of ISRCTN's interface cut into the bytes of its records, each of which is read alone. No I/O.

So a record that is no XML spoils itself only. What an answer declares of its encoding is not believed where it is
UTF-8 anyway; one that is neither UTF-8 nor what it declares is for its records to fail on.
"""

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from actors.runtime.xml import UnreadableXml, tree

_BEGIN = re.compile(rb"<(?:[A-Za-z][\w.-]*:)?fullTrial(?:\s[^>]*)?/?>")
_END = re.compile(rb"</(?:[A-Za-z][\w.-]*:)?fullTrial\s*>")
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]{1,20})["']""")
_SINGLE_BYTE = frozenset({"iso8859-1", "iso8859-15", "cp1252"})


class NotAPage(ValueError):
    """The answer as a whole holds no list of trials; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class PageOfTrials:
    """`total`: how many trials the query has; `encoding`: of the records, each of them one `fullTrial` element."""

    total: int
    records: list[bytes]
    encoding: str


def page_of(body: bytes) -> PageOfTrials:
    """Raises NotAPage."""
    body, encoding = _settled(body)
    records = list(_records(body))
    frame = _without(body, records)
    try:
        root = tree(frame, encoding=encoding)
    except UnreadableXml as error:
        raise NotAPage(f"not the XML of a list of trials, or cut short: {error}") from error
    counted = root.get("totalCount", "")
    if root.tag != "allTrials" or not (counted.isascii() and counted.isdigit()) or len(counted) > 9:
        raise NotAPage(f"not a list of trials (allTrials with totalCount) but {root.tag[:40]!r}")
    if root.find("fullTrial") is not None:
        raise NotAPage("a list of trials that is cut within one")
    return PageOfTrials(int(counted), [body[start:end] for start, end in records], encoding)


def _records(body: bytes) -> Iterator[tuple[int, int]]:
    """Where each record begins and ends; one that is cut is none."""
    at, is_cut = 0, False
    while (begin := _BEGIN.search(body, at)) is not None:
        at = begin.end()
        end = begin if begin[0].endswith(b"/>") else None if is_cut else _END.search(body, at)
        is_cut = is_cut or end is None
        if end is not None:
            at = end.end()
            yield begin.start(), at


def _without(body: bytes, records: Sequence[tuple[int, int]]) -> bytes:
    starts, ends = [start for start, _ in records], [end for _, end in records]
    return b"".join([body[end:start] for end, start in zip([0, *ends], [*starts, len(body)], strict=True)])


def _settled(body: bytes) -> tuple[bytes, str]:
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return body.decode("utf-16").encode(), "utf-8"
        except UnicodeDecodeError as error:
            raise NotAPage(f"not valid UTF-16: byte {error.start}") from error
    body = body.removeprefix(codecs.BOM_UTF8)
    try:
        body.decode()
    except UnicodeDecodeError:
        return body, _declared(body)
    return body, "utf-8"


def _declared(body: bytes) -> str:
    """The encoding that an answer declares, if its letters are single bytes; UTF-8 else."""
    found = _DECLARED.match(body)
    if found is None:
        return "utf-8"
    try:
        name = codecs.lookup(found[1].decode()).name
    except LookupError:
        return "utf-8"
    return name if name in _SINGLE_BYTE else "utf-8"
