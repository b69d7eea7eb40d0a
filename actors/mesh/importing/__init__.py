"""A yearly file of MeSH, read in bounded memory and taken into the database as a whole or not at all.

    file ──xml──▶ records ──(another process: keys of all terms)──▶ rows ──COPY──▶ staging ──one transaction──▶ MeSH

An import that is killed leaves nothing but staged rows, which the next one clears away. The same file again changes
nothing. A record that is gone stays by name, and says what stands for it: no code of a trial loses its meaning.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar, TypeVarTuple

from actors.errors import Refusal
from actors.mesh import tables, xml
from actors.mesh.importing import store
from actors.mesh.importing.store import Connection
from actors.mesh.record import Descriptor, Supplementary, terms
from actors.mesh.xml import Kind, Malformed, Opening

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

BATCH = 500  # records, some 5 MB of XML
IN_FLIGHT = 2  # batches that are made into rows while more is read
MOST_GONE = 0.05  # of what is there; more is no new year but another file
MOST_PROBLEMS = 20  # told by name

Record = Descriptor | Supplementary


class Run(Protocol):
    """Runs work in another process, or here."""

    async def __call__(self, work: Callable[[*Ts], T], *args: *Ts) -> T: ...


class NotMesh(Refusal):
    """What was given is no file that can be taken over; the message says why."""


class TooManyGone(Refusal):
    """The file lacks so much of what is there that it is no new year of it."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a file. `already`: it is what is there, so nothing was done."""

    file: str
    kind: Kind
    year: int | None
    sha256: str
    counts: dict[str, int]
    changes: dict[str, Any]
    problems: list[str]
    already: bool


@dataclass(frozen=True, slots=True)
class Batch:
    rows: dict[str, list[tables.Row]]
    counts: Counter[str]


async def import_file(
    db: Connection,
    file: Path,
    *,
    run: Run,
    after: Callable[[Connection], Awaitable[None]],
    year: int | None = None,
    accept_removed: bool = False,
) -> Imported:
    """Takes a file over; `after` runs in the transaction that does.

    Raises UnreadableMesh, NotMesh, TooManyGone, Busy.
    """
    try:
        sha256, size = await asyncio.to_thread(_digest, file)
    except OSError as error:
        raise NotMesh(f"{file}: {error.strerror or error}") from error
    await store.lock(db)
    try:
        with file.open("rb") as source:
            reading = _Reading(source, file.name, year)
            if same := await _same(db, reading, sha256):
                return same
            await store.empty_staging(db)
            await reading.stage(db, run)
        return await _take_over(db, reading, sha256, size, after, accept_removed=accept_removed)
    finally:
        await store.unlock(db)


async def _same(db: Connection, reading: "_Reading", sha256: bytes) -> Imported | None:
    was = await store.latest(db, reading.kind)
    if was is None or was.sha256 != sha256 or was.reading != tables.READING or was.year != reading.year:
        return None
    nothing = {"added": 0, "removed": 0, "renamed": 0, "listed": {"added": [], "removed": [], "renamed": []}}
    return Imported(reading.name, was.kind, was.year, sha256.hex(), was.counts, nothing, [], already=True)


async def _take_over(
    db: Connection,
    reading: "_Reading",
    sha256: bytes,
    size: int,
    after: Callable[[Connection], Awaitable[None]],
    *,
    accept_removed: bool,
) -> Imported:
    kind, counts = reading.kind, dict(reading.counts)
    if not counts.get(kind):
        raise NotMesh(f"{reading.name}: holds no record that can be read; {xml.EXPECTED}")
    await store.weigh(db)
    number, places = await store.without_parent(db)
    if number:
        await store.mend_parents(db)
    counts["without_parent"] = number
    problems = [*reading.problems, *(f"the place above {place} is missing" for place in places[:MOST_PROBLEMS])]
    async with db.transaction():
        changes = await store.changes(db, kind)
        held = (await store.held(db))[kind]
        if changes["removed"] > max(MOST_GONE * held, 3) and not accept_removed:
            raise TooManyGone(
                f"{reading.name}: lacks {changes['removed']:,} of the {held:,} {kind} that are there; "
                "if that is meant: --accept-removed"
            )
        await store.take_over(db, kind)
        await store.note(
            db, kind, year=reading.year, reading=tables.READING, sha256=sha256, size_bytes=size,
            file=reading.name, counts=counts, changes=changes,
        )  # fmt: skip
        await after(db)
    await store.empty_staging(db)
    return Imported(reading.name, kind, reading.year, sha256.hex(), counts, changes, problems, already=False)


