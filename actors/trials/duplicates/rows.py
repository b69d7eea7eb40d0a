"""Pairs, decisions and clusters as rows hold them. No I/O."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from actors.trials.clusters import Clusters, Kind
from actors.trials.comparable import Record
from actors.trials.dedupe import Decision, Score, Type, Verdict
from actors.trials.shared_numbers import How, Shared

Two = tuple[int, int]  # trial ids, the smaller first

KINDS: Mapping[How, Kind] = MappingProxyType(
    {"same": "same", "mutual": "numbers", "claimed": "number", "third": "number"}
)


@dataclass(frozen=True, slots=True)
class PairPart:
    """What one field says of a pair, and what it adds to the log-odds: below 0 it speaks against."""

    name: str
    value: float
    adds: float
    says: str


@dataclass(frozen=True, slots=True)
class PairRow:
    """A pair that is kept; `a` is the smaller id of two trials."""

    a: int
    b: int
    value: float
    kind: Kind
    type: Type
    decision: Decision
    because: str
    parts: tuple[PairPart, ...]


@dataclass(frozen=True, slots=True)
class DecisionRow:
    id: int
    at: datetime
    a: int
    b: int
    verdict: Verdict
    by: str
    note: str | None
    undone_at: datetime | None = None
    undone_by: str | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """A cluster that came about or grew, or that came apart; `parts` is what was apart before, or is after."""

    event: Literal["merged", "unmerged"]
    trial_ids: tuple[int, ...]
    parts: tuple[tuple[int, ...], ...]


def pair_row(a: int, b: int, found: Score, shared: Shared | None) -> PairRow | None:
    """None for a pair that is not kept."""
    if found.type is None:
        return None
    low, high = (a, b) if a < b else (b, a)
    kind = KINDS[shared.how] if shared else "text"
    return PairRow(low, high, found.value, kind, found.type, found.decision, found.why[0], pair_parts(found))


def pair_parts(found: Score) -> tuple[PairPart, ...]:
    return tuple(PairPart(one.name, round(one.value, 4), round(one.adds, 3), one.says) for one in found.parts)


def moves(before: Mapping[int, int], after: Mapping[int, int]) -> list[Move]:
    """What became of clusters: trial id → cluster, before and after; of those who are alone nothing is said."""
    old, new = _groups(before), _groups(after)
    found = []
    for members in sorted(new.values()):
        parts = _parts(members, before)
        if len(parts) > 1:
            found.append(Move("merged", members, parts))
    for members in sorted(old.values()):
        parts = _parts(members, after)
        if len(parts) > 1:
            found.append(Move("unmerged", members, parts))
    return found


def held_rows(found: Clusters, id_of: Mapping[Record, int]) -> list[tuple[int, int, str]]:
    """Pairs that would merge but for a reason, the smaller id first."""
    ids = [(sorted((id_of[one.link.a], id_of[one.link.b])), one.because) for one in found.held]
    return [(two[0], two[1], because) for two, because in ids]


def _groups(cluster_of: Mapping[int, int]) -> dict[int, tuple[int, ...]]:
    found: dict[int, list[int]] = defaultdict(list)
    for trial_id, cluster in cluster_of.items():
        found[cluster].append(trial_id)
    return {cluster: tuple(sorted(ids)) for cluster, ids in found.items()}


def _parts(members: Sequence[int], cluster_of: Mapping[int, int]) -> tuple[tuple[int, ...], ...]:
    """The members by the cluster that each is in there; who is in none is a part of its own."""
    found: dict[tuple[bool, int], list[int]] = defaultdict(list)
    for one in members:
        found[(True, cluster_of[one]) if one in cluster_of else (False, one)].append(one)
    return tuple(sorted(map(tuple, found.values())))


def numbered(groups: Iterable[Sequence[int]]) -> dict[int, int]:
    """Each group under its smallest id."""
    return {one: min(group) for group in groups for one in group}
