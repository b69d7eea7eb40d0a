"""How long it takes to find the duplicates among half a million records, and how much memory. Prints JSON.

    python -m bench.dedupe_speed [--records 500000]

All that a run over a whole database does but for the database, in one process: records are read packed from a file,
what is found is written to others. `bench.dedupe_database` has the database around it.
"""

import argparse
import asyncio
import json
import resource
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from struct import Struct
from typing import Any, TypeVar

from actors.trials import wire
from actors.trials.comparable import packed
from actors.trials.duplicates.sweeping.comparing import compare
from actors.trials.duplicates.sweeping.counting import count
from actors.trials.duplicates.sweeping.files import Part, head
from actors.trials.duplicates.sweeping.grouping import group
from bench.dedupe_world import world
from bench.measure import Figures, at_most, missed, rounded

T = TypeVar("T")

WITHIN_S, WITHIN_MB = 300.0, 1_000.0
Groups = dict[int, list[int]]  # the ids of each


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench.dedupe_speed")
    parser.add_argument("--records", type=int, default=500_000)
    print(json.dumps(measure(parser.parse_args(arguments).records)), flush=True)
    return 0


def measure(records: int) -> Figures:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        truths = _written(folder, records)
        made_mb = _peak_mb()
        compare_s, links = _timed(lambda: asyncio.run(_compare(folder, records)))
        group_s, grouped = _timed(lambda: group(name, ()))
        merged, proposed = _groups(folder)
    targets = {"seconds": at_most(compare_s + group_s, WITHIN_S), "peak_mb": at_most(_peak_mb(), WITHIN_MB)}
    return {
        "bench": "dedupe_speed",
        "records": records,
        "kept": links,
        "held": grouped.held,
        "took_s": {"compare": compare_s, "group": group_s},
        "made_mb": rounded(made_mb),
        "merged": _right(merged, truths),
        "proposed": _right(proposed, truths),
        "targets": targets,
        "missed": missed(targets),
    }


async def _compare(folder: Path, records: int) -> int:
    """One step after the other, in this process."""
    part = Part(0, records, 0)
    count(str(folder), part)
    return await compare(folder, [part], (), run=_here, kept=_nothing, tell=lambda *_: None)


async def _here(work: Callable[..., Any], *given: Any) -> Any:
    return work(*given)


async def _nothing(_name: str, _file: Path) -> None:
    """There is no database."""


def _written(folder: Path, records: int) -> list[int]:
    """The records in a file, numbered from 1 on, and which trial each is of."""
    truths = []
    with (folder / "records.bin").open("wb") as file:
        for number, made in enumerate(world(records), start=1):
            body = packed(made.record)
            file.writelines((head(number, body), body))
            truths.append(made.truth)
    return truths


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    result = work()
    return round(time.perf_counter() - began, 1), result


def _groups(folder: Path) -> tuple[Groups, Groups]:
    """Merged and proposed, from the rows that would be copied into the database."""
    merged: Groups = defaultdict(list)
    proposed: Groups = defaultdict(list)
    for trial_id, cluster, candidate in _rows((folder / "clusters.copy").read_bytes()):
        for number, found in ((cluster, merged), (candidate, proposed)):
            if number is not None and trial_id is not None:
                found[number].append(trial_id)
    return merged, proposed


def _rows(body: bytes) -> Iterator[list[int | None]]:
    """Rows of bigints in the binary format of COPY."""
    length, number, at = Struct(">i").unpack_from, Struct(">q").unpack_from, len(wire.HEADER)
    while body[at : at + 2] != wire.TRAILER:
        fields: list[int | None] = []
        columns = int.from_bytes(body[at : at + 2], "big")
        at += 2
        for _ in range(columns):
            [size] = length(body, at)
            fields.append(number(body, at + 4)[0] if size > 0 else None)
            at += 4 + max(size, 0)
        yield fields


def _right(groups: Groups, truths: Sequence[int]) -> dict[str, Any]:
    """Of made-up records: says that it works, not how well it would with real ones."""
    pairs = [(a - 1, b - 1) for group in groups.values() for a, b in combinations(group, 2)]
    right = sum(truths[a] == truths[b] for a, b in pairs)
    every = sum(count * (count - 1) // 2 for count in Counter(truths).values())
    return {
        "clusters": len(groups),
        "precision": round(right / max(1, len(pairs)), 4),
        "recall": round(right / every, 4),
    }


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
