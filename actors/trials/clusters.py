"""Which records are one trial, from all pairs together. No I/O.

What is surest joins first: records of one number, then what a reviewer confirmed, then numbers that each names of the
other, then numbers that one names, then text. Each round looks at all of its links at once, so the order in which
records came can make no difference. Where a round's links would bring together two trials of one register, or two
records that a reviewer parted, nobody knows which link is the wrong one: the round joins none of them, and they go to
review. Only what hangs on such a knot by one number, and is at odds with nothing in it, is joined all the same.

Text merges only where even the weaker likenesses, down to `probable`, leave no doubt: trials of one family are alike,
and each of them would find a brother.

`merged` is what is certain; `proposed` holds in addition what a reviewer would find, best first.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from actors.trials.comparable import Record
from actors.trials.dedupe import Decision, Type, Verdict

Kind = Literal["same", "numbers", "number", "text"]


@dataclass(frozen=True, slots=True)
class Member:
    record: Record
    register: str
    trial: str


@dataclass(frozen=True, slots=True)
class Link:
    """A pair as `dedupe.score` found it. `numbers`: each record names the other's number; `number`: less than that."""

    a: Record
    b: Record
    kind: Kind
    value: float
    type: Type | None
    decision: Decision


@dataclass(frozen=True, slots=True)
class Decided:
    """What a reviewer said of two records; of two that contradict each other, the one with the later `at` holds."""

    a: Record
    b: Record
    verdict: Verdict
    at: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """A link that would merge but for what `because` says: it waits for a reviewer."""

    link: Link
    because: str


@dataclass(frozen=True, slots=True)
class Clusters:
    """Each cluster's records in order; those that are alone are left out of both."""

    merged: tuple[tuple[Record, ...], ...]
    proposed: tuple[tuple[Record, ...], ...]
    held: tuple[Held, ...]


def cluster(members: Iterable[Member], links: Iterable[Link], decided: Iterable[Decided] = ()) -> Clusters:
    """The clusters of all members; links and decisions about records that are not among them are passed over.

    Records of one number are one cluster only if a link of kind `same` says so, as `shared_numbers` finds them.
    """
    all_links, all_decided = [_in_order(link) for link in links], list(decided)
    groups = _Groups(_concerned(members, all_links, all_decided))
    known = sorted((link for link in all_links if groups.knows(link.a, link.b)), key=_best_first)
    said = sorted((one for one in all_decided if groups.knows(one.a, one.b)), key=lambda one: (-one.at, one.a, one.b))
    _keep_verdicts(groups, said, known)
    groups.settle_units()
    held: list[Held] = []
    for round_ in _rounds(known):
        held += _join_round(groups, round_, round_, spare_ends=True)
    likely = [link for link in known if link.type not in (None, "possible")]
    held += _join_round(groups, [link for link in likely if link.decision == "automatic"], likely, spare_ends=False)
    merged = groups.sets()
    waiting = {(one.link.a, one.link.b): one for one in held if groups.root(one.link.a) != groups.root(one.link.b)}
    for link in likely:  # best first; a tie is broken by the names of the records
        if not groups.odds({groups.root(link.a), groups.root(link.b)}):
            groups.join(link.a, link.b)
    return Clusters(merged, groups.sets(), tuple(waiting[pair] for pair in sorted(waiting)))


def _concerned(members: Iterable[Member], links: Sequence[Link], decided: Sequence[Decided]) -> list[Member]:
    """The members that anything is said of, in order: of 500,000 some tens of thousands."""
    named = {record for link in links for record in (link.a, link.b)}
    named.update(record for one in decided for record in (one.a, one.b))
    return sorted({one for one in members if one.record in named}, key=lambda one: one.record)


def _in_order(link: Link) -> Link:
    return link if link.a < link.b else replace(link, a=link.b, b=link.a)


def _best_first(link: Link) -> tuple[float, Record, Record]:
    return -link.value, link.a, link.b


def _keep_verdicts(groups: "_Groups", verdicts: Sequence[Decided], links: Sequence[Link]) -> None:
    """Records of one number and confirmed pairs are one; what was parted last stays apart."""
    for one in verdicts:
        if one.verdict == "different" and groups.root(one.a) != groups.root(one.b):
            groups.part(one.a, one.b)
        elif one.verdict == "same" and not groups.are_parted(one.a, one.b):
            groups.join(one.a, one.b)
    for a, b in [*groups.copies(), *((link.a, link.b) for link in links if link.kind == "same")]:
        if not groups.are_parted(a, b):
            groups.join(a, b)


def _rounds(links: Sequence[Link]) -> list[list[Link]]:
    """Numbers: those named on both sides; those on one side that texts support; those on one side."""
    sure = [link for link in links if link.decision == "automatic" and link.kind in ("numbers", "number")]
    mutual = [link for link in sure if link.kind == "numbers"]
    single = [link for link in sure if link.kind == "number"]
    return [mutual, [link for link in single if link.value >= 0.99], single]


