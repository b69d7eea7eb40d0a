"""Files of an export: written by DuckDB in a process of its own, linked, and put in place by one rename."""

import asyncio
import hashlib
import os
import re
import shutil
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from contextlib import suppress
from pathlib import Path

import msgspec

from actors.errors import Refusal
from actors.trials.exporting.plan import COLUMNS, Block, File, Manifest

MEMORY_MB = 512
ROWS_A_GROUP = 2048  # of a Parquet file: what a reader and we hold at once, some 40 MB
LINES_AT_ONCE = 500
CURRENT, UNFINISHED, MANIFEST, JOURNAL = "current", ".unfinished", "manifest.json", "journal.ndjson"
NAME = re.compile(r"\d{8}T\d{6}Z(?:-\d+)?")


class NotAnExport(Refusal):
    """The folder holds something else; nothing of it is touched."""


def check(folder: Path) -> None:
    """Raises NotAnExport for a folder that holds anything that is none of ours."""
    if folder.exists() and not folder.is_dir():
        raise NotAnExport(f"{folder} is a file: expected a folder, or a name that ends in .parquet")
    others = [one.name for one in folder.iterdir() if not _is_ours(one)] if folder.exists() else []
    if others:
        raise NotAnExport(
            f"{folder} holds {sorted(others)[0]!r}, which is no part of an export: give a folder of its own"
        )


def _is_ours(one: Path) -> bool:
    return one.name in (CURRENT, UNFINISHED, CURRENT + ".next") or bool(NAME.fullmatch(one.name))


def read_manifest(folder: Path) -> Manifest | None:
    """Of the export that is current; None where there is none that can be read."""
    with suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode((folder / CURRENT / MANIFEST).read_bytes(), type=Manifest)
    return None


def unfinished(folder: Path) -> dict[str, File]:
    """What an export that was cut off has written, by path."""
    found: dict[str, File] = {}
    with suppress(OSError):
        for line in (folder / UNFINISHED / JOURNAL).read_bytes().splitlines():
            with suppress(msgspec.MsgspecError):  # the last line may be half a line
                one = msgspec.json.decode(line, type=File)
                found[one.path] = one
    return {path: one for path, one in found.items() if (folder / UNFINISHED / path).is_file()}


async def write(folder: Path, block: Block, lines: AsyncIterator[str], process: Executor) -> File:
    """A block as a file below `.unfinished`, noted once it is whole."""
    target = folder / UNFINISHED / block.path
    await asyncio.to_thread(target.parent.mkdir, parents=True, exist_ok=True)
    source = target.with_suffix(".ndjson")
    rows = await _put_lines(source, lines)
    size, sha256 = await asyncio.get_running_loop().run_in_executor(process, turn, str(source), str(target))
    file = File(block.path, block.registry, block.year, block.block, rows, block.fingerprint, size, sha256)
    await asyncio.to_thread(_note, folder / UNFINISHED / JOURNAL, file)
    return file


async def _put_lines(source: Path, lines: AsyncIterator[str]) -> int:
    rows, waiting = 0, list[str]()
    with source.open("w", encoding="utf-8") as file:
        async for line in lines:
            rows += 1
            waiting.append(line)
            if len(waiting) == LINES_AT_ONCE:
                await asyncio.to_thread(file.write, "\n".join(waiting) + "\n")
                waiting.clear()
        file.write("".join(line + "\n" for line in waiting))
    return rows


def turn(source: str, target: str) -> tuple[int, str]:
    """Lines of JSON become Parquet; size and SHA-256. In a process of its own: DuckDB takes what it can get."""
    import duckdb  # here alone: nobody else waits for it to load

    making = Path(target + ".making")
    with duckdb.connect() as db:
        db.execute(f"set memory_limit = '{MEMORY_MB}MB'; set threads = 1; set TimeZone = 'UTC'")
        columns = {name: type_ for name, (type_, _) in COLUMNS.items()}
        rows = db.read_json(source, format="newline_delimited", columns=columns, maximum_object_size=64 << 20)
        rows.write_parquet(str(making), compression="zstd", row_group_size=ROWS_A_GROUP)
    Path(source).unlink()
    making.replace(target)
    return Path(target).stat().st_size, _sha256(Path(target))


def join(sources: list[str], target: str) -> None:
    """All files of an export as one, with the columns of their folders. In a process of its own."""
    import duckdb

    with duckdb.connect() as db:
        db.execute(f"set memory_limit = '{MEMORY_MB}MB'; set threads = 1; set TimeZone = 'UTC'")
        rows = db.read_parquet(sources, hive_partitioning=True)
        rows.write_parquet(target, compression="zstd", row_group_size=ROWS_A_GROUP)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _note(journal: Path, file: File) -> None:
    with journal.open("ab") as out:
        out.write(msgspec.json.encode(file) + b"\n")
        out.flush()
        os.fsync(out.fileno())


def _same(old: Path, new: Path) -> None:
    """One file under two names; a copy where the disk knows no such thing."""
    try:
        os.link(old, new)
    except OSError:
        shutil.copyfile(old, new)


def put_in_place(folder: Path, manifest: Manifest, name: str) -> Path:
    """The files and their manifest become current, by one rename. Of older exports only the one before it stays."""
    before = (folder / CURRENT).resolve() if (folder / CURRENT).is_symlink() else None
    whole = folder / UNFINISHED
    for file in manifest.files:
        if not (whole / file.path).exists() and before is not None:
            (whole / file.path).parent.mkdir(parents=True, exist_ok=True)
            _same(before / file.path, whole / file.path)
    wanted = {file.path for file in manifest.files}
    for one in [one for one in whole.rglob("*") if one.is_file() and str(one.relative_to(whole)) not in wanted]:
        one.unlink()
    (whole / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
    taken = sum(one.name.startswith(name) for one in folder.iterdir())
    name = f"{name}-{taken}" if taken else name
    made = folder / name
    whole.rename(made)
    following = folder / (CURRENT + ".next")
    following.unlink(missing_ok=True)
    following.symlink_to(name)
    following.replace(folder / CURRENT)
    for old in folder.iterdir():
        if NAME.fullmatch(old.name) and old.resolve() not in (made.resolve(), before):
            shutil.rmtree(old, ignore_errors=True)
    return made
