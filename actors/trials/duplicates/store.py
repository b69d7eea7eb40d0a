"""Duplicates in PostgreSQL: what is compared, the pairs that were found, clusters, and what people decided.

Where several statements belong together `db` is a connection, within the caller's transaction; else also a pool.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from actors.runtime.database import Database as Database
from actors.trials.clusters import Kind, Link, Member
from actors.trials.comparable import Record
from actors.trials.dedupe import Decision, Type, Verdict
from actors.trials.duplicates.rows import DecisionRow, Move, PairPart, PairRow, Two
from actors.trials.duplicates.stored import Kept
from schema import query

LINKS_AT_ONCE = 20_000
LINK_COLUMNS = ("a", "b", "value", "kind", "type", "decision", "because")  # and parts
LinkRow = tuple[int, int, Kind, float, Type, Decision]


@dataclass(frozen=True, slots=True)
class State:
    """`changed`: records that came or changed since the words of `counted` records were counted."""

    shape: int
    counted: int
    changed: int
    counted_at: datetime | None
    run: UUID | None
    run_lives: bool | None
    decisions: int


@dataclass(frozen=True, slots=True)
class PairKept(PairRow):
    """A pair as it stands: `waits` 3 for one that is held, 2 proposed, 1 possible, 0 for one that is settled."""

    waits: int
    held: str | None


async def lock(db: Database) -> None:
    """Waits until nobody else compares or decides; to the end of the transaction."""
    await db.execute(query("duplicates.lock"))


async def state(db: Database) -> State:
    return State(**await db.fetchrow(query("duplicates.state")))


async def count_records(db: Database, most: int) -> int:
    """How many are kept to be compared, counted up to that many."""
    return int(await db.fetchval(query("duplicates.count_records"), most))


async def forget_run(db: Database) -> None:
    """No sweep is under way: one that was is dead, and what it finds will not be taken over."""
    await db.execute(query("duplicates.forget_run"))


# ── what is compared ──


async def bodies(db: Database, trial_ids: Sequence[int]) -> list[tuple[int, str]]:
    """Trial ids and records as JSON, without what is not compared."""
    return [(row["id"], row["record"]) for row in await db.fetch(query("duplicates.bodies"), list(trial_ids))]


async def records_of(db: Database, trial_ids: Sequence[int]) -> list[tuple[int, str]]:
    return [(row["id"], row["record"]) for row in await db.fetch(query("duplicates.records_of"), list(trial_ids))]


async def keep(db: Database, given: Sequence[Kept]) -> int:
    """How many of these are new or state something else now; they wait to be compared."""
    if not given:
        return 0
    columns = list(zip(*map(astuple, given), strict=True))
    written = len(await db.fetch(query("duplicates.keep"), *map(list, columns)))
    await db.execute(query("duplicates.add_changed"), written)
    return written


async def set_shape(db: Database, shape: int) -> None:
    await db.execute(query("duplicates.set_shape"), shape)


async def waiting_count(db: Database, most: int = 100_000) -> int:
    return int(await db.fetchval(query("duplicates.waiting_count"), most))


# ── pairs ──


async def relink(db: Database, trial_ids: Collection[int], links: Sequence[PairRow]) -> set[int]:
    """These pairs in place of all that the trials had; whom any of them led or leads to."""
    gone = {row["trial_id"] for row in await db.fetch(query("duplicates.unlink"), list(trial_ids))}
    columns = [[getattr(one, name) for one in links] for name in LINK_COLUMNS]
    await db.execute(query("duplicates.link"), *columns, [parts_json(one) for one in links])
    return gone.union(*((one.a, one.b) for one in links))


def parts_json(one: PairRow) -> str:
    return orjson.dumps([[part.name, part.value, part.adds, part.says] for part in one.parts]).decode()


async def pair(db: Database, a: int, b: int) -> PairKept | None:
    row = await db.fetchrow(query("duplicates.pair"), min(a, b), max(a, b))
    return pair_kept(row) if row else None


def pair_kept(row: Mapping[str, Any]) -> PairKept:
    parts = tuple(PairPart(*part) for part in orjson.loads(row["parts"]))
    given = {name: row[name] for name in ("a", "b", "value", "kind", "type", "decision", "because", "waits", "held")}
    return PairKept(**given, parts=parts)


async def strong_links(db: Database, trial_ids: Collection[int]) -> list[LinkRow]:
    rows = await db.fetch(query("duplicates.strong_links"), list(trial_ids))
    return [(row["a"], row["b"], row["kind"], row["value"], row["type"], row["decision"]) for row in rows]


async def members(db: Database, trial_ids: Collection[int]) -> dict[int, Member]:
    rows = await db.fetch(query("duplicates.members"), list(trial_ids))
    return {
        row["trial_id"]: Member(Record(row["registry"], row["registry_id"]), row["register"], row["trial"])
        for row in rows
    }


async def every_link(db: Database) -> list[LinkRow]:
    """All pairs, read page by page."""
    found: list[LinkRow] = []
    a = b = 0
    while rows := await db.fetch(query("duplicates.all_links"), a, b, LINKS_AT_ONCE):
        found += [(row["a"], row["b"], row["kind"], row["value"], row["type"], row["decision"]) for row in rows]
        a, b = rows[-1]["a"], rows[-1]["b"]
    return found


async def every_member(db: Database) -> dict[int, tuple[Record, int | None, int | None]]:
    """Each record that is in a pair, with its cluster and with what a reviewer would find together."""
    found: dict[int, tuple[Record, int | None, int | None]] = {}
    last = 0
    while rows := await db.fetch(query("duplicates.all_members"), last, LINKS_AT_ONCE):
        for row in rows:
            record = Record(row["registry"], row["registry_id"])
            found[row["trial_id"]] = record, row["cluster_id"], row["proposed_id"]
        last = rows[-1]["trial_id"]
    return found


def link_of(row: LinkRow, records: Mapping[int, Record]) -> Link:
    a, b, kind, value, type_, decision = row
    return Link(records[a], records[b], kind, value, type_, decision)


# ── clusters ──


async def clusters_of(db: Database, trial_ids: Collection[int]) -> dict[int, int]:
    """The whole of each cluster that one of these is in: trial id → cluster."""
    return {row["id"]: row["cluster_id"] for row in await db.fetch(query("duplicates.clusters_of"), list(trial_ids))}


async def lock_registries(db: Database, trial_ids: Collection[int]) -> None:
    """Before rows of trials are changed: who writes a page changes many at once, in an order of its own."""
    await db.execute(query("duplicates.lock_registries"), list(trial_ids))


async def set_clusters(db: Database, given: Mapping[int, int | None]) -> None:
    await db.execute(query("duplicates.set_clusters"), list(given), list(given.values()))


async def set_proposed(db: Database, given: Mapping[int, int | None]) -> None:
    await db.execute(query("duplicates.set_proposed"), list(given), list(given.values()))


async def hold(db: Database, trial_ids: Collection[int], held: Sequence[tuple[int, int, str]]) -> None:
    """These pairs wait although they would merge, the others of these trials do not."""
    columns = [[one[at] for one in held] for at in range(3)]
    await db.execute(query("duplicates.hold"), list(trial_ids), *columns)
    await db.execute(query("duplicates.set_waits"), list(trial_ids))


async def tell(db: Database, moves: Sequence[Move], by: str, decision_id: int | None = None) -> None:
    """The history of clusters has these."""
    columns = [[orjson.dumps(value).decode() for value in values] for values in (
        [one.trial_ids for one in moves], [one.parts for one in moves])]  # fmt: skip
    await db.execute(query("duplicates.tell"), [one.event for one in moves], by, decision_id, *columns)


# ── what people decided ──


async def decided(db: Database, trial_ids: Collection[int]) -> list[DecisionRow]:
    return [DecisionRow(**row) for row in await db.fetch(query("duplicates.decided"), list(trial_ids))]


async def decided_all(db: Database) -> list[DecisionRow]:
    return [DecisionRow(**row) for row in await db.fetch(query("duplicates.decided_all"))]


async def decide(db: Database, a: int, b: int, verdict: Verdict, *, by: str, note: str | None) -> int:
    """What was said of the two before is undone by it."""
    await release(db, a, b, by)
    return int(await db.fetchval(query("duplicates.decide"), min(a, b), max(a, b), verdict, by, note))


async def undo(db: Database, decision_id: int, by: str) -> Two | None:
    """The two records of it; None where it does not hold any more."""
    row = await db.fetchrow(query("duplicates.undo"), decision_id, by)
    return (row["a"], row["b"]) if row else None


async def release(db: Database, a: int, b: int, by: str) -> int | None:
    """What was said of the two holds no more; None where nothing did."""
    found: int | None = await db.fetchval(query("duplicates.release"), min(a, b), max(a, b), by)
    return found


async def decisions_of(db: Database, a: int, b: int) -> list[DecisionRow]:
    return [DecisionRow(**row) for row in await db.fetch(query("duplicates.decisions_of"), min(a, b), max(a, b))]


# ── looking ──


async def find(db: Database, number: str, key: str) -> list[int]:
    """Records of this number: as it is written first, then of the same trial in its register."""
    return [row["trial_id"] for row in await db.fetch(query("duplicates.find"), number, key)]


async def find_trials(db: Database, number: str) -> list[int]:
    return [row["id"] for row in await db.fetch(query("duplicates.find_trials"), number)]


async def counts(db: Database) -> list[tuple[Type, str, int]]:
    """How many pairs there are of each type, and what became of them."""
    return [(row["type"], row["state"], row["pairs"]) for row in await db.fetch(query("duplicates.counts"))]


async def totals(db: Database) -> tuple[int, int]:
    """How many records are in how many clusters."""
    row = await db.fetchrow(query("duplicates.totals"))
    return row["records"], row["clusters"]


async def in_cluster(db: Database, trial_id: int) -> list[Mapping[str, Any]]:
    """The records of its cluster, itself among them; of one that is alone itself."""
    return [dict(row) for row in await db.fetch(query("duplicates.cluster"), trial_id)]


async def queue(
    db: Database,
    *,
    types: Sequence[str] = (),
    waits: tuple[int, int] = (1, 3),
    after: tuple[int, float, int, int] | None = None,
    limit: int = 50,
) -> list[Mapping[str, Any]]:
    """Pairs that wait for a reviewer: those held first, then those proposed, the most alike first."""
    begin = after or (4, 2.0, 0, 0)
    rows = await db.fetch(query("duplicates.queue"), list(types), *waits, *begin, limit)
    return [dict(row) for row in rows]


async def decisions(db: Database, *, before: int | None = None, limit: int = 50) -> list[Mapping[str, Any]]:
    return [dict(row) for row in await db.fetch(query("duplicates.decisions"), before, limit)]


async def events(
    db: Database, trial_ids: Iterable[int] | None = None, *, before: int | None = None, limit: int = 50
) -> list[Mapping[str, Any]]:
    """What became of clusters, the newest first."""
    ids = None if trial_ids is None else list(trial_ids)
    rows = await db.fetch(query("duplicates.events"), ids, before, limit)
    return [{**row, "parts": orjson.loads(row["parts"])} for row in rows]


async def trim(db: Database, before: datetime) -> int:
    """How many events of clusters that nobody decided were older, and went; what people decided is kept."""
    return int(await db.fetchval(query("duplicates.trim_events"), before))