def _join_round(
    groups: "_Groups", wanted: Sequence[Link], looked_at: Sequence[Link], *, spare_ends: bool
) -> list[Held]:
    """Join what `wanted` joins, if all that is `looked_at` agrees; what is held comes back."""
    held: list[Held] = []
    chosen = set(map(id, wanted))
    for knot in _knots(groups, looked_at):
        because = groups.odds({groups.root(record) for link in knot for record in (link.a, link.b)})
        safe = _hanging_on(groups, knot) if because and spare_ends else set()
        for link in knot:
            if id(link) in chosen and (not because or id(link) in safe):
                groups.join(link.a, link.b)
            elif id(link) in chosen and groups.root(link.a) != groups.root(link.b):
                held.append(Held(link, because))
    return held


def _hanging_on(groups: "_Groups", knot: Sequence[Link]) -> set[int]:
    """Links to what hangs on by one link alone and is at odds with nothing, from the outside inwards."""
    inside = {groups.root(record) for link in knot for record in (link.a, link.b)}
    at_odds = groups.in_conflict(inside)
    neighbours: dict[int, dict[int, list[Link]]] = defaultdict(lambda: defaultdict(list))
    for link in knot:
        a, b = groups.root(link.a), groups.root(link.b)
        if a != b:
            neighbours[a][b].append(link)
            neighbours[b][a].append(link)
    safe: set[int] = set()
    ends = [one for one in sorted(inside) if len(neighbours[one]) == 1 and one not in at_odds]
    while ends:
        end = ends.pop()
        for other, between in list(neighbours[end].items()):
            safe.update(map(id, between))
            del neighbours[end][other], neighbours[other][end]
            if len(neighbours[other]) == 1 and other not in at_odds:
                ends.append(other)
    return safe


def _knots(groups: "_Groups", links: Sequence[Link]) -> list[list[Link]]:
    """Links that hang together, through groups that are already one."""
    parent: dict[int, int] = {}

    def root(one: int) -> int:
        parent.setdefault(one, one)
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    for link in links:
        a, b = root(groups.root(link.a)), root(groups.root(link.b))
        parent[max(a, b)] = min(a, b)
    found: dict[int, list[Link]] = defaultdict(list)
    for link in links:
        found[root(groups.root(link.a))].append(link)
    return [found[one] for one in sorted(found)]


class _Groups:
    """Records in groups that only grow, and what must stay apart."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._members = members
        self._at = {one.record: at for at, one in enumerate(members)}
        self._parent = list(range(len(members)))
        self._rows: dict[int, list[int]] = {at: [at] for at in range(len(members))}
        self._parted: dict[int, set[int]] = defaultdict(set)
        self._unit: list[int] = list(range(len(members)))

    def knows(self, a: Record, b: Record) -> bool:
        return a in self._at and b in self._at and a != b

    def root(self, record: Record) -> int:
        return self._root(self._at[record])

    def join(self, a: Record, b: Record) -> None:
        first, second = sorted((self.root(a), self.root(b)))
        if first != second:
            self._parent[second] = first
            self._rows[first] += self._rows.pop(second)
            self._parted[first] |= self._parted.pop(second, set())

    def part(self, a: Record, b: Record) -> None:
        self._parted[self.root(a)].add(self._at[b])
        self._parted[self.root(b)].add(self._at[a])

    def are_parted(self, a: Record, b: Record) -> bool:
        return self._are_parted(self.root(a), self.root(b))

    def copies(self) -> list[tuple[Record, Record]]:
        """Records of one trial of one register, each with the first of them."""
        first: dict[str, Record] = {}
        return [
            (first[one.trial], one.record)
            for one in self._members
            if first.setdefault(one.trial, one.record) != one.record
        ]

    def settle_units(self) -> None:
        """What is joined by now counts as one trial of its register, whatever numbers it has."""
        self._unit = [self._root(at) for at in range(len(self._members))]

    def odds(self, roots: set[int]) -> str:
        """Why these groups cannot be one; empty where they can."""
        units: dict[str, int] = {}
        for at in (at for one in sorted(roots) for at in self._rows[one]):
            if units.setdefault(self._members[at].register, self._unit[at]) != self._unit[at]:
                return f"two numbers of the register {self._members[at].register} would be one trial"
        if any(self._are_parted(one, other) for one in roots if one in self._parted for other in roots):
            return "a reviewer said that two of them are two trials"
        return ""

    def in_conflict(self, roots: set[int]) -> set[int]:
        """Those of the groups that are at odds with one of the others."""
        holders: dict[str, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
        for one in roots:
            for at in self._rows[one]:
                holders[self._members[at].register][self._unit[at]].add(one)
        found = {one for units in holders.values() if len(units) > 1 for some in units.values() for one in some}
        parted = (one for one in roots if one in self._parted)
        return found | {one for one in parted if any(self._are_parted(one, other) for other in roots)}

    def sets(self) -> tuple[tuple[Record, ...], ...]:
        """Groups of two and more, each in order, all in order."""
        groups = (sorted(self._members[at].record for at in rows) for rows in self._rows.values() if len(rows) > 1)
        return tuple(sorted(map(tuple, groups)))

    def _are_parted(self, one: int, other: int) -> bool:
        return one in self._parted and not self._parted[one].isdisjoint(self._rows[other])

    def _root(self, at: int) -> int:
        parent = self._parent
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at
