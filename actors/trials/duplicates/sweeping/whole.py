"""All records compared with one another, in a process of its own: from a file of records to files of rows.

    records.bin ─▶ compare ─▶ keys.copy · words.copy · links.copy ─▶ group ─▶ clusters.copy · held.copy

The records are read where they lie (500,000 are 200 MB), the rows are in the form that COPY takes. While pairs are
scored `mark.json` says now and then how far that is; a next attempt goes on there.
"""

import mmap
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import BinaryIO

import msgspec
import orjson

from actors.trials import wire
from actors.trials.blocking import Blocks, code_pairs, count_words, hashes, rare_words
from actors.trials.clusters import Decided, Kind, Link, Member, cluster
from actors.trials.comparable import Comparable, Record, unpacked
from actors.trials.dedupe import Decision, Type, Verdict, score, worth_a_look
from actors.trials.duplicates.rows import PairRow, held_rows, numbered, pair_row
from actors.trials.duplicates.stored import numbers_of
from actors.trials.features import Rarities
from actors.trials.shared_numbers import Shared, shared_numbers
from actors.trials.words import rarity

MARK_EVERY = 5_000  # records whose pairs were scored
HEAD = Struct(">qI")  # trial id, length of what is packed
Two = tuple[int, int]
Said = tuple[int, int, int, Verdict]  # id of the decision, two trial ids, verdict


class Mark(msgspec.Struct):
    """How far a comparison is. `row`: pairs that begin with records before it are written, `links` in so many bytes."""

    stage: str = "counting words"
    row: int = 0
    rows: int = 0
    links: int = 0
    bytes: int = 0
    bare_bytes: int = 0


class Bare(msgspec.Struct, array_like=True):
    """A pair as clusters need it, by the numbers of its rows."""

    a: int
    b: int
    kind: Kind
    value: float
    type: Type
    decision: Decision


@dataclass(frozen=True, slots=True)
class Grouped:
    clusters: int
    held: int


class Records:
    """A file of packed records, numbered from 0 on."""

    def __init__(self, folder: Path) -> None:
        with (folder / "records.bin").open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if _size(folder / "records.bin") else b""
        self.ids, self._ends = array("q"), array("Q")
        at = 0
        while at < len(self._map):
            trial_id, length = HEAD.unpack_from(self._map, at)
            at += HEAD.size + length
            self.ids.append(trial_id)
            self._ends.append(at)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, row: int) -> Comparable:
        begin = (self._ends[row - 1] if row else 0) + HEAD.size
        return unpacked(self._map[begin : self._ends[row]])

    def __iter__(self) -> Iterator[Comparable]:
        return map(self.__getitem__, range(len(self)))


def head(trial_id: int, body: bytes) -> bytes:
    """What stands before a record in the file."""
    return HEAD.pack(trial_id, len(body))


def compare(folder: str, said: Sequence[Said]) -> int:
    """Writes keys, words and links of all records; how many links."""
    at = Path(folder)
    mark = read_mark(at)
    records = Records(at)
    titles, sponsors, count = count_words(records)
    rarities = Rarities(rarity(titles, count), rarity(sponsors, count))
    _write(at / "words.copy", _words(titles, sponsors))
    del titles, sponsors
    mark.rows = len(records)
    _note(at, mark, "joining numbers")
    pairs = _Pairs(records, shared_numbers(records).shared, said)
    _note(at, mark, "choosing pairs")
    blocks = Blocks()
    _write(at / "keys.copy", pairs.keys(blocks, rarities))
    with (at / "links.copy").open("r+b" if mark.bytes else "wb") as file:
        return pairs.write(file, blocks, rarities, at, mark)


class _Pairs:
    """The pairs to be scored, by the rows of their records."""

    def __init__(self, records: Records, shared: Sequence[Shared], said: Sequence[Said]) -> None:
        self._records = records
        self._named = {record for link in shared for record in (link.a, link.b)}
        self._links = shared
        self._said = said
        self._row_of: dict[Record, int] = {}
        self._codes: list[Two] = []

    def keys(self, blocks: Blocks, rarities: Rarities) -> Iterator[bytes]:
        """By what each record is looked for, as rows; on the way all that pairs are made of is gathered."""
        coded: list[tuple[int, str, tuple[str, ...]]] = []
        for row, one in enumerate(self._records):
            words = rare_words(one, rarities.titles)
            blocks.add(one.register, words)
            if one.record in self._named:
                self._row_of[one.record] = row
            if one.codes:
                coded.append((row, one.register, one.codes))
            numbers, codes = wire.texts(numbers_of(one)), wire.texts(one.codes)
            yield wire.row(wire.bigint(self._records.ids[row]), wire.integers(hashes(words)), numbers, codes)
        self._codes = code_pairs(coded)

    def write(self, file: BinaryIO, blocks: Blocks, rarities: Rarities, folder: Path, mark: Mark) -> int:
        """Scores them and writes those that are kept, by COPY and bare; how many."""
        row_at = {trial_id: row for row, trial_id in enumerate(self._records.ids)} if self._said else {}
        decided: dict[Two, Verdict] = {
            _ordered(row_at[a], row_at[b]): verdict for _, a, b, verdict in self._said if a in row_at and b in row_at
        }
        joined = {_ordered(self._row_of[link.a], self._row_of[link.b]): link for link in self._links}
        with (folder / "bare.msgpack").open("r+b" if mark.bytes else "wb") as bare:
            out = _Out(file, bare, folder, mark)
            begin, first_row, first = mark.row, -1, None
            for a, b in _merged(blocks.pairs(), sorted({*joined, *decided, *self._codes})):
                out.at(a)
                if a < begin:
                    continue
                if a != first_row or first is None:
                    first_row, first = a, self._records[a]
                other, shared, verdict = self._records[b], joined.get((a, b)), decided.get((a, b))
                if shared or verdict or worth_a_look(first, other, rarities):
                    found = score(first, other, rarities, shared=shared, decided=verdict)
                    ids = self._records.ids
                    if kept := pair_row(ids[a], ids[b], found, shared):
                        out.add(kept, a, b)
            return out.end()