class _Reading:
    """A file on its way into staging."""

    def __init__(self, source: BinaryIO, name: str, year: int | None) -> None:
        self.name = name
        self.problems: list[str] = []
        self.counts: Counter[str] = Counter(
            dict.fromkeys(("concepts", "terms", "strings", "permuted", "tree_numbers", "actions", "refused"), 0)
        )
        self._read = xml.read(source)
        opening = next(self._read)
        if not isinstance(opening, Opening):
            raise NotMesh(f"{name}: does not say what it is; {xml.EXPECTED}")
        self.kind: Kind = opening.kind
        self.year = year or opening.year or xml.year_of(name)
        self._seen: set[str] = set()

    async def stage(self, db: Connection, run: Run) -> None:
        waiting: list[asyncio.Task[Batch]] = []
        try:
            for records in self._batches():
                waiting.append(asyncio.create_task(_rows(run, records, self.year)))
                await asyncio.sleep(0)
                if len(waiting) > IN_FLIGHT:
                    await self._copy(db, await waiting.pop(0))
            while waiting:
                await self._copy(db, await waiting.pop(0))
        finally:
            for task in waiting:
                task.cancel()

    async def _copy(self, db: Connection, batch: Batch) -> None:
        self.counts.update(batch.counts)
        for table, rows in batch.rows.items():
            await store.stage(db, table, rows)

    def _batches(self) -> Iterator[list[Record]]:
        batch: list[Record] = []
        for one in self._read:
            if isinstance(one, Malformed):
                self._refuse(f"record {one.number} {one.ui or ''}: {one.problem}")
            elif isinstance(one, Descriptor | Supplementary) and self._is_fit(one):
                batch.append(one)
            if len(batch) == BATCH:
                yield batch
                batch = []
        if batch:
            yield batch

    def _is_fit(self, record: Record) -> bool:
        if record.ui in self._seen:
            self._refuse(f"{record.ui} is there a second time")
        elif (text := tables.too_long(record)) is not None:
            self._refuse(f"{record.ui}: the term {text!r}… is longer than {tables.LONGEST_TERM} bytes")
        else:
            self._seen.add(record.ui)
            return True
        return False

    def _refuse(self, problem: str) -> None:
        self.counts["refused"] += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)


async def _rows(run: Run, records: Sequence[Record], year: int | None) -> Batch:
    return await run(rows_of, records, year)


def rows_of(records: Sequence[Record], year: int | None) -> Batch:
    """Runs in another process: the rows of some records, and what was counted in them."""
    rows = tables.Rows()
    counts: Counter[str] = Counter()
    for record in records:
        tables.add(rows, record, year)
        each = list(terms(record))
        counts["descriptors" if isinstance(record, Descriptor) else "supplementary"] += 1
        counts["terms"] += len({term.ui for term in each})
        counts["strings"] += len(each)
        counts["permuted"] += sum(term.permuted for term in each)
    tables.count_words(rows)
    counts["concepts"], counts["tree_numbers"] = len(rows.concepts), len(rows.places)
    counts["actions"] = len(rows.actions)
    if rows.headings:
        counts["headings"] = len(rows.headings)
    return Batch({table: rows.of(table) for table in tables.COLUMNS if rows.of(table)}, counts)


def _digest(file: Path) -> tuple[bytes, int]:
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").digest(), file.stat().st_size
