"""What words are worth, and which records a number joins: counted part by part, then put together."""

import zlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

from actors.trials import wire
from actors.trials.blocking import count_words
from actors.trials.comparable import Comparable, Record
from actors.trials.duplicates.sweeping.files import (
    Part,
    Records,
    read_value,
    some,
    without_collection,
    write_rows,
    write_value,
)
from actors.trials.features import Rarities
from actors.trials.shared_numbers import Shared, shared_numbers
from actors.trials.words import rarity

Two = tuple[int, int]


class Counts(msgspec.Struct, array_like=True):
    """Of a part. `own`: a hash of each record's number; `claimed`: of those claimed; `claiming`: rows that do."""

    titles: dict[str, int]
    sponsors: dict[str, int]
    own: bytes
    claimed: bytes
    claiming: bytes


class Worth(msgspec.Struct, array_like=True):
    """In how many records each word is, where that is more than one: another is worth as much as one that none has."""

    titles: dict[str, int]
    sponsors: dict[str, int]
    records: int


def count(folder: str, part: Part) -> None:
    """Writes what is counted of a part."""
    path = part.file(Path(folder), "counts")
    if path.exists():
        return
    own, claimed, claiming = array("I"), array("I"), array("I")

    def passing() -> Iterator[Comparable]:
        for row, _, one in some(Path(folder), part):
            own.append(_hash(one.trial))
            numbers = [number for claim in one.claims if (number := ":".join(claim.id.key)) != one.trial]
            if numbers:
                claimed.extend(map(_hash, numbers))
                claiming.append(row)
            yield one

    with without_collection():
        titles, sponsors, _ = count_words(passing())
        write_value(path, Counts(titles, sponsors, own.tobytes(), claimed.tobytes(), claiming.tobytes()))


def gather(folder: str, parts: Sequence[Part]) -> None:
    """Writes what all words are worth, and which records a number joins."""
    at = Path(folder)
    if (at / "joined").exists():
        return
    titles: Counter[str] = Counter()
    sponsors: Counter[str] = Counter()
    own, claimed, claiming = array("I"), array("I"), array("I")
    for part in parts:
        found = read_value(part.file(at, "counts"), Counts)
        titles.update(found.titles)
        sponsors.update(found.sponsors)
        for hashes, more in ((own, found.own), (claimed, found.claimed), (claiming, found.claiming)):
            hashes.frombytes(more)
    worth = Worth(_often(titles), _often(sponsors), len(own))
    write_value(at / "worth", worth)
    write_rows(at / "words.copy", _rows(worth))
    del titles, sponsors
    write_value(at / "joined", _joined(at, sorted(_concerned(own, claimed, claiming))))


def _concerned(own: Sequence[int], claimed: Iterable[int], claiming: Iterable[int]) -> set[int]:
    """Rows of records that claim a number, whose number another bears, or claims: numbers join no others."""
    asked, once = set(claimed), set[int]()
    for number in own:
        (asked if number in once else once).add(number)
    return {*claiming, *(row for row, number in enumerate(own) if number in asked)}


def _joined(folder: Path, rows: Sequence[int]) -> list[tuple[int, int, Shared]]:
    records = Records(folder)
    row_of: dict[Record, int] = {}

    def passing() -> Iterator[Comparable]:
        for row in rows:
            one = records[row]
            row_of[one.record] = row
            yield one

    found = []
    for one in shared_numbers(passing()).shared:
        a, b = row_of[one.a], row_of[one.b]
        found.append((min(a, b), max(a, b), one))
    return found


def _often(counted: Counter[str]) -> dict[str, int]:
    return {word: records for word, records in counted.items() if records > 1}


def _rows(worth: Worth) -> Iterator[bytes]:
    for about, counted in (("titles", worth.titles), ("sponsors", worth.sponsors)):
        for word, records in counted.items():
            yield wire.row(wire.word(about), wire.text(word), wire.integer(records))


def _hash(number: str) -> int:
    """The same in every process. Two numbers of one hash only cost a look."""
    return zlib.crc32(number.encode())


@lru_cache(maxsize=1)
def rarities(folder: str) -> Rarities:
    """As they were gathered; read once in each process."""
    worth = read_value(Path(folder) / "worth", Worth)
    return Rarities(rarity(worth.titles, worth.records), rarity(worth.sponsors, worth.records))


def joined(folder: Path) -> dict[Two, Shared]:
    """Pairs of rows, the smaller first, and the number that joins them."""
    found = read_value(folder / "joined", list[tuple[int, int, Shared]])
    return {(a, b): shared for a, b, shared in found}
