"""Which pairs of records are worth a comparison, of the 125 thousand million that 500,000 records have. No I/O.

Besides those that share a registry number: two records of different registers whose titles share three of their
rarest words, or two that few others share; or that hold the same sponsor's code. The rarest are taken from each title
by itself: in one of another language every word is rare, and would crowd out those of the English title beside it.
Of 124 real pairs 121 to 123 are chosen so, among one candidate for each record or two.

One at a time: the other records that have two of `rare_words(…)`. All at once: `Blocks`, in memory.
"""

import zlib
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import combinations, groupby

from actors.trials.comparable import Comparable
from actors.trials.words import Rarity

RAREST = 5  # of each title
LARGEST = 30  # records that share two words: where more do, the two say nothing
SMALL = 5  # where no more do, two words are enough; else there must be three
MOST_CODES = 6  # records that hold one code: more is a programme or a grant
PARTS = 64  # a power of two: blocks are looked at part by part, to hold little in memory at once

KEYS_OF_THREE = 3  # three shared words are three times two

Packed = tuple[
    list[str], bytes, list[bytes], list[bytes]
]  # names of registers, each record's; keys, and whose they are

_ROW_BITS = 32
_MIDDLE = 1 << 31


def rare_words(one: Comparable, rare: Rarity) -> tuple[str, ...]:
    """The words by which a record is looked for, in alphabetical order."""
    found: set[str] = set()
    for title in one.titles:
        found.update(rare.rarest(title, RAREST))
    return tuple(sorted(found))


def block_keys(given: Sequence[str]) -> list[int]:
    """Each two of the words as one number of 64 bits, the same in every process."""
    return [first + _MIDDLE << _ROW_BITS | second + _MIDDLE for first, second in combinations(hashes(given), 2)]


def hashes(given: Iterable[str]) -> tuple[int, ...]:
    """Each word as a number that PostgreSQL's integer holds, in order."""
    return tuple(sorted(_hash(word) - _MIDDLE for word in given))


@lru_cache(maxsize=524_288)
def _hash(word: str) -> int:
    return zlib.crc32(word.encode())


class Blocks:
    """Keys of records that are numbered from `first` on, in some 12 bytes each; then the pairs that share one."""

    def __init__(self, first: int = 0) -> None:
        self._first = first
        self._registers = array("H")
        self._names: dict[str, int] = {}
        self._keys = [array("Q") for _ in range(PARTS)]
        self._rows = [array("I") for _ in range(PARTS)]

    def add(self, register: str, words: Sequence[str]) -> int:
        """A record's number."""
        row = self._first + len(self._registers)
        self._registers.append(self._names.setdefault(register, len(self._names)))
        for key in block_keys(words):
            part = key % PARTS
            self._keys[part].append(key)
            self._rows[part].append(row)
        return row

    def packed(self) -> Packed:
        """What was added, to be taken into blocks of more records."""
        keys, rows = ([part.tobytes() for part in parts] for parts in (self._keys, self._rows))
        return list(self._names), self._registers.tobytes(), keys, rows

    def take(self, more: Packed) -> None:
        """Records that follow those before, numbered on from them."""
        names, registers, keys, rows = more
        place = [self._names.setdefault(name, len(self._names)) for name in names]
        self._registers.extend(place[one] for one in memoryview(registers).cast("H"))
        for mine, theirs in ((self._keys, keys), (self._rows, rows)):
            for part, given in zip(mine, theirs, strict=True):
                part.frombytes(given)

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Each pair of records of different registers once, the smaller number first, in order. All begin at 0."""
        few = [array("Q") for _ in range(PARTS)]
        many = [array("Q") for _ in range(PARTS)]
        size = len(self._registers) // PARTS + 1
        for keys, rows in zip(self._keys, self._rows, strict=True):
            for block in _blocks(keys, rows):
                found = few if len(block) <= SMALL else many
                for first, second in self._across(block):
                    found[first // size].append(first << _ROW_BITS | second)
        for enough, more in zip(few, many, strict=True):
            often = Counter(enough) + Counter(more)
            chosen = {*enough, *(pair for pair, times in often.items() if times >= KEYS_OF_THREE)}
            for pair in sorted(chosen):
                yield pair >> _ROW_BITS, pair & (1 << _ROW_BITS) - 1

    def _across(self, block: Sequence[int]) -> Iterator[tuple[int, int]]:
        registers = self._registers
        for first, second in combinations(block, 2):
            if registers[first] != registers[second]:
                yield first, second


def _blocks(keys: Sequence[int], rows: Sequence[int]) -> Iterator[list[int]]:
    """The rows of each key that two or more have, but not too many; a row comes in order."""
    for _, places in groupby(sorted(range(len(keys)), key=keys.__getitem__), keys.__getitem__):
        block = list(places)
        if 2 <= len(block) <= LARGEST:
            yield [rows[at] for at in block]


def code_pairs(given: Iterable[tuple[int, str, Sequence[str]]]) -> list[tuple[int, int]]:
    """Pairs of (number, register, codes) that hold the same sponsor's code in different registers, in order."""
    holders: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for row, register, codes in given:
        for code in codes:
            holders[code].append((row, register))
    found = {
        (min(first[0], second[0]), max(first[0], second[0]))
        for who in holders.values()
        if 2 <= len(who) <= MOST_CODES
        for first, second in combinations(who, 2)
        if first[1] != second[1]
    }
    return sorted(found)


def count_words(given: Iterable[Comparable]) -> tuple[Counter[str], Counter[str], int]:
    """How many records have each word in titles, conditions or interventions; in names of sponsors; and how many."""
    titles: Counter[str] = Counter()
    sponsors: Counter[str] = Counter()
    records = 0
    for one in given:
        titles.update(one.words.union(one.conditions, one.interventions))
        sponsors.update(frozenset[str]().union(*one.sponsors))
        records += 1
    return titles, sponsors, records
