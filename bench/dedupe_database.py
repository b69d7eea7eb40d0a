"""How long a comparison of the whole database takes, with the database around it, and its memory. Prints JSON.

    python -m bench.dedupe_database [--records 500000] [--changed 1000] [--pg 15]

The records are those of `bench.dedupe_world`, beside rows of trials that hold nothing but their numbers. Measured are a
first sweep, which writes all that it finds, one after it, which adds nothing, and some records compared by themselves.
The memory is that of this process and the one that compares; the database's is its own.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg

from actors.trials.comparable import SHAPE, packed
from actors.trials.duplicates import store
from actors.trials.duplicates.following import renew_some
from actors.trials.duplicates.stored import Kept
from actors.trials.duplicates.sweeping.sweep import sweep
from bench.dedupe_world import Made, world
from bench.measure import Figures, at_most, missed
from bench.processes import below
from bench.server import arguments, database, running

if TYPE_CHECKING:
    Pool = asyncpg.Pool[Any]

T = TypeVar("T")

AT_ONCE = 5_000
WITHIN_S, WITHIN_MB = 300.0, 1_000.0
EMPTY_TRIALS = """
insert into trials (version, adapter_version, first_seen_at, changed_at, registry, registry_id, content_sha256, url,
    status, study_type, phases, conditions, keywords, interventions, countries, facets, record)
select 1, 1, now(), now(), 'bench', id, sha256(id::bytea), '',
    'unknown', 'unknown', '{}', '{}', '{}', '{}', '{}', '', '{}'
from unnest($1::text[]) as given (id) returning id
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """`cpu_s` and `peak_mb` of this process and those below it, without the database's."""

    seconds: float
    cpu_s: float
    peak_mb: float


async def main(given: argparse.Namespace) -> Figures:
    async with (
        running(given.pg) as server,
        database(server, "duplicates") as dsn,
        asyncpg.create_pool(dsn, min_size=2, max_size=4) as pool,
    ):
        others = [server.pid or 0]
        made, _ = await _measured(lambda: _make(pool, given.records), others)
        with tempfile.TemporaryDirectory() as folder:
            first, found = await _measured(lambda: sweep(pool, Path(folder)), others)
            second, again = await _measured(lambda: sweep(pool, Path(folder)), others)
        await _touch(pool, given.changed)
        third, alone = await _measured(lambda: _compare(pool), others)
    targets = {
        "seconds": at_most(max(first.seconds, second.seconds), WITHIN_S),
        "peak_mb": at_most(max(first.peak_mb, second.peak_mb), WITHIN_MB),
        "a second sweep adds": at_most(again.new + again.changed + again.gone, 0),
    }
    return {
        "bench": "dedupe_database",
        "records": given.records,
        "made_s": made.seconds,
        "first": asdict(first) | asdict(found),
        "again": asdict(second) | asdict(again),
        "alone": asdict(third) | {"records": alone, "ms_each": round(third.seconds * 1000 / max(1, alone), 1)},
        "targets": targets,
        "missed": missed(targets),
    }


async def _make(pool: "Pool", records: int) -> None:
    await store.set_shape(pool, SHAPE)
    made = world(records)
    while page := list(islice(made, AT_ONCE)):
        rows = await pool.fetch(EMPTY_TRIALS, [one.record.record.id for one in page])
        await store.keep(pool, [_kept(one, row["id"]) for one, row in zip(page, rows, strict=True)])
    await pool.execute("delete from trial_due")
    await pool.execute("analyze")


def _kept(made: Made, trial_id: int) -> Kept:
    one = made.record
    return Kept(trial_id, *one.record, one.register, one.trial, packed(one))


async def _touch(pool: "Pool", records: int) -> None:
    """As if these had changed: one in so many, so that they are no neighbours."""
    await pool.execute(
        "insert into duplicate_waiting select trial_id from duplicate_records order by hashint8(trial_id) limit $1",
        records,
    )


async def _compare(pool: "Pool") -> int:
    compared = 0
    while number := await renew_some(pool):
        compared += number
    return compared


async def _measured(work: Callable[[], Awaitable[T]], others: Sequence[int]) -> tuple[Cost, T]:
    """What it cost, looked at twice a second."""
    peak_bytes = cpu_s = 0.0
    before_s = sum(seen.cpu_s for seen in below(os.getpid(), without=others))

    async def look() -> None:
        nonlocal peak_bytes, cpu_s
        while True:
            found = await asyncio.to_thread(below, os.getpid(), without=others)
            peak_bytes = max(peak_bytes, sum(seen.resident_bytes for seen in found))
            cpu_s = max(cpu_s, sum(seen.cpu_s for seen in found))
            await asyncio.sleep(0.5)

    task = asyncio.create_task(look())
    began = time.perf_counter()
    try:
        result = await work()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    took_s = time.perf_counter() - began
    return Cost(round(took_s, 1), round(cpu_s - before_s, 1), round(peak_bytes / 1e6)), result


def given(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.dedupe_database")
    parser.add_argument("--records", type=int, default=500_000)
    parser.add_argument("--changed", type=int, default=1_000)
    arguments(parser)
    return parser.parse_args(words)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(given(sys.argv[1:])))), flush=True)
