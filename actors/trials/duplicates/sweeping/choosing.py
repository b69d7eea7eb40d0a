"""By what records are looked for, and which pairs of them are worth a comparison."""

from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from actors.trials import wire
from actors.trials.blocking import Blocks, code_pairs, hashes, rare_words
from actors.trials.dedupe import Verdict
from actors.trials.duplicates.stored import numbers_of
from actors.trials.duplicates.sweeping import counting
from actors.trials.duplicates.sweeping.files import (
    Part,
    Records,
    read_value,
    some,
    without_collection,
    write,
    write_rows,
    write_value,
)

Two = tuple[int, int]
Said = tuple[int, int, int, Verdict]  # id of the decision, two trial ids, verdict
ROW_BITS = 32


class Keyed(msgspec.Struct, array_like=True):
    """Of a part: its blocks, and (row, register, codes) of records that hold a sponsor's code."""

    blocks: tuple[list[str], bytes, list[bytes], list[bytes]]
    coded: list[tuple[int, str, tuple[str, ...]]]


def key(folder: str, part: Part) -> None:
    """Writes by what the records of a part are looked for: as rows, and as blocks."""
    at = Path(folder)
    if part.file(at, "keyed").exists():
        return
    titles, blocks = counting.rarities(folder).titles, Blocks(part.begin)
    coded: list[tuple[int, str, tuple[str, ...]]] = []

    def rows() -> Iterator[bytes]:
        for row, trial_id, one in some(at, part):
            words = rare_words(one, titles)
            blocks.add(one.register, words)
            if one.codes:
                coded.append((row, one.register, one.codes))
            numbers, codes = wire.texts(numbers_of(one)), wire.texts(one.codes)
            yield wire.row(wire.bigint(trial_id), wire.integers(hashes(words)), numbers, codes)

    with without_collection():
        write_rows(part.file(at, "keys"), rows())
        write_value(part.file(at, "keyed"), Keyed(blocks.packed(), coded))


def choose(folder: str, parts: Sequence[Part], said: Sequence[Said]) -> int:
    """Writes the pairs to be scored, in order; how many."""
    at = Path(folder)
    if not (at / "pairs").exists():
        blocks, coded = Blocks(), []
        for part in parts:
            keyed = read_value(part.file(at, "keyed"), Keyed)
            blocks.take(keyed.blocks)
            coded += keyed.coded
        decided = _decided(at, said)
        write_value(at / "decided", [(*two, verdict) for two, verdict in decided.items()])
        others = sorted({*counting.joined(at), *decided, *code_pairs(coded)})
        with without_collection():
            pairs = array("Q", (a << ROW_BITS | b for a, b in _merged(blocks.pairs(), others)))
        write(at / "pairs", [pairs.tobytes()])
    return (at / "pairs").stat().st_size // array("Q").itemsize


def _decided(folder: Path, said: Sequence[Said]) -> dict[Two, Verdict]:
    """By their rows, pairs of which people said something, as far as both are among the records."""
    row_at = {trial_id: row for row, trial_id in enumerate(Records(folder).ids)} if said else {}
    return {
        (min(row_at[a], row_at[b]), max(row_at[a], row_at[b])): verdict
        for _, a, b, verdict in said
        if a in row_at and b in row_at
    }


def decided(folder: Path) -> dict[Two, Verdict]:
    """As `choose` found them."""
    return {(a, b): verdict for a, b, verdict in read_value(folder / "decided", list[tuple[int, int, Verdict]])}


def pairs(folder: Path, begin: int, end: int) -> Iterator[Two]:
    """Some of the pairs, by their rows."""
    found = array("Q")
    with (folder / "pairs").open("rb") as file:
        file.seek(begin * found.itemsize)
        found.frombytes(file.read((end - begin) * found.itemsize))
    for pair in found:
        yield pair >> ROW_BITS, pair & (1 << ROW_BITS) - 1


def _merged(first: Iterator[Two], second: Sequence[Two]) -> Iterator[Two]:
    """Both in order, each pair once."""
    rest = iter(second)
    ahead = next(rest, None)
    for pair in first:
        while ahead is not None and ahead < pair:
            yield ahead
            ahead = next(rest, None)
        if ahead == pair:
            ahead = next(rest, None)
        yield pair
    while ahead is not None:
        yield ahead
        ahead = next(rest, None)
