"""The job that takes the bytes of files that were deleted, and what never arrived."""

from pathlib import Path
from typing import Any

import asyncpg

from actors.backup.store import snapshot
from actors.governance.accounts import HOME
from actors.governance.projects import store as projects
from actors.jobs.sweep_files import JOB, _sweep_some
from actors.queue import operating
from actors.queue import store as queue
from actors.runtime.files import LocalFiles
from actors.storage import Rules, store
from actors.storage.store import Coming, Reserved
from tests.people import people
from tests.postgres import Postgres
from tests.queue.house import house, tools_at


async def reserved(db: Any, name: str = "a.csv") -> Reserved:
    """Room for a file of ten bytes, in a project."""
    await people(db, "ann")
    async with db.acquire() as one, one.transaction():
        await one.execute("select set_config('triald.tenant', '1', true)")
        there = await one.fetchval("select id from projects where name = 'hearts'")
        user = await one.fetchval("select id from users where login = 'ann'")
        project = there or await projects.add(one, "hearts", "", user)
        return await store.reserve(
            one, HOME, Coming(project, name, "text/csv", "ann", size_bytes=10), Rules(), within_s=60
        )


async def stored(db: Any, files: LocalFiles, name: str = "a.csv") -> Reserved:
    """A file that is there."""
    one = await reserved(db, name)
    incoming = await files.incoming(one.key, "text/csv")
    await incoming.write(b"0123456789")
    await incoming.keep()
    await incoming.drop()
    async with db.acquire() as connection, connection.transaction():
        assert await store.settle(connection, HOME, one.id, incoming.size_bytes, incoming.sha256)
    return one


async def left(db: Any) -> list[int]:
    return [row["id"] for row in await db.fetch("select id from stored_files order by id")]


async def test_what_was_deleted_and_what_never_arrived_goes_with_its_bytes_and_its_room(
    any_postgres: Postgres, tmp_path: Path
) -> None:
    """N17: what is there stays, and so does what still comes; a part that a kill left goes too."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=2, max_size=10) as db, tools_at(db, tmp_path) as tools:
        kept, deleted = await stored(db, tools.files, "kept"), await stored(db, tools.files, "deleted")
        comes, killed, late = [await reserved(db, name) for name in ("comes", "killed", "late")]
        for one in (comes, killed):  # as a kill leaves them
            part = (tmp_path / one.key).with_name(f".{Path(one.key).name}.0123456789abcdef.part")
            part.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(b"some")
        await tools.files.put(late.key, b"0123456789", "text/csv")  # a kill between the disk and the database
        assert await store.delete(db, deleted.id)
        await db.execute(
            "update stored_files set until_at = now() - interval '2 min' where id = any($1)", [killed.id, late.id]
        )
        assert (await store.used(db, HOME))[0] == 30
        await queue.enqueue(db, [JOB.new()])
        async with house(db, tools, JOB, slots=1) as one_house:
            await one_house.heard.until_settled(1, "done")
        assert await left(db) == [kept.id, comes.id]
        assert (await store.used(db, HOME))[0] == 20
        names = sorted(file.name for file in tmp_path.rglob("*") if file.is_file())
        assert len(names) == 3, "the one that is there with its media type, and the part of the one that comes"
        assert (await tools.files.get(kept.key)).body == b"0123456789"
        history = await db.fetchval("select id from job_history where kind = 'sweep_files'")
        assert (await operating.show(db, history))["result"] == {"files": 3}


async def test_one_that_came_too_late_is_not_there(db: "asyncpg.Pool[Any]") -> None:
    """N17: the room that its time gave back is somebody else's by then."""
    one = await reserved(db)
    await db.execute("update stored_files set until_at = now() - interval '1 s'")
    assert (await store.used(db, HOME))[0] == 0
    async with db.acquire() as connection, connection.transaction():
        assert not await store.settle(connection, HOME, one.id, 10, bytes(32))
    assert await store.release(db, one.id) == one.key


async def test_bytes_stay_while_a_backup_reads_them(db: "asyncpg.Pool[Any]", dsn: str, tmp_path: Path) -> None:
    """A22: a set holds every file that its rows name."""
    async with tools_at(db, tmp_path) as tools:
        one = await stored(db, tools.files)
        async with snapshot(dsn):
            await store.delete(db, one.id)
            assert await _sweep_some(tools) is None
            assert (await tools.files.get(one.key)).body == b"0123456789"
        assert await _sweep_some(tools) == 1
        assert await left(db) == []


async def test_a_backup_names_the_files_that_are_there_and_no_others(db: "asyncpg.Pool[Any]", tmp_path: Path) -> None:
    async with tools_at(db, tmp_path) as tools:
        kept, deleted = await stored(db, tools.files, "kept"), await stored(db, tools.files, "deleted")
        await reserved(db, "comes")
        await store.delete(db, deleted.id)
        assert await store.keys(db) == {kept.key}
        assert await store.total(db) == (1, 10)
