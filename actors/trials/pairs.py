"""Every pair of records that is held to be, or may be, one trial. No I/O.

Besides the pairs that were scored there are those that follow: where A is B and B is C, A is C, and it is as sure as
the weaker of the two. So a pair of titles that have nothing in common may be found through a third record.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from actors.trials.clusters import Clusters, Link
from actors.trials.comparable import Record
from actors.trials.dedupe import Decision, Type

Two = tuple[Record, Record]


@dataclass(frozen=True, slots=True)
class Pair:
    """`through`: by which link of the chain it follows, the weakest; None for a pair that was scored itself.

    `decision` is what became of it: `automatic` and `confirmed` are in one cluster, `review` waits for somebody.
    """

    a: Record
    b: Record
    value: float
    type: Type
    decision: Decision
    through: Two | None = None


def pairs(clusters: Clusters, links: Iterable[Link]) -> tuple[Pair, ...]:
    """All pairs of the clusters and all links that are kept, in order."""
    kept = {_two(link.a, link.b): link for link in links if link.type}
    merged = _places(clusters.merged)
    found = {two: _direct(link, merged) for two, link in kept.items()}
    for group in (*clusters.merged, *clusters.proposed):
        for two, weakest in _follow(group, kept).items():
            if two not in found:
                together = two[0] in merged and merged[two[0]] == merged.get(two[1])
                decision: Decision = "automatic" if together else "review"
                through = _two(weakest.a, weakest.b)
                found[two] = Pair(*two, weakest.value, weakest.type or "possible", decision, through)
    return tuple(found[two] for two in sorted(found))


def _direct(link: Link, merged: Mapping[Record, int]) -> Pair:
    together = link.a in merged and merged[link.a] == merged.get(link.b)
    decision = link.decision
    if decision in ("automatic", "review", "none"):
        decision = "automatic" if together else "review"
    return Pair(*_two(link.a, link.b), link.value, link.type or "possible", decision)


def _follow(group: Sequence[Record], kept: Mapping[Two, Link]) -> dict[Two, Link]:
    """For each two of a group the weakest link of the surest chain between them."""
    inside = [kept[two] for two in combinations(sorted(group), 2) if two in kept]
    inside.sort(key=lambda link: (-link.value, _two(link.a, link.b)))
    part: dict[Record, list[Record]] = {one: [one] for one in group}
    found: dict[Two, Link] = {}
    for link in inside:
        mine, yours = part[link.a], part[link.b]
        if mine is not yours:
            found |= {_two(one, other): link for one in mine for other in yours}
            mine += yours
            part |= dict.fromkeys(yours, mine)
    return found


def _places(groups: Iterable[Sequence[Record]]) -> dict[Record, int]:
    places: dict[Record, int] = defaultdict(int)
    for at, group in enumerate(groups):
        places |= dict.fromkeys(group, at)
    return dict(places)


def _two(a: Record, b: Record) -> Two:
    return (a, b) if a < b else (b, a)
