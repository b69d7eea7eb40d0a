"""Whom a changed record concerns, and which pairs of it are worth a comparison, one at a time. No I/O.

The same as `blocking` and `shared_numbers` choose of all records at once. There a pair depends on how many share its
words, its code or its number: two words that 31 records have say nothing, of a code the seventh holder spoils all
pairs, and a third claimant makes an umbrella of a number. So where a record that comes or goes moves such a count over
one of its lines, all who are counted are concerned.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TypeVar

from actors.trials.blocking import KEYS_OF_THREE, LARGEST, MOST_CODES, SMALL
from actors.trials.comparable import Comparable
from actors.trials.shared_numbers import MANY

K = TypeVar("K")
Two = tuple[int, int]  # words, or trials, the smaller first
TOO_MANY = MANY + 1  # trials that claim a number: one more or less of them changes nothing


@dataclass(frozen=True, slots=True)
class Keys:
    """By what a record is looked for. `words` are hashes, in order."""

    words: tuple[int, ...] = ()
    numbers: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()

    @property
    def pairs(self) -> tuple[Two, ...]:
        return tuple(combinations(self.words, 2))


@dataclass(frozen=True, slots=True)
class Known:
    """A record as it was compared last; `one` may be newer than its keys."""

    trial_id: int
    register: str
    keys: Keys
    one: Comparable = field(repr=False)


@dataclass(frozen=True, slots=True)
class Moved:
    """A record whose keys change; a new one had none."""

    trial_id: int
    before: Keys
    after: Keys


def numbers_of_any(moved: Iterable[Moved]) -> list[str]:
    """That any of them had or has."""
    return sorted({number for one in moved for keys in (one.before, one.after) for number in keys.numbers})


def codes_that_move(moved: Sequence[Moved]) -> list[str]:
    """Of which more or fewer hold one than before."""
    before, after = _counts([one.before.codes for one in moved]), _counts([one.after.codes for one in moved])
    return sorted(code for code in {*before, *after} if before[code] != after[code])


def twos_that_move(moved: Sequence[Moved]) -> list[Two]:
    """The words, two and two, that more or fewer have than before."""
    before, after = _counts([one.before.pairs for one in moved]), _counts([one.after.pairs for one in moved])
    return sorted(two for two in {*before, *after} if before[two] != after[two])


def _counts(given: Iterable[Sequence[K]]) -> Counter[K]:
    return Counter(key for keys in given for key in keys)


def concerned_by_words(moved: Sequence[Moved], others: Mapping[Two, Collection[int]]) -> set[int]:
    """Of those who have two words, where more or fewer do than before. `others`: who of all the others has them."""
    before = Counter(two for one in moved for two in one.before.pairs)
    after = Counter(two for one in moved for two in one.after.pairs)
    return _concerned(before, after, others, _size)


def concerned_by_codes(moved: Sequence[Moved], others: Mapping[str, Collection[int]]) -> set[int]:
    before = Counter(code for one in moved for code in one.before.codes)
    after = Counter(code for one in moved for code in one.after.codes)
    return _concerned(before, after, others, _few)


def _concerned(
    before: Counter[K], after: Counter[K], others: Mapping[K, Collection[int]], told: Callable[[int], object]
) -> set[int]:
    """Those who have a key of which more or fewer tell something else; all but those who moved are in `others`."""
    return {
        who
        for key, holders in others.items()
        if told(len(holders) + before[key]) != told(len(holders) + after[key])
        for who in holders
    }


def concerned_by_numbers(others: Mapping[str, Mapping[int, str]]) -> set[int]:
    """Who bears or claims one of the numbers (with its trial), unless far too many do, whoever comes or goes."""
    return {who for holders in others.values() if len(set(holders.values())) <= TOO_MANY for who in holders}


def _size(records: int) -> int:
    return 0 if not 2 <= records <= LARGEST else 1 if records <= SMALL else 2


def _few(records: int) -> bool:
    return 2 <= records <= MOST_CODES


def by_words(mine: Iterable[Known], holders: Mapping[Two, Mapping[int, str]]) -> set[Two]:
    """Pairs worth a comparison, as `Blocks.pairs` chooses them. `holders`: all who have two words."""
    found: set[Two] = set()
    for one in mine:
        often: Counter[int] = Counter()
        enough: set[int] = set()
        for two in one.keys.pairs:
            who = holders.get(two, {})
            if not (size := _size(len(who))):
                continue
            others = [other for other, register in who.items() if register != one.register]
            often.update(others)
            if size == 1:
                enough.update(others)
        enough.update(other for other, times in often.items() if times >= KEYS_OF_THREE)
        found.update(_ordered(one.trial_id, other) for other in enough)
    return found


def by_codes(mine: Iterable[Known], holders: Mapping[str, Mapping[int, str]]) -> set[Two]:
    """Pairs of two registers that hold one code, as `blocking.code_pairs` chooses them."""
    return {
        _ordered(one.trial_id, other)
        for one in mine
        for code in one.keys.codes
        if _few(len(holders.get(code, ())))
        for other, register in holders[code].items()
        if register != one.register
    }


def grouped(rows: Iterable[tuple[str, int, str]]) -> dict[str, dict[int, str]]:
    """(key, who, what) as what by who by key."""
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for key, who, what in rows:
        found[key][who] = what
    return found


def _ordered(one: int, other: int) -> Two:
    return (one, other) if one < other else (other, one)
