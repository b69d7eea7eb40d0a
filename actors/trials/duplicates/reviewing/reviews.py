"""What waits for a reviewer, once each: pairs that hang together are one review, however many they are.

Pairs between the same two trials (records that are one already count as one) ask one question, and so do those of
several trials that would become one. A review has the place of its best pair. What a reviewer has said to be two trials
asks nothing more, through whatever records.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from actors.trials.duplicates import store as duplicates
from actors.trials.duplicates.reviewing import store
from actors.trials.duplicates.reviewing.store import Two

POSSIBLE = 1  # those that wait so are too little alike to hang together
AT_ONCE = 100  # pairs
MOST_LOOKED_AT = 2_000  # pairs for one page
MOST_RECORDS = 1_000  # of what hangs together
MOST_SHOWN = 50  # pairs of one review

Row = Mapping[str, Any]
After = tuple[int, float, int, int]


@dataclass(frozen=True, slots=True)
class Asked:
    """Types of pairs, none for all of them, and between which states they wait."""

    types: Sequence[str] = ()
    waits: tuple[int, int] = (POSSIBLE, 3)


@dataclass(frozen=True, slots=True)
class Review:
    """`trials`: records by trial as they are known now; of `count` pairs the best, the best first."""

    trials: tuple[tuple[Row, ...], ...]
    pairs: tuple[Row, ...]
    count: int

    @property
    def place(self) -> After:
        """In the order of all that waits."""
        return place(self.pairs[0])


@dataclass(frozen=True, slots=True)
class Knot:
    """Trials that hang together, each by the number of its cluster or its record alone, and the pairs between them."""

    trials: frozenset[int]
    pairs: tuple[Two, ...]


def place(row: Row) -> After:
    return row["waits"], row["value"], row["a"], row["b"]


async def reviews(
    db: duplicates.Database, asked: Asked, *, after: After | None = None, limit: int = 50
) -> tuple[list[Review], After | None]:
    """And where the next page goes on; None at the end."""
    best: list[tuple[Row, Knot]] = []
    looked_at = 0
    while len(best) <= limit and looked_at < MOST_LOOKED_AT:
        rows = await duplicates.queue(db, types=asked.types, waits=asked.waits, after=after, limit=AT_ONCE)
        if not rows:
            return await _shown(db, best), None
        looked_at += len(rows)
        after = place(rows[-1])
        knot_of = await _knots(db, rows, asked.types)
        first = ((row, knot_of.get((row["a"], row["b"]))) for row in rows)
        best += [(row, knot) for row, knot in first if knot and knot.pairs[0] == (row["a"], row["b"])]
    if len(best) > limit:
        after = place(best[limit - 1][0])
    return await _shown(db, best[:limit]), after


async def review_of(db: duplicates.Database, a: int, b: int) -> Review | None:
    """That of a pair; None where it does not wait."""
    [*rows] = await store.waiting_pairs(db, [(min(a, b), max(a, b))])
    knot = (await _knots(db, rows, ())).get((rows[0]["a"], rows[0]["b"])) if rows else None
    return (await _shown(db, [(rows[0], knot)]))[0] if knot else None


async def after(db: duplicates.Database, asks: Review | None, two: Two) -> Two | None:
    """The pair to look at after this one of a review: the next of several trials, else the best of what waits next."""
    if asks and len(asks.trials) > 2:
        shown = [(row["a"], row["b"]) for row in asks.pairs]
        further = shown[shown.index(two) + 1 :] if two in shown else []
        if further:
            return further[0]
    following, _ = await reviews(db, Asked(), limit=2)
    others = (one.pairs[0] for one in following if asks is None or one.place != asks.place)
    return next(((row["a"], row["b"]) for row in others), None)


async def _knots(db: duplicates.Database, rows: Sequence[Row], types: Sequence[str]) -> dict[Two, Knot]:
    """What each of these pairs hangs together with; one that is settled otherwise is left out."""
    found: dict[Two, Knot] = {}
    for waits in {row["waits"] for row in rows}:
        these = [row for row in rows if row["waits"] == waits]
        links = these if waits == POSSIBLE else await _hanging(db, these, waits, types)
        said = await duplicates.decided(db, sorted({row[side] for row in links for side in ("a", "b")}))
        trial_of = await _trials(db, {*_ends(links), *((one.a, one.b) for one in said)})
        parted = {_between((one.a, one.b), trial_of) for one in said if one.verdict == "different"}
        open_ = [row for row in links if _between((row["a"], row["b"]), trial_of) not in parted]
        for knot in [_alone(row, trial_of) for row in open_] if waits == POSSIBLE else knots(open_, trial_of):
            found |= dict.fromkeys(knot.pairs, knot)
    return found


async def _hanging(db: duplicates.Database, rows: Sequence[Row], waits: int, types: Sequence[str]) -> list[Row]:
    """All pairs of that state that these lead to, through trials of several records too."""
    links = {(row["a"], row["b"]): row for row in rows}
    ahead, seen = {one for two in links for one in two}, set[int]()
    while ahead and len(seen) < MOST_RECORDS:
        ahead |= (await duplicates.clusters_of(db, ahead)).keys() - seen
        seen |= ahead
        links |= {(row["a"], row["b"]): row for row in await store.hanging(db, sorted(ahead), waits, types)}
        ahead = {one for two in links for one in two} - seen
    return list(links.values())


async def _trials(db: duplicates.Database, twos: Iterable[Two]) -> dict[int, int]:
    """Which trial each record is of: its cluster, or itself alone."""
    ids = {one for two in twos for one in two}
    return dict(zip(ids, ids, strict=True)) | await duplicates.clusters_of(db, ids)


def _ends(links: Iterable[Row]) -> set[Two]:
    return {(row["a"], row["b"]) for row in links}


def _between(two: Two, trial_of: Mapping[int, int]) -> frozenset[int]:
    return frozenset(trial_of[one] for one in two)


def _alone(row: Row, trial_of: Mapping[int, int]) -> Knot:
    return Knot(_between((row["a"], row["b"]), trial_of), ((row["a"], row["b"]),))


def knots(links: Collection[Row], trial_of: Mapping[int, int]) -> list[Knot]:
    """Links that hang together through trials, the best first in each. No I/O."""
    group: dict[int, set[int]] = {}
    for row in links:
        joined = set().union(*(group.get(one, {one}) for one in _between((row["a"], row["b"]), trial_of)))
        group |= dict.fromkeys(joined, joined)
    inside: dict[frozenset[int], list[Row]] = {}
    for row in sorted(links, key=lambda row: (-row["value"], row["a"], row["b"])):
        inside.setdefault(frozenset(group[trial_of[row["a"]]]), []).append(row)
    return [Knot(trials, tuple((row["a"], row["b"]) for row in rows)) for trials, rows in inside.items()]


async def _shown(db: duplicates.Database, best: Sequence[tuple[Row, Knot]]) -> list[Review]:
    twos = [two for _, knot in best for two in knot.pairs[:MOST_SHOWN]]
    pair_of = {(row["a"], row["b"]): row for row in await store.waiting_pairs(db, twos)}
    records: dict[int, list[Row]] = {}
    for row in await store.records_shown(db, sorted({one for _, knot in best for one in knot.trials})):
        records.setdefault(row["cluster"] or row["id"], []).append(row)
    found = []
    for _, knot in best:
        pairs = tuple(pair_of[two] for two in knot.pairs[:MOST_SHOWN] if two in pair_of)
        trials = tuple(tuple(records[one]) for one in sorted(knot.trials) if one in records)
        if pairs:  # who decides meanwhile takes them away
            found.append(Review(trials, pairs, len(knot.pairs)))
    return found
