"""Rows as a Parquet file: written to a file as they come, turned by DuckDB in a process of its own, sent in parts."""

import asyncio
import multiprocessing
import tempfile
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

PART_BYTES = 256 * 1024
WITHIN_S = 300.0
MEMORY_MB = 256

# As actors/trials/finding/export.py writes them; a Parquet file keeps lists and times as what they are.
TYPES = {
    "registry_id": "VARCHAR", "registry": "VARCHAR", "title": "VARCHAR", "status": "VARCHAR", "study_type": "VARCHAR",
    "phases": "VARCHAR[]", "conditions": "VARCHAR[]", "interventions": "VARCHAR[]", "sponsor": "VARCHAR",
    "sponsor_class": "VARCHAR", "enrolment": "BIGINT", "start": "VARCHAR", "completion": "VARCHAR",
    "last_updated": "VARCHAR", "countries": "VARCHAR[]", "sex": "VARCHAR", "min_age_days": "BIGINT",
    "max_age_days": "BIGINT", "has_results": "BOOLEAN", "url": "VARCHAR", "version": "INTEGER",
    "first_seen_at": "TIMESTAMPTZ", "changed_at": "TIMESTAMPTZ", "removed_at": "TIMESTAMPTZ", "trial": "BIGINT",
}  # fmt: skip


async def as_parquet(lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The file, in parts, of lines of JSON."""
    with tempfile.TemporaryDirectory(prefix="triald-export-") as folder:
        source, target = Path(folder) / "rows.ndjson", Path(folder) / "rows.parquet"
        with source.open("wb") as file:
            async for some in lines:
                await asyncio.to_thread(file.write, some)
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as process:
            work = asyncio.get_running_loop().run_in_executor(process, turn, str(source), str(target))
            async with asyncio.timeout(WITHIN_S):
                await work
        with target.open("rb") as made:
            while part := await asyncio.to_thread(made.read, PART_BYTES):
                yield part


def turn(source: str, target: str) -> None:
    """In a process of its own: DuckDB takes memory and cores as it likes, up to these."""
    import duckdb  # here alone: nobody else waits for it to load

    with duckdb.connect() as db:
        db.execute(f"set memory_limit = '{MEMORY_MB}MB'; set threads = 1; set TimeZone = 'UTC'")
        rows = db.read_json(source, format="newline_delimited", columns=TYPES)
        rows.write_parquet(target, compression="zstd")
