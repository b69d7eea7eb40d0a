"""Some of the chosen pairs scored: those that are kept as rows, and bare as clusters need them."""

from functools import lru_cache
from pathlib import Path

import msgspec
import orjson

from actors.trials import wire
from actors.trials.clusters import Kind
from actors.trials.dedupe import Decision, Type, Verdict, looked_at, score
from actors.trials.duplicates.rows import PairRow, Two, pair_row
from actors.trials.duplicates.sweeping import choosing, counting
from actors.trials.duplicates.sweeping.files import Records, read_value, without_collection, write_rows, write_value
from actors.trials.features import Rarities, Weighed
from actors.trials.shared_numbers import Shared

WEIGHED_AT_ONCE = 4_096  # records, some 5 kB each


class Bare(msgspec.Struct, array_like=True):
    """A pair as clusters need it, by the numbers of its rows."""

    a: int
    b: int
    kind: Kind
    value: float
    type: Type
    decision: Decision


class _Scoring:
    """What is needed for any of the pairs; read once in each process."""

    def __init__(self, folder: str) -> None:
        at = Path(folder)
        self.records = Records(at)
        self.rarities: Rarities = counting.rarities(folder)
        self.joined: dict[Two, Shared] = counting.joined(at)
        self.decided: dict[Two, Verdict] = choosing.decided(at)
        self.weighed = lru_cache(WEIGHED_AT_ONCE)(self._weighed)

    def _weighed(self, row: int) -> Weighed:
        return Weighed(self.records[row], self.rarities)

    def scored(self, a: int, b: int) -> PairRow | None:
        """None for a pair that is not kept."""
        mine, yours, rarities = self.weighed(a), self.weighed(b), self.rarities
        shared, verdict = self.joined.get((a, b)), self.decided.get((a, b))
        found = looked_at(mine, yours, rarities)
        if not (found or shared or verdict):
            return None
        full = score(mine.one, yours.one, rarities, shared=shared, decided=verdict, found=found)
        return pair_row(self.records.ids[a], self.records.ids[b], full, shared)


_scoring = lru_cache(maxsize=1)(_Scoring)


def score_some(folder: str, begin: int, end: int) -> int:
    """Writes those of some pairs that are kept; how many."""
    bare = Path(folder) / f"bare.{begin}"
    if not bare.exists():
        with without_collection():
            _score(Path(folder), begin, end, bare)
    return len(read_bare(bare))


def _score(folder: Path, begin: int, end: int, bare: Path) -> None:
    scoring = _scoring(str(folder))
    found = [(a, b, kept) for a, b in choosing.pairs(folder, begin, end) if (kept := scoring.scored(a, b)) is not None]
    write_rows(folder / f"links.{begin}", (_link(kept) for _, _, kept in found))
    write_value(bare, [Bare(a, b, one.kind, one.value, one.type, one.decision) for a, b, one in found])


def read_bare(path: Path) -> list[Bare]:
    return read_value(path, list[Bare])


def _link(one: PairRow) -> bytes:
    parts = orjson.dumps([[part.name, part.value, part.adds, part.says] for part in one.parts])
    words = (one.kind, one.type, one.decision)
    return wire.row(
        wire.bigint(one.a), wire.bigint(one.b), wire.float8(one.value), *map(wire.word, words), wire.text(one.because),
        wire.json(parts),
    )  # fmt: skip
