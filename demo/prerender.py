"""A world written to files once, so that serving it costs no more than copying bytes from a memory map."""

from __future__ import annotations

import gc
import hashlib
import mmap
import multiprocessing
import os
from array import array
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from demo.ctgov_record import record
from demo.world import World, outline_of, size
from demo.world_source import WorldSource

_SHARD = 5_000  # trials a file: some 75 MB


@dataclass(frozen=True, slots=True)
class _Shard:
    """Records of consecutive trials with a comma after each; `ends` are the offsets after each comma."""

    records: mmap.mmap
    ends: Sequence[int]

    def slice(self, first: int, last: int) -> bytes:
        """The records first to last (included), without the last comma."""
        return self.records[self.ends[first - 1] if first else 0 : self.ends[last] - 1]


class PrerenderedSource(WorldSource):
    """A world of one day in memory-mapped files. Other days are made as they are asked for."""

    def __init__(self, world: World, shards: Sequence[_Shard], dated: tuple[Sequence[int], Sequence[str]]) -> None:
        super().__init__(world)
        self._shards = shards
        self._dated = dated

    def body(self, position: int) -> bytes:
        shard, at = divmod(position, _SHARD)
        return self._shards[shard].slice(at, at)

    def bodies(self, positions: Sequence[int]) -> bytes:
        runs = _runs(positions)
        return b",".join([self._shards[a // _SHARD].slice(a % _SHARD, b % _SHARD) for a, b in runs])


def _runs(positions: Sequence[int]) -> list[tuple[int, int]]:
    """Stretches of consecutive positions within one shard, as (first, last)."""
    if not positions:
        return []
    first, last = positions[0], positions[-1]
    if last - first == len(positions) - 1 and first // _SHARD == last // _SHARD and positions == range(first, last + 1):
        return [(first, last)]
    runs = []
    for _, group in groupby(enumerate(positions), key=lambda pair: (pair[1] - pair[0], pair[1] // _SHARD)):
        stretch = [position for _, position in group]
        runs.append((stretch[0], stretch[-1]))
    return runs


def prerendered(world: World, directory: Path, *, processes: int | None = None) -> PrerenderedSource:
    """Write what the directory does not hold yet of this world, as made by this code, and map it."""
    home = directory / _key(world)
    home.mkdir(parents=True, exist_ok=True)
    count = -(-size(world) // _SHARD)
    missing = [shard for shard in range(count) if not _index_path(home, shard).exists()]
    if missing:
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(processes or os.cpu_count(), mp_context=spawn) as pool:
            for _ in pool.map(_write, [world] * len(missing), [home] * len(missing), missing):
                pass
    shards, updated, statuses = [], array("I"), []
    for shard in range(count):
        ends, days, status = _read_index(home, shard)
        updated.extend(days)
        statuses += status
        with (home / f"{shard}.json").open("rb") as file:
            shards.append(_Shard(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), ends))
    return PrerenderedSource(world, shards, (updated, statuses))


def _key(world: World) -> str:
    """Another directory for another world, and for other code or words that make it."""
    made_by = hashlib.sha256(repr(world).encode())
    here = Path(__file__).parent
    for path in sorted([*here.glob("*.py"), *here.glob("data/*")]):
        made_by.update(path.read_bytes())
    return made_by.hexdigest()[:16]


def _index_path(home: Path, shard: int) -> Path:
    return home / f"{shard}.index"


def _write(world: World, home: Path, shard: int) -> None:
    """One shard in a process of its own; the index comes last and says that the shard is whole."""
    gc.disable()  # nothing here makes cycles, and collections would cost a tenth of the time
    ends, updated, statuses = array("Q"), array("I"), []
    at = 0
    with (home / f"{shard}.json").open("wb") as file:
        for index in range(shard * _SHARD, min((shard + 1) * _SHARD, size(world))):
            at += file.write(record(world, index) + b",")
            ends.append(at)
            outline = outline_of(world, index)
            updated.append(outline.updated)
            statuses.append(outline.status)
    index_bytes = b"\n".join([str(len(ends)).encode(), " ".join(statuses).encode(), ends.tobytes() + updated.tobytes()])
    partial = home / f"{shard}.partial"
    partial.write_bytes(index_bytes)
    partial.rename(_index_path(home, shard))


def _read_index(home: Path, shard: int) -> tuple[Sequence[int], Sequence[int], list[str]]:
    count, statuses, numbers = _index_path(home, shard).read_bytes().split(b"\n", 2)
    ends, updated = array("Q"), array("I")
    ends.frombytes(numbers[: int(count) * 8])
    updated.frombytes(numbers[int(count) * 8 :])
    return ends, updated, statuses.decode().split(" ")
