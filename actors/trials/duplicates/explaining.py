"""Why two records are held to be one trial, or are not: scored now, beside what was found and decided of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from actors.trials.comparable import unpacked
from actors.trials.dedupe import Decision, Score, Type, score
from actors.trials.duplicates import store, stored
from actors.trials.duplicates.alone import store as alone
from actors.trials.duplicates.alone.near import Keys, Known
from actors.trials.duplicates.alone.rarity import rarities_of
from actors.trials.duplicates.rows import DecisionRow, PairPart, pair_parts
from actors.trials.shared_numbers import Shared, shared_numbers


@dataclass(frozen=True, slots=True)
class RecordTold:
    id: int
    registry: str
    registry_id: str
    url: str
    status: str
    last_updated_on: date | None
    cluster: int | None


@dataclass(frozen=True, slots=True)
class Explained:
    """`decision`: automatic or confirmed are one trial, review waits for somebody, split are two, none is not kept.

    `evidence` speaks for one trial, `against` for two, the heaviest first. `held`: why they wait although they would
    merge. `together`: both are in one cluster, whose records are `cluster`; so they may be through others.
    """

    a: RecordTold
    b: RecordTold
    score: float
    type: Type | None
    decision: Decision
    because: str
    why: tuple[str, ...]
    evidence: tuple[PairPart, ...]
    against: tuple[PairPart, ...]
    number: str | None
    held: str | None
    together: bool
    cluster: tuple[RecordTold, ...]
    decisions: tuple[DecisionRow, ...]


async def explain(db: store.Database, a: int, b: int) -> Explained:
    """Of any two records, linked or not. Raises NotFound."""
    found, shared = await scored(db, a, b)
    pair, cluster = await store.pair(db, a, b), [record_told(row) for row in await store.in_cluster(db, a)]
    mine = next(one for one in cluster if one.id == a)
    [yours] = [record_told(row) for row in await store.in_cluster(db, b) if row["id"] == b]
    together = mine.cluster is not None and mine.cluster == yours.cluster
    parts = pair_parts(found)
    return Explained(
        a=mine,
        b=yours,
        score=found.value,
        type=found.type,
        decision=decision_of(found.decision, together=together, kept=found.type is not None),
        because=found.why[0],
        why=found.why,
        evidence=tuple(part for part in parts if part.adds > 0),
        against=tuple(part for part in parts if part.adds < 0),
        number=shared.number if shared else None,
        held=pair.held if pair else None,
        together=together,
        cluster=tuple(cluster) if together else (),
        decisions=tuple(await store.decisions_of(db, a, b)),
    )


def decision_of(decision: Decision, *, together: bool, kept: bool = True) -> Decision:
    """What became of a pair. No I/O."""
    if decision in ("confirmed", "split"):
        return decision
    return "automatic" if together else "review" if kept else "none"


async def scored(db: store.Database, a: int, b: int) -> tuple[Score, Shared | None]:
    """Two records compared now, with the number that joins them."""
    known = await _known(db, a, b)
    one, other = known[a].one, known[b].one
    numbers = sorted({*stored.numbers_of(one), *stored.numbers_of(other)})
    claimants = {who for holders in (await alone.with_numbers(db, numbers)).values() for who in holders}
    others = await alone.known(db, claimants - {a, b})
    links = shared_numbers([one, other, *(known.one for known in others.values())]).shared
    shared = next((link for link in links if {link.a, link.b} == {one.record, other.record}), None)
    said = [verdict.verdict for verdict in await store.decided(db, [a]) if (verdict.a, verdict.b) == (a, b)]
    rarities = await rarities_of(db, (one, other), (await store.state(db)).counted)
    return score(one, other, rarities, shared=shared, decided=said[0] if said else None), shared


async def _known(db: store.Database, a: int, b: int) -> dict[int, Known]:
    """Both, be it that nothing was kept of them to be compared."""
    known = await alone.known(db, (a, b))
    if missing := sorted({a, b} - set(known)):
        found, _ = stored.kept(await store.bodies(db, missing))
        for one in found:
            known[one.trial_id] = Known(one.trial_id, one.register, Keys(), unpacked(one.body))
    return known


def record_told(row: Mapping[str, Any]) -> RecordTold:
    """A record as lists show it. No I/O."""
    names = ("id", "registry", "registry_id", "url", "status", "last_updated_on")
    return RecordTold(**{name: row[name] for name in names}, cluster=row["cluster_id"])
