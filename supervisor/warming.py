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
AT_ONCE = 2**20  # bytes


async def warm(dsn: str, cluster: Path) -> int:
    """How many bytes were read, of the files in the folder of a cluster."""
    db = await asyncpg.connect(dsn)
    try:
        paths = await store.files(db)
    finally:
        await db.close()
    total, most = 0, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // SHARE
    for file in (file for path in paths for file in _files(cluster / path)):
        at = 0
        while total < most and (read := await asyncio.to_thread(_read, file, at)):
            at, total = at + read, total + read
    return total


def _files(relation: Path) -> list[Path]:
    """Of a relation all files, of a gigabyte each; not the maps beside them, nor another relation."""
    near = relation.parent.glob(f"{relation.name}*")
    return sorted(one for one in near if one.name == relation.name or one.name.startswith(f"{relation.name}."))


def _read(file: Path, at: int) -> int:
    """A piece: to read all of it at once would keep the disk from everybody else, and a stop waiting."""
    try:
        with file.open("rb", buffering=0) as opened:
            opened.seek(at)
            return len(opened.read(AT_ONCE))
    except FileNotFoundError:  # written anew just now
        return 0