class _Out:
    """Two files that grow together, and the mark that says how far both are true."""

    def __init__(self, file: BinaryIO, bare: BinaryIO, folder: Path, mark: Mark) -> None:
        self._file, self._bare, self._folder, self._mark = file, bare, folder, mark
        self._next = mark.row + MARK_EVERY
        self._encode = msgspec.msgpack.Encoder().encode
        for one, size in ((file, mark.bytes), (bare, mark.bare_bytes)):
            one.truncate(size)
            one.seek(size)
        if not mark.bytes:
            file.write(wire.HEADER)

    def at(self, row: int) -> None:
        """All pairs that begin with a record before this one are written."""
        if row >= self._next:
            self._next = row + MARK_EVERY
            self._save(row)

    def add(self, kept: PairRow, a: int, b: int) -> None:
        self._file.write(_link(kept))
        bare = self._encode(Bare(a, b, kept.kind, kept.value, kept.type, kept.decision))
        self._bare.write(len(bare).to_bytes(2, "big") + bare)
        self._mark.links += 1

    def end(self) -> int:
        self._save(self._mark.rows)
        self._file.write(wire.TRAILER)
        return self._mark.links

    def _save(self, row: int) -> None:
        self._file.flush()
        self._bare.flush()
        self._mark.row = row
        self._mark.bytes, self._mark.bare_bytes = self._file.tell(), self._bare.tell()
        _note(self._folder, self._mark, "comparing")


def group(folder: str, said: Sequence[Said]) -> Grouped:
    """Writes the clusters of all records that a pair joins, and what is held."""
    at = Path(folder)
    records = Records(at)
    bare = _bare(at)
    # Records are known here by the order of their rows, and by the names that decide a tie.
    rows = {row for one in bare for row in (one.a, one.b)}
    row_at = {trial_id: row for row, trial_id in enumerate(records.ids)} if said else {}
    holding = [one for one in said if one[1] in row_at and one[2] in row_at]
    rows.update(row_at[trial_id] for one in holding for trial_id in one[1:3])
    member_of = {row: _member(records[row]) for row in sorted(rows)}
    record_of = {row: member.record for row, member in member_of.items()}
    id_of = {record: records.ids[row] for row, record in record_of.items()}
    links = [Link(record_of[one.a], record_of[one.b], one.kind, one.value, one.type, one.decision) for one in bare]
    decided = [Decided(record_of[row_at[a]], record_of[row_at[b]], verdict, id_) for id_, a, b, verdict in holding]
    found = cluster(member_of.values(), links, decided)
    merged, proposed = (
        numbered([id_of[record] for record in group] for group in groups) for groups in (found.merged, found.proposed)
    )
    ids = sorted({*merged, *proposed})
    _write(at / "clusters.copy", (wire.row(*map(wire.bigint, (i, merged.get(i), proposed.get(i)))) for i in ids))
    held = held_rows(found, id_of)
    _write(at / "held.copy", (wire.row(wire.bigint(a), wire.bigint(b), wire.text(why)) for a, b, why in held))
    return Grouped(len(found.merged), len(held))


def read_mark(folder: Path) -> Mark:
    """How far it is; the beginning where nothing is known."""
    try:
        return msgspec.json.decode((folder / "mark.json").read_bytes(), type=Mark)
    except (FileNotFoundError, msgspec.MsgspecError):
        return Mark()


def _bare(folder: Path) -> list[Bare]:
    unpacker, body, found = msgspec.msgpack.Decoder(Bare), (folder / "bare.msgpack").read_bytes(), []
    at = 0
    while at < len(body):
        length = body[at] << 8 | body[at + 1]
        found.append(unpacker.decode(body[at + 2 : at + 2 + length]))
        at += 2 + length
    return found


def _member(one: Comparable) -> Member:
    return Member(one.record, one.register, one.trial)


def _link(one: PairRow) -> bytes:
    parts = orjson.dumps([[part.name, part.value, part.adds, part.says] for part in one.parts])
    words = (one.kind, one.type, one.decision)
    return wire.row(
        wire.bigint(one.a), wire.bigint(one.b), wire.float8(one.value), *map(wire.word, words), wire.text(one.because),
        wire.json(parts),
    )  # fmt: skip


def _words(titles: Counter[str], sponsors: Counter[str]) -> Iterator[bytes]:
    for about, counted in (("titles", titles), ("sponsors", sponsors)):
        for word, records in counted.items():
            if records > 1:  # one that a single record has is worth as much as one that none has
                yield wire.row(wire.word(about), wire.text(word), wire.integer(records))


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


def _write(path: Path, rows: Iterator[bytes]) -> None:
    with path.open("wb") as file:
        file.write(wire.HEADER)
        file.writelines(rows)
        file.write(wire.TRAILER)


def _note(folder: Path, mark: Mark, stage: str) -> None:
    mark.stage = stage
    beside = folder / "mark.new"
    beside.write_bytes(msgspec.json.encode(mark))
    beside.replace(folder / "mark.json")


def _size(path: Path) -> int:
    return path.stat().st_size


def _ordered(one: int, other: int) -> Two:
    return (one, other) if one < other else (other, one)
