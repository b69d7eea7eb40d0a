"""Makes a backup or holds a drill, and keeps in the database what became of it."""

import socket
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from actors.backup import copying, store
from actors.backup.copying import Tell
from actors.backup.drill import Drill, drill
from actors.backup.keeping import Rule
from actors.backup.make import Made, make
from actors.backup.place import Place
from actors.backup.runs import Kind, Run
from actors.errors import TrialdError, Unavailable
from actors.runtime.telemetry import emit

ERROR_CHARS = 4000


async def backup(place: Place, folder: Path, *, rule: Rule, tell: Tell = copying.silent) -> Made:
    """Raises Unavailable, Refusal."""
    started_at = datetime.now(UTC)
    try:
        made = await make(place, folder, rule=rule, tell=tell)
    except TrialdError as error:
        await _failed(place, folder, "backup", started_at, str(error))
        raise
    await _keep(place, _run("backup", folder, started_at, made, None))
    emit("backup.made", name=made.set.name, bytes=made.set.manifest.size_bytes, took_s=made.took_s)
    return made


async def held(place: Place, folder: Path, *, rule: Rule, tell: Tell = copying.silent) -> Drill:
    """A drill. Raises Unavailable, Refusal."""
    started_at = datetime.now(UTC)
    try:
        done = await drill(place, folder, rule=rule, tell=tell)
    except TrialdError as error:
        await _failed(place, folder, "drill", started_at, str(error))
        raise
    await _keep(place, _run("drill", folder, started_at, done.made, None if done.ok else done.says))
    emit("backup.drilled", name=done.made.set.name, status="done" if done.ok else "failed", took_s=done.took_s)
    return done


async def _failed(place: Place, folder: Path, kind: Kind, started_at: datetime, error: str) -> None:
    emit("backup.failed", kind=kind, error=error[:ERROR_CHARS])
    run = Run(
        started_at, datetime.now(UTC), None, None, None, None, kind, "failed", socket.gethostname(), str(folder),
        None, error[:ERROR_CHARS] or "it says nothing",
    )  # fmt: skip
    with suppress(TrialdError, asyncpg.PostgresError, OSError):  # the reason may be that the database is away
        await _keep(place, run)


def _run(kind: Kind, folder: Path, started_at: datetime, made: Made, error: str | None) -> Run:
    manifest = made.set.manifest
    return Run(
        started_at, datetime.now(UTC), manifest.dump.size_bytes, sum(one.size_bytes for one in manifest.files),
        sum(manifest.rows.values()), len(manifest.files), kind, "failed" if error else "done", socket.gethostname(),
        str(folder), made.set.name, error,
    )  # fmt: skip


async def _keep(place: Place, run: Run) -> None:
    try:
        async with store.connected(place.url) as db:
            await store.add_run(db, run)
    except asyncpg.PostgresError as error:
        raise Unavailable(f"the set is there, but the database does not keep that it is: {error}") from error
