"""One attempt at importing an export file: a scrape whose pages come from a file on this machine.

    Request  file:///…, record 3000 ── a reader of the file, kept open from page to page ── 1,000 records as a small
    export of their own ── read in a process of its own, as an answer of the registry is ── Got

What a file holds is a part of the registry: nothing that is not in it is taken for gone, and nothing is covered by it.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from actors.asking import READ_WITHIN_S, Asking, Got
from actors.errors import Refusal
from actors.passage import Asked, Passage
from actors.reading import known_registries, read_page
from actors.registries import Request
from actors.tools import Tools
from actors.trials.reading.ictrp import export as ictrp_export
from actors.trials.scrapes import Mode, Scrape

RECORDS = 1000  # of a page
PAGE_CHARS = 8_000_000

Bodies = Callable[..., Iterator[tuple[bytes, int]]]

# How the files of each registry that has some are cut into pages.
READERS: Mapping[str, Bodies] = MappingProxyType({"ictrp": ictrp_export.bodies})


class UnusableFile(Refusal):
    """A file cannot be read, has changed, or is no export of its registry; the message says which."""


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file by its path, and by what tells that it is still the same."""

    registry: str
    path: str
    size_bytes: int
    modified_ns: int


def look_at(registry: str, path: Path) -> ExportFile:
    """Raises UnusableFile."""
    if registry not in READERS:
        raise UnusableFile(f"registry: {registry} has no export files; those that have are {', '.join(READERS)}")
    try:
        path = path.resolve(strict=True)
        if not path.is_file():
            raise UnusableFile(f"file: {path} is no file")
        stat = path.stat()
    except OSError as error:
        raise UnusableFile(f"file: {path} cannot be read: {error.strerror}") from error
    return ExportFile(registry, str(path), stat.st_size, stat.st_mtime_ns)


def count_records(file: ExportFile) -> int:
    """How many records it holds. It is read to its end, so that nothing is taken from one that is cut short.

    Raises UnusableFile.
    """
    return sum(records for _, records in pages_of(file))


def pages_of(file: ExportFile) -> Iterator[tuple[bytes, int]]:
    """Its pages, and how many records each has. Raises UnusableFile."""
    if look_at(file.registry, Path(file.path)) != file:
        raise UnusableFile(f"file: {file.path} has changed since it was given: give it again")
    try:
        with Path(file.path).open("rb") as opened:
            yield from READERS[file.registry](opened, records=RECORDS, size=PAGE_CHARS)
    except OSError as error:
        raise UnusableFile(f"file: {file.path} cannot be read: {error.strerror}") from error
    except ictrp_export.NotAnExport as error:
        raise UnusableFile(f"file: {file.path}: {error}") from error


class FileAsking(Asking):
    """Gives the pages of a file. It is opened once, and read on from where the checkpoint says."""

    file: ExportFile
    total: int
    _pages: Iterator[tuple[bytes, int]] | None = None
    _ahead: tuple[bytes, int] | None = None
    _at = 0  # records before the page that comes next

    async def page(self) -> Got | None:
        request = self.todo[0]
        found = await asyncio.to_thread(self._next, int(dict(request.state)["record"]))
        if found is None:
            return None
        body, _ = found
        now = self.tools.now()
        page = await self.tools.compute.run(
            read_page, self.registry.name, request, body, request.url, now, timeout_s=READ_WITHIN_S
        )
        follow = (file_request(self.file, self._at),) if self._ahead is not None else ()
        return Got(request, replace(page, follow=follow, total=self.total, query="", ended=None, telling=False))

    def _next(self, record: int) -> tuple[bytes, int] | None:
        """The page that begins with a record; what comes before it was written by an earlier attempt."""
        if self._pages is None:
            self._pages = pages_of(self.file)
            self._ahead = next(self._pages, None)
        while self._ahead is not None:
            found, begins = self._ahead, self._at
            self._at += found[1]
            self._ahead = next(self._pages, None)
            if begins >= record:
                return found
        return None


def file_request(file: ExportFile, record: int) -> Request:
    return Request(Path(file.path).as_uri(), state=(("record", str(record)),))


class FilePassage(Passage):
    asks = FileAsking

    def __init__(self, file: ExportFile, attempt: Any, tools: Tools, total: int) -> None:
        super().__init__(known_registries()[file.registry], attempt, tools)
        self.file, self.total = file, total

    async def begin(self, asked: Asked) -> None:
        await super().begin(asked)
        assert isinstance(self.asking, FileAsking)  # noqa: S101 -- this is what `asks` says
        self.asking.file, self.asking.total = self.file, self.total

    async def _first(self, db: Any, asked: Asked) -> tuple[Mode, date | None, tuple[Request, ...]]:
        return "incremental", None, (file_request(self.file, 0),) if self.total else ()

    def counted(self, scrape: Scrape) -> Scrape:
        """A file may hold a record twice: it is not compared with how many different ones there were."""
        return replace(scrape, total=None)
