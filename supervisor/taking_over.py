"""Takes over a dump of a system that triald replaces: each batch of its rows in one transaction."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

import orjson

from actors.errors import Refusal
from actors.governance.accounts import store as accounts
from actors.governance.projects import store as projects
from actors.mesh import normal
from actors.mesh.deciding import store as deciding
from actors.replaced import (
    Item,
    LayTerm,
    NotTaken,
    OldProject,
    Person,
    Reader,
    Row,
    SavedSearch,
    System,
    TrialFound,
    dump,
    systems,
)  # fmt: skip
from actors.replaced.dump import Found
from actors.replaced.globaltrials_trial import REGISTRY
from actors.runtime.catalog import catalog
from actors.trials.mirroring import store as mirroring
from actors.trials.pack import Source, pack_page
from actors.trials.watching import store as watching
from supervisor import saving
from supervisor.web.problems import Refused as BadQuery
from supervisor.web.reading import read_query
from supervisor.web.trial_answers import SearchQuery

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[Any]

BATCH = 500  # rows
ADAPTER_VERSION = 1
MOST_DECISIONS = 100_000
BESIDE_CHARS = 500
SHOWN_CHARS = 300  # of a refused row

Refuse = Callable[["RefusedRow"], None]
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not taken over, and why; what it held beside its number is not told, it may be about people."""

    file: str
    number: int
    table: str
    id: str | None
    reason: str


@dataclass(slots=True)
class Taken:
    """What became of a dump."""

    rows: Counter[str] = field(default_factory=Counter)  # by table
    new: Counter[str] = field(default_factory=Counter)  # by kind of item
    there: Counter[str] = field(default_factory=Counter)  # was there already, or nothing of it has changed
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)  # by table and reason
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)  # by table and field


def known_systems() -> dict[str, System]:
    return catalog(systems, "SYSTEM", System)


