"""The files of a sweep: records as they were read, and what each step makes of a part of them.

A step writes each of its files whole or not at all (`write`), and is not done again where they are: so a sweep that was
broken off goes on where it was.
"""

import gc
import mmap
import os
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from struct import Struct
from typing import TypeVar
from weakref import finalize

import msgspec

from actors.trials import wire
from actors.trials.comparable import Comparable, unpacked

HEAD = Struct(">qI")  # trial id, length of what is packed
RECORDS = "records.bin"

T = TypeVar("T")


class Part(msgspec.Struct, array_like=True, frozen=True):
    """Some records that follow one another: rows from `begin` to before `end`, which begin at a byte of the file."""

    begin: int
    end: int
    byte: int

    def file(self, folder: Path, name: str) -> Path:
        return folder / f"{name}.{self.begin}"


class Records:
    """All records, numbered from 0 on, read where they lie: mapped, the pages of the file would count as memory."""

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / RECORDS, os.O_RDONLY)
        finalize(self, os.close, self._file)
        self.ids, self._ends = array("q"), array("Q")
        with _mapped(self._file) as body:
            at, size = 0, len(body)
            while at < size:
                trial_id, length = HEAD.unpack_from(body, at)
                at += HEAD.size + length
                self.ids.append(trial_id)
                self._ends.append(at)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, row: int) -> Comparable:
        begin = (self._ends[row - 1] if row else 0) + HEAD.size
        return unpacked(os.pread(self._file, self._ends[row] - begin, begin))


def head(trial_id: int, body: bytes) -> bytes:
    """What stands before a record in the file."""
    return HEAD.pack(trial_id, len(body))


def some(folder: Path, part: Part) -> Iterator[tuple[int, int, Comparable]]:
    """Row, trial id and record, of a part of a file that may still grow."""
    with (folder / RECORDS).open("rb") as file:
        file.seek(part.byte)
        for row in range(part.begin, part.end):
            trial_id, length = HEAD.unpack(file.read(HEAD.size))
            yield row, trial_id, unpacked(file.read(length))


def write(path: Path, pieces: Iterable[bytes]) -> None:
    """Whole, or not at all."""
    beside = path.with_name(f"{path.name}.new")
    with beside.open("wb") as file:
        file.writelines(pieces)
    beside.replace(path)


def write_rows(path: Path, rows: Iterable[bytes]) -> None:
    """In the form that COPY takes."""
    write(path, (wire.HEADER, *rows, wire.TRAILER))


def write_value(path: Path, value: object) -> None:
    write(path, [msgspec.msgpack.encode(value)])


def read_value(path: Path, of: type[T]) -> T:
    return msgspec.msgpack.decode(path.read_bytes(), type=of)


@contextmanager
def without_collection() -> Iterator[None]:
    """Nothing here goes round in circles; to look for that among millions of values takes a fifth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _mapped(file: int) -> "Iterator[mmap.mmap | bytes]":
    """An empty file cannot be mapped."""
    if not os.fstat(file).st_size:
        yield b""
        return
    with mmap.mmap(file, 0, access=mmap.ACCESS_READ) as body:
        yield body
