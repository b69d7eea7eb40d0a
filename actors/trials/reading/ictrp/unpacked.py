"""The text of an export file of ICTRP: out of its ZIP, within bounds, and decoded. No I/O of its own.

What an encoding declaration says is not believed: exports declare UTF-8 and hold letters of Windows-1252.
"""

import codecs
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from typing import IO

from actors.trials.reading.lenient import NAME as WINDOWS

CHUNK_BYTES = 256 * 1024
MOST_BYTES = 8 * 1024**3  # unpacked; a full export has about 4 GB
MOST_RATIO = 200  # unpacked to packed; a real export, with its padding, has up to 30
BOMB_BYTES = 64 * 1024**2  # below it no ratio is looked at
ENDS = (".xml", ".csv", ".txt")
BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError, ValueError)  # a ZIP that is none


class NotAnExport(ValueError):
    """The file as a whole is no export of ICTRP, or more than is taken; the message says what was expected."""


def text_of(file: IO[bytes]) -> Generator[str, None, None]:
    """The whole of it, piece by piece. Raises NotAnExport, the later the deeper the fault lies."""
    with _unpacked(file) as unpacked:
        yield from _decoded(unpacked)


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


def _decoded(file: _Bounded) -> Iterator[str]:
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
