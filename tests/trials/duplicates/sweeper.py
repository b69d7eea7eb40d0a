"""A sweep in a process of its own, to be killed: `python -m tests.trials.duplicates.sweeper DSN FOLDER RUN`.

Prints a line whenever it says how far it is.
"""

import asyncio
import sys
from pathlib import Path
from uuid import UUID

import asyncpg

from actors.trials.duplicates.sweeping.sweep import sweep


async def main(dsn: str, folder: str, run: str) -> None:
    async with asyncpg.create_pool(dsn, min_size=1, max_size=4) as pool:
        await sweep(pool, Path(folder), run=UUID(run), tell=lambda *told: print(told, flush=True))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
