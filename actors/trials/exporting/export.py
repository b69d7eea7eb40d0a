"""An export from its beginning to its end."""

import multiprocessing
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from actors.trials.exporting import files, store
from actors.trials.exporting.plan import Block, File, Manifest, known, manifest

Tell = Callable[[int, int, Block], None]  # blocks done, blocks in all, the one that is next


async def export(
    db: store.Database,
    folder: Path,
    *,
    now: datetime,
    registries: Sequence[str] | None = None,
    anew: bool = False,
    tell: Tell = lambda done, total, block: None,
) -> Manifest:
    """Writes what has changed since the last export, and makes the whole current.

    `db` is in a transaction of one moment; `anew`: every file is written. Raises NotAnExport.
    """
    files.check(folder)
    (folder / files.UNFINISHED).mkdir(parents=True, exist_ok=True)
    before = {} if anew else known(files.read_manifest(folder))
    begun = {} if anew else files.unfinished(folder)
    blocks = await store.blocks(db, registries)
    made, written = list[File](), 0
    async with a_process() as process:
        for done, block in enumerate(blocks):
            tell(done, len(blocks), block)
            file, is_new = await _file(db, folder, block, before.get(block.path), begun.get(block.path), process)
            made.append(file)
            written += is_new
    whole = manifest(made, made_at=now.isoformat(), written=written)
    files.put_in_place(folder, whole, f"{now:%Y%m%dT%H%M%SZ}")
    return whole


async def _file(
    db: store.Database, folder: Path, block: Block, before: File | None, begun: File | None, process: Executor
) -> tuple[File, bool]:
    """The file of a block, and whether it is none of the last export."""
    if begun is not None and begun.holds(block):
        return begun, True
    if before is not None and before.holds(block):
        (folder / files.UNFINISHED / block.path).unlink(missing_ok=True)  # of a moment that was not kept
        return before, False
    return await files.write(folder, block, store.lines(db, block), process), True


@asynccontextmanager
async def a_process() -> AsyncIterator[Executor]:
    """A process for DuckDB, which shares nothing with this one."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as one:
        yield one
