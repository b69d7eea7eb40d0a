"""What is asked and told of duplicates: what the interface and the pages share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from actors.trials.dedupe import Decision, Type
from actors.trials.duplicates import deciding, store
from actors.trials.duplicates.explaining import Explained, RecordTold
from actors.trials.duplicates.merging import merged_view
from actors.trials.duplicates.reviewing import reviews as reviewing
from actors.trials.duplicates.rows import PairPart
from supervisor.web.duplicate_page import STATES, MergedField, merged_fields
from supervisor.web.paging import PageQuery
from supervisor.web.problems import Refused
from supervisor.web.route import Call

Waits = Literal["held", "proposed", "possible"]
_WAITS: Mapping[str, int] = {name: number for number, name in STATES.items()}
Cursor = Annotated[str, Meta(max_length=80, pattern=r"^[0-9]+_[0-9.e-]+_[0-9]+_[0-9]+$")]


class QueueQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`cursor` is the `next` of the page before."""

    type: tuple[Type, ...] = ()
    state: Waits | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class EventsQuery(PageQuery, frozen=True, forbid_unknown_fields=True):
    """Of one trial, or of all."""

    trial: Annotated[int, Meta(ge=1, le=2**63 - 1)] | None = None


class Note(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why: for whoever looks at it later."""

    note: Annotated[str, Meta(max_length=2000)] = ""


class RecordOfPair(msgspec.Struct, frozen=True):
    id: int
    registry: str
    registry_id: str
    title: str | None
    sponsor: str | None
    enrolment: int | None
    start: date | None
    cluster: int | None


class PairWaiting(msgspec.Struct, frozen=True):
    """A pair that waits for a reviewer, with the reason."""

    a: RecordOfPair
    b: RecordOfPair
    score: float
    type: Type
    decision: Decision
    state: Waits
    because: str
    held: str | None
    parts: tuple[PairPart, ...]


class PairsPage(msgspec.Struct, frozen=True):
    pairs: tuple[PairWaiting, ...]
    next: str | None


class Review(msgspec.Struct, frozen=True):
    """One question to a reviewer: whether `trials`, each by its records, are one; because of `pairs`, the best first.

    Of `count` pairs between them no more than 50 are told.
    """

    trials: tuple[tuple[RecordOfPair, ...], ...]
    pairs: tuple[PairWaiting, ...]
    count: int


class ReviewsPage(msgspec.Struct, frozen=True):
    """Those held first, then those proposed, each by its best pair."""

    reviews: tuple[Review, ...]
    next: str | None


class DecisionTold(msgspec.Struct, frozen=True):
    """What somebody decided of two records, and whether it still holds."""

    id: int
    at: datetime
    a: int
    b: int
    a_registry_id: str
    b_registry_id: str
    verdict: Literal["same", "different"]
    by: str
    note: str | None
    undone_at: datetime | None
    undone_by: str | None


class DecisionsPage(msgspec.Struct, frozen=True):
    decisions: tuple[DecisionTold, ...]
    next: int | None


class ClusterEvent(msgspec.Struct, frozen=True):
    """A cluster that came about or grew, or that came apart; `parts` were apart before, or are after."""

    id: int
    at: datetime
    event: Literal["merged", "unmerged"]
    by: str
    decision_id: int | None
    trial_ids: tuple[int, ...]
    parts: tuple[tuple[int, ...], ...]


class EventsPage(msgspec.Struct, frozen=True):
    events: tuple[ClusterEvent, ...]
    next: int | None


class CountTold(msgspec.Struct, frozen=True):
    type: Type
    state: str
    pairs: int


class Summary(msgspec.Struct, frozen=True):
    """`records` are in `clusters` of two and more; `waiting` are still to be compared."""

    records: int
    clusters: int
    waiting: int
    counted: int
    counted_at: datetime | None
    sweeping: bool
    pairs: tuple[CountTold, ...]


class MoveTold(msgspec.Struct, frozen=True):
    event: Literal["merged", "unmerged"]
    trial_ids: tuple[int, ...]
    parts: tuple[tuple[int, ...], ...]


class Decided(msgspec.Struct, frozen=True):
    """The decision, and what became of clusters by it."""

    decision: int
    moves: tuple[MoveTold, ...]


async def waiting(call: Call[QueueQuery, Any]) -> PairsPage:
    """Pairs that wait for a reviewer."""
    asked = call.query
    waits = (_WAITS[asked.state], _WAITS[asked.state]) if asked.state else (1, 3)
    after = _after(asked.cursor) if asked.cursor else None
    rows = await store.queue(call.db, types=asked.type, waits=waits, after=after, limit=asked.limit + 1)
    shown = rows[: asked.limit]
    following = _cursor(shown[-1]) if len(rows) > asked.limit else None
    return PairsPage(tuple(_pair(row) for row in shown), following)


async def reviews(call: Call[QueueQuery, Any]) -> ReviewsPage:
    """What waits for a reviewer, each question once."""
    asked = call.query
    waits = (_WAITS[asked.state], _WAITS[asked.state]) if asked.state else (1, 3)
    after = _after(asked.cursor) if asked.cursor else None
    found, further = await reviewing.reviews(
        call.db, reviewing.Asked(asked.type, waits), after=after, limit=asked.limit
    )
    return ReviewsPage(tuple(map(review, found)), "{}_{!r}_{}_{}".format(*further) if further else None)


def review(one: reviewing.Review) -> Review:
    trials = tuple(tuple(RecordOfPair(**record) for record in records) for records in one.trials)
    return Review(trials, tuple(_pair(row) for row in one.pairs), one.count)


def _after(cursor: str) -> tuple[int, float, int, int]:
    waits, value, a, b = cursor.split("_")
    try:
        found = int(waits), float(value), int(a), int(b)
    except ValueError as error:
        raise Refused.field("cursor", "expected the next of a page before") from error
    if found[0] > 4 or max(found[2:]) >= 2**63:
        raise Refused.field("cursor", "expected the next of a page before")
    return found


def _cursor(row: Mapping[str, Any]) -> str:
    return f"{row['waits']}_{row['value']!r}_{row['a']}_{row['b']}"


def _pair(row: Mapping[str, Any]) -> PairWaiting:
    kept = store.pair_kept(row)
    state: Any = STATES[kept.waits]
    return PairWaiting(
        _record(row, "a"),
        _record(row, "b"),
        kept.value,
        kept.type,
        kept.decision,
        state,
        kept.because,
        kept.held,
        kept.parts,
    )


def _record(row: Mapping[str, Any], side: str) -> RecordOfPair:
    names = ("registry", "registry_id", "title", "sponsor", "enrolment", "start", "cluster")
    return RecordOfPair(row[side], *(row[f"{side}_{name}"] for name in names))


async def two(call: Call[Any, Any]) -> tuple[int, int]:
    """The records that the path names. Raises NotFound, Refusal."""
    return await deciding.find_two(call.db, call.word("a"), call.word("b"))


def registries(found: Explained) -> set[str]:
    """Those whose records a pair, with its cluster, shows. No I/O."""
    return {one.registry for one in (found.a, found.b, *found.cluster)}


async def confirm(call: Call[Any, Note]) -> Decided:
    return told(await deciding.decide(call.db, *await two(call), "same", by=call.who.name, note=call.body.note or None))


async def split(call: Call[Any, Note]) -> Decided:
    return told(
        await deciding.decide(call.db, *await two(call), "different", by=call.who.name, note=call.body.note or None)
    )


async def undo(call: Call[Any, Any]) -> Decided:
    return told(await deciding.undo(call.db, *await two(call), by=call.who.name))


def told(became: deciding.Became) -> Decided:
    moves = (MoveTold(one.event, one.trial_ids, one.parts) for one in became.moves)
    return Decided(became.decision_id, tuple(moves))


async def summary(db: store.Database) -> Summary:
    records, clusters = await store.totals(db)
    state = await store.state(db)
    pairs = tuple(CountTold(*row) for row in await store.counts(db))
    return Summary(
        records=records,
        clusters=clusters,
        waiting=await store.waiting_count(db),
        counted=state.counted,
        counted_at=state.counted_at,
        sweeping=bool(state.run and state.run_lives),
        pairs=pairs,
    )


def decisions(rows: Sequence[Mapping[str, Any]]) -> tuple[DecisionTold, ...]:
    return tuple(DecisionTold(**row) for row in rows)


def events(rows: Sequence[Mapping[str, Any]]) -> tuple[ClusterEvent, ...]:
    return tuple(
        ClusterEvent(**{**row, "trial_ids": tuple(row["trial_ids"]), "parts": tuple(map(tuple, row["parts"]))})
        for row in rows
    )


@dataclass(frozen=True, slots=True)
class MergedBlock:
    """One trial in several records, as its page shows it."""

    records: tuple[RecordTold, ...]
    by_id: Mapping[int, RecordTold]
    fields: list[MergedField]


async def merged_block(db: store.Database, trial_id: int) -> MergedBlock | None:
    """None for a record that is alone."""
    if len(await store.in_cluster(db, trial_id)) < 2:
        return None
    view = await merged_view(db, trial_id)
    return MergedBlock(view.records, {one.id: one for one in view.records}, merged_fields(view))
