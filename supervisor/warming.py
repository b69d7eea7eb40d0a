"""What searches read is read once after a start: from a disk the first of them would wait for a second each.

Where the files of the database are ours they are read, so that the system has them in its cache; a server of somebody
else has its own ways (pg_prewarm).
"""

import asyncio
import os
from pathlib import Path

import asyncpg

from actors.trials.finding import store

SHARE = 4  # of the memory; of more, what comes first in the list is read
AT_ONCE = 2**18  # bytes


async def warm(dsn: str, cluster: Path) -> int:
    """How many bytes were read, of the files in the folder of a cluster."""
    db = await asyncpg.connect(dsn)
    try:
        paths = await store.files(db)
    finally:
        await db.close()
    most = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // SHARE
    return await asyncio.to_thread(_read, [cluster / path for path in paths], most)


def _read(relations: list[Path], most: int) -> int:
    """How many bytes were asked for; of each relation all files of a gigabyte."""
    total = 0
    for relation in relations:
        for file in sorted(relation.parent.glob(f"{relation.name}*")):
            if file.name != relation.name and not file.name.startswith(f"{relation.name}."):
                continue  # the maps beside it, or another relation
            total += _hold(file, most - total)
    return total


def _hold(file: Path, most: int) -> int:
    """Read piece by piece: to ask the system for all of it at once would keep the disk from everybody else."""
    try:
        with file.open("rb", buffering=0) as opened:
            size = min(os.fstat(opened.fileno()).st_size, max(0, most))
            for _ in range(0, size, AT_ONCE):
                opened.read(AT_ONCE)
            return size
    except FileNotFoundError:  # written anew just now
        return 0
