"""Two rankings made one. No I/O.

Reciprocal rank fusion (Cormack, Clarke, Büttcher, SIGIR 2009): a trial is worth 1 / (60 + its place) in each list that
has it, so scores that cannot be compared need not be.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

K = 60


@dataclass(frozen=True, slots=True)
class Place:
    """Where a trial stands in the ranking by text and in that by likeness, from 1; None where it is not in it.

    `likeness` is the cosine of its vector with that of what was asked: 1 for the same text, about 0 for no relation.
    """

    by_text: int | None = None
    by_likeness: int | None = None
    likeness: float | None = None

    @property
    def worth(self) -> float:
        return sum(1 / (K + place) for place in (self.by_text, self.by_likeness) if place is not None)


def fused(by_text: Sequence[int], by_likeness: Sequence[tuple[int, float]]) -> dict[int, Place]:
    """Trials of either list, the best first; of equals the one that stands higher by text, then the lower id."""
    places = {id_: Place(by_text=at) for at, id_ in enumerate(by_text, start=1)}
    for at, (id_, likeness) in enumerate(by_likeness, start=1):
        places[id_] = Place(places[id_].by_text if id_ in places else None, at, likeness)
    far = len(places) + 1
    return dict(sorted(places.items(), key=lambda one: (-one[1].worth, one[1].by_text or far, one[0])))


def one_of_each(ids: Iterable[int], clusters: Mapping[int, int]) -> list[int]:
    """The first of the records of each trial, in the same order."""
    seen, kept = set[int](), list[int]()
    for id_ in ids:
        cluster = clusters.get(id_)
        if cluster is None or cluster not in seen:
            kept.append(id_)
        if cluster is not None:
            seen.add(cluster)
    return kept
