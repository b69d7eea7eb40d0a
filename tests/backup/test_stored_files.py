"""Files that people brought are in a set, and come back as they were."""

import hashlib
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from actors.backup.keeping import Rule
from actors.backup.make import Inconsistent, make
from actors.backup.restoring import restore
from actors.runtime.files import LocalFiles
from actors.storage import store
from tests.backup.places import place_at
from tests.jobs.test_sweep_files import reserved, stored
from tests.postgres import Postgres


async def test_files_of_projects_come_back_with_their_hashes(postgres: Postgres, tmp_path: Path) -> None:
    """A22: one that came while the set was made is in it or not, never half; a deleted one is not missed."""
    place, files = place_at(postgres.dsn, tmp_path), LocalFiles(tmp_path / "data" / "files", secret=b"")
    async with asyncpg.create_pool(postgres.dsn, min_size=1, max_size=4) as db:
        kept, deleted = await stored(db, files, "kept"), await stored(db, files, "deleted")
        await reserved(db, "comes")
        await store.delete(db, deleted.id)
        await files.forget(deleted.key)
    made = (await make(place, tmp_path / "backups", rule=Rule())).set
    await files.forget(kept.key)
    await restore(place, made, replace=True)
    async with asyncpg.create_pool(postgres.dsn, min_size=1, max_size=4) as db:
        there = list(await store.keys(db))
        rows: list[Any] = await db.fetch("select key, sha256 from stored_files where key = any($1)", there)
        assert [row["key"] for row in rows] == [kept.key]
        assert hashlib.sha256((await files.get(kept.key)).body).digest() == rows[0]["sha256"]


async def test_a_set_that_would_lack_a_file_of_a_project_is_none(postgres: Postgres, tmp_path: Path) -> None:
    place, files = place_at(postgres.dsn, tmp_path), LocalFiles(tmp_path / "data" / "files", secret=b"")
    async with asyncpg.create_pool(postgres.dsn, min_size=1, max_size=4) as db:
        one = await stored(db, files)
    await files.forget(one.key)
    with pytest.raises(Inconsistent, match=one.key):
        await make(place, tmp_path / "backups", rule=Rule())