@dataclass(slots=True)
class Taking:
    """One dump. `owner` gets what belongs to nobody whom the dump names; `refuse` is told of each row."""

    db: "Connection"
    system: System
    path: Path
    tenant: int
    owner: str
    refuse: Refuse
    tell: Tell
    taken: Taken = field(default_factory=Taken)
    scrape: int | None = None
    decided: set[str] | None = None  # keys of the texts that people have decided on

    async def run(self, *, dry_run: bool) -> Taken:
        """With `dry_run` all of it is done and then undone. Raises BadDump, Refusal."""
        outer = self.db.transaction()
        if dry_run:
            await outer.start()
        try:
            await self._all()
        finally:
            if dry_run:
                await outer.rollback()
        return self.taken

    async def _all(self) -> None:
        beside = self._beside()
        for table, reader in self.system.tables.items():
            batch: list[tuple[Found, tuple[Item, ...]]] = []
            for found in self._rows(table):
                if (items := self._read(reader, found, beside)) is not None:
                    batch.append((found, items))
                if len(batch) == BATCH:
                    await self._write(batch)
                    batch = []
            await self._write(batch)
        self._no_place()
        if self.scrape is not None:
            await mirroring.close_scrape(self.db, self.scrape, "done", at=datetime.now(UTC))

    def _beside(self) -> dict[str, dict[str, list[Row]]]:
        kept: dict[str, dict[str, list[Row]]] = {table: {} for table in self.system.beside}
        for found in dump.rows(self.path):
            for column in self.system.beside.get(found.table, ()):
                if found.row.get(column) is not None:
                    kept[found.table].setdefault(str(found.row[column]), []).append(_short(found.row))
                    break
        return kept

    def _rows(self, table: str) -> Iterator[Found]:
        for number, found in enumerate((one for one in dump.rows(self.path) if one.table == table), start=1):
            self.taken.rows[table] += 1
            self.tell(table, number, 0)
            yield found

    def _read(self, reader: Reader, found: Found, beside: Any) -> tuple[Item, ...] | None:
        """None for a row that is refused."""
        try:
            read = reader(found.row, beside)
        except NotTaken as error:
            self._refuse(found, str(error))
            return None
        self.taken.left_out.update((found.table, name) for name in read.left_out)
        return read.items

    def _no_place(self) -> None:
        """Rows of tables that nobody reads, each with its reason."""
        for found in dump.rows(self.path):
            if found.table not in self.system.tables:
                self.taken.rows[found.table] += 1
                why = self.system.no_place.get(found.table, "a table that this system is not known to have")
                self._refuse(found, f"no place yet: {why}")

    def _refuse(self, found: Found, reason: str) -> None:
        self.taken.refused[found.table, reason if len(reason) <= SHOWN_CHARS else f"{reason[:SHOWN_CHARS]}…"] += 1
        id_ = found.row.get("id") or found.row.get("trial_id")
        self.refuse(RefusedRow(found.file, found.number, found.table, None if id_ is None else str(id_)[:200], reason))

    # ── writing ──

    async def _write(self, batch: Iterable[tuple[Found, tuple[Item, ...]]]) -> None:
        """All of it in one transaction; what cannot be written is refused alone."""
        counted = (self.taken.new.copy(), self.taken.there.copy())
        try:
            async with self.db.transaction():
                await accounts.act_for(self.db, self.tenant)
                records: list[TrialFound] = []
                for found, items in batch:
                    for item in items:
                        if isinstance(item, TrialFound):
                            records.append(item)
                        else:
                            await self._item(found, item)
                if records:
                    await self._trials(records)
        except BaseException:
            self.taken.new, self.taken.there = counted
            raise

    async def _item(self, found: Found, item: "Person | SavedSearch | LayTerm | OldProject") -> None:
        try:
            async with self.db.transaction():
                match item:
                    case Person():
                        await self._person(item)
                    case SavedSearch():
                        await self._search(item)
                    case LayTerm():
                        await self._term(item)
                    case OldProject():
                        await self._project(item)
                    case _:
                        assert_never(item)
        except Refusal as error:
            self._refuse(found, str(error))

    async def _trials(self, records: list[TrialFound]) -> None:
        now = datetime.now(UTC)
        if self.scrape is None:
            self.scrape = await mirroring.open_scrape(self.db, REGISTRY, "incremental", since=None, job_id=None, at=now)
        source = Source(REGISTRY, f"import:{self.system.name}", now, ADAPTER_VERSION, "application/json")
        page = pack_page(records, (), source)
        counts = await mirroring.write_page(self.db, page, scrape_id=self.scrape)
        self.taken.new["trials"] += counts.new + counts.changed
        self.taken.there["trials"] += counts.unchanged
        for bad in page.refused:
            self.taken.refused["clinical_trials", bad.reason] += 1
            self.refuse(RefusedRow(self.path.name, 0, "clinical_trials", bad.registry_id, bad.reason))

    async def _person(self, one: Person) -> None:
        if await accounts.find_user(self.db, one.login):
            self.taken.there["people"] += 1
            return
        await accounts.add_user(self.db, self.tenant, one.login, one.role, name=one.name, email=one.email)
        self.taken.new["people"] += 1

    async def _search(self, one: SavedSearch) -> None:
        try:
            pairs = saving.pairs(one.query)
            wanted = read_query(pairs, SearchQuery).wanted()
        except (ValueError, BadQuery) as error:
            raise Refusal(f"query: {error}") from error
        owner, written = one.owner or self.owner, saving.written(pairs)
        before = {watch.id for watch in await watching.watches(self.db, owner, limit=watching.MOST_WATCHES)}
        asked = await saving.asked(self.db, wanted)
        id_ = await watching.save_search(self.db, owner, one.name, written, asked, datetime.now(UTC))
        (self.taken.there if id_ in before else self.taken.new)["searches"] += 1

    async def _term(self, one: LayTerm) -> None:
        """A text that somebody has decided on here keeps what they decided."""
        if self.decided is None:
            kept = await deciding.every(self.db, limit=MOST_DECISIONS, about="condition")
            self.decided = {decision.key for decision in kept}
        if (key := normal.key(one.text)) in self.decided:
            self.taken.there["terms"] += 1
            return
        self.decided.add(key)
        await deciding.decide(self.db, "condition", one.text, one.uis, by=self.owner, note=one.note)
        self.taken.new["terms"] += 1

    async def _project(self, one: OldProject) -> None:
        owner = await accounts.user(self.db, one.owner or self.owner)
        mine = await projects.listed(self.db, owner.id, only_own=False, limit=10_000)
        if any(project.name == one.name for project in mine):
            self.taken.there["projects"] += 1
            return
        await projects.add(self.db, one.name, one.description, owner.id)
        self.taken.new["projects"] += 1


def _short(row: Row) -> Row:
    """Without what is long, such as a registry's raw answer: all of these rows are held in memory."""
    return {
        name: value for name, value in row.items() if isinstance(value, str | int) and len(str(value)) <= BESIDE_CHARS
    }


def json_line(refused: RefusedRow) -> bytes:
    return orjson.dumps(refused) + b"\n"
