"""Which records are joined by registry numbers: who bears a number, who says that it is theirs. No I/O.

A number that three trials of one register claim joins nothing: it is that of a platform, a programme or a grant, and
through one such number 14 trials once became one. One that cannot have been given (`RegistryId.sound`) joins nothing
either, unless a record bears it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from actors.trials.comparable import Comparable, Record

UMBRELLA = 3  # trials of one register that claim the same number
MANY = 20  # claimants of any register; more is no trial registered often

How = Literal["same", "mutual", "claimed", "third"]
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Shared:
    """Two records and the number between them.

    `same`: both bear it, one perhaps as an obsolete number. `mutual`: each claims the other's. `claimed`: one claims
    the other's. `third`: both claim one that no record bears. `strength` is that of the weaker claim.
    """

    a: Record
    b: Record
    number: str
    how: How
    strength: float


@dataclass(frozen=True, slots=True)
class Numbers:
    """`umbrellas`: number → the trials that claim it, in order."""

    shared: tuple[Shared, ...]
    umbrellas: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Claimant:
    record: Record
    register: str
    trial: str
    strength: float
    sound: bool


@dataclass(frozen=True, slots=True)
class _Join:
    number: str
    strength: float
    by: Record | None  # who claims the other's number; None where the number is a third's


def shared_numbers(given: Iterable[Comparable]) -> Numbers:
    """All pairs of records that a number joins; the order of `given` makes no difference."""
    bearers: dict[str, list[Record]] = defaultdict(list)
    aliases: dict[str, tuple[Record, str]] = {}
    claimants: dict[str, list[_Claimant]] = defaultdict(list)
    for one in given:
        bearers[one.trial].append(one.record)
        for claim in one.claims:
            number = ":".join(claim.id.key)
            if number == one.trial or not claim.strength:
                continue
            if claim.where == "alias":
                aliases[number] = min(aliases.get(number, (one.record, one.trial)), (one.record, one.trial))
            else:
                claimants[number].append(_Claimant(one.record, one.register, one.trial, claim.strength, claim.id.sound))
    umbrellas: dict[str, tuple[str, ...]] = {}
    joins: dict[tuple[Record, Record], list[_Join]] = defaultdict(list)
    for number, who in claimants.items():
        once = _strongest_each(who)
        if _is_umbrella(once):
            umbrellas[_written(number)] = tuple(one.trial for one in once)
            continue
        bearer = _bearer(number, bearers, aliases)
        for pair, join in _to_bearer(number, bearer, once) if bearer else _among(number, once):
            joins[pair].append(join)
    found = [*_copies(bearers, aliases), *(_settled(pair, said) for pair, said in joins.items())]
    found.sort(key=lambda link: (link.a, link.b, link.number))
    return Numbers(tuple(found), dict(sorted(umbrellas.items())))


def _copies(bearers: Mapping[str, list[Record]], aliases: Mapping[str, tuple[Record, str]]) -> Iterator[Shared]:
    """Records that bear one number: each with the first of them."""
    for trial, records in bearers.items():
        first, *others = sorted(set(records))
        for record in others:
            yield Shared(first, record, _written(trial), "same", 1.0)
    for number, (record, trial) in aliases.items():
        if number in bearers and number != trial:
            a, b = sorted((record, min(bearers[number])))
            yield Shared(a, b, _written(number), "same", 1.0)


def _strongest_each(who: list[_Claimant]) -> list[_Claimant]:
    """One claim for each trial: that of the record that says it most strongly."""
    best: dict[str, _Claimant] = {}
    for one in sorted(who, key=lambda one: (one.trial, -one.strength, one.record)):
        best.setdefault(one.trial, one)
    return list(best.values())


def _is_umbrella(who: list[_Claimant]) -> bool:
    if len(who) < UMBRELLA:
        return False
    registers = [one.register for one in who]
    return len(who) > MANY or max(map(registers.count, set(registers))) >= UMBRELLA


def _bearer(
    number: str, bearers: Mapping[str, list[Record]], aliases: Mapping[str, tuple[Record, str]]
) -> Record | None:
    if number in bearers:
        return min(bearers[number])
    return aliases[number][0] if number in aliases else None


def _to_bearer(number: str, bearer: Record, who: list[_Claimant]) -> Iterator[tuple[tuple[Record, Record], _Join]]:
    for one in who:
        if one.record != bearer:
            yield _pair(one.record, bearer), _Join(_written(number), one.strength, one.record)


def _among(number: str, who: list[_Claimant]) -> Iterator[tuple[tuple[Record, Record], _Join]]:
    for one, other in combinations([one for one in who if one.sound], 2):
        yield _pair(one.record, other.record), _Join(_written(number), min(one.strength, other.strength), None)


def _pair(one: Record, other: Record) -> tuple[Record, Record]:
    return (one, other) if one < other else (other, one)


def _settled(pair: tuple[Record, Record], said: list[_Join]) -> Shared:
    """All that joins two records as one link: the strongest of them; two claims that cross are stronger than each."""
    best = min(said, key=lambda join: (-join.strength, join.by is None, join.number))
    how: How = "third" if best.by is None else "claimed"
    if {join.by for join in said} >= set(pair):
        how = "mutual"
    return Shared(*pair, best.number, how, best.strength)


def _written(number: str) -> str:
    return number.partition(":")[2]
