"""Files of projects in PostgreSQL. Whoever asks acts for the tenant whose they are."""

from dataclasses import dataclass
from typing import Any

from actors.errors import NotFound
from actors.runtime.database import Database as Database
from actors.storage import Room, Rules, StoredFile, granted, new_key
from schema import query


@dataclass(frozen=True, slots=True)
class Reserved:
    """Room for a file that comes, under a key, and what was left before."""

    id: int
    key: str
    size_bytes: int
    room: Room


@dataclass(frozen=True, slots=True)
class Coming:
    """A file that is announced: `size_bytes` where it says how large it is, `most_bytes` where it is no larger."""

    project: int
    name: str
    media_type: str
    login: str
    size_bytes: int | None = None
    most_bytes: int | None = None


async def room(db: Database, tenant: int, project: int, rules: Rules) -> Room:
    return await _room(db, tenant, project, rules, await db.fetchval(query("files.quota"), tenant))


async def _room(db: Database, tenant: int, project: int, rules: Rules, quota_bytes: int | None) -> Room:
    of_tenant, of_project = await used(db, tenant, project)
    own = rules.tenant_bytes if quota_bytes is None else quota_bytes
    return Room(of_tenant, own, of_project, rules.project_bytes)


async def reserve(db: Database, tenant: int, one: Coming, rules: Rules, *, within_s: float) -> Reserved:
    """In a transaction; nobody else of the tenant takes room until it ends. Raises TooLarge, OverQuota."""
    quota_bytes = await db.fetchval(query("files.lock_room"), tenant)
    there = await _room(db, tenant, one.project, rules, quota_bytes)
    most_bytes = rules.file_bytes if one.most_bytes is None else min(one.most_bytes, rules.file_bytes)
    size_bytes, key = granted(there, one.size_bytes, most_bytes), new_key()
    id_ = await db.fetchval(
        query("files.reserve"), one.project, size_bytes, one.name, one.media_type, key, one.login, within_s
    )
    return Reserved(int(id_), key, size_bytes, there)


async def settle(db: Database, tenant: int, id_: int, size_bytes: int, sha256: bytes) -> bool:
    """It is there, in the transaction. False where another has its name, or its time is over."""
    await db.execute(query("files.lock_room"), tenant)
    return await db.fetchval(query("files.settle"), id_, size_bytes, sha256) is not None


async def release(db: Database, id_: int) -> str | None:
    """Gives back the room of one that never arrived; its key. None where it has."""
    key = await db.fetchval(query("files.release"), id_)
    return None if key is None else str(key)


async def find(db: Database, id_: int) -> StoredFile:
    """Raises NotFound."""
    row = await db.fetchrow(query("files.find"), id_)
    if row is None:
        raise NotFound(f"file: there is no file {id_}")
    return StoredFile(**row)


async def named(db: Database, project: int, name: str) -> StoredFile | None:
    row = await db.fetchrow(query("files.named"), project, name)
    return None if row is None else StoredFile(**row)


async def listed(db: Database, project: int, *, before: int | None = None, limit: int = 50) -> list[StoredFile]:
    """The newest first."""
    return [StoredFile(**row) for row in await db.fetch(query("files.listed"), project, before, limit)]


async def delete(db: Database, id_: int) -> bool:
    """It is there no more; the sweep takes its bytes, and gives back the room."""
    return await db.fetchval(query("files.delete"), id_) is not None


async def going(db: Database, limit: int) -> list[Any]:
    """Those that are to go: `id`, `key`, `size_bytes`, and whether they `never_arrived`. In a transaction."""
    rows: list[Any] = await db.fetch(query("files.going"), limit)
    return rows


async def gone(db: Database, ids: list[int]) -> None:
    await db.execute(query("files.gone"), ids)


async def keys(db: Database) -> set[str]:
    """Of all files that are there."""
    return {row["key"] for row in await db.fetch(query("files.keys"))}


async def total(db: Database) -> tuple[int, int]:
    """How many files there are, of all tenants, and their bytes."""
    row = await db.fetchrow(query("files.total"))
    return row["files"], row["size_bytes"]


async def used(db: Database, tenant: int, project: int = 0) -> tuple[int, int]:
    """The bytes that are taken or kept free, of all and of a project."""
    taken = await db.fetchrow(query("files.room"), tenant, project)
    return taken["tenant_bytes"], taken["project_bytes"]


async def set_quota(db: Database, tenant: int, size_bytes: int | None) -> None:
    """None: as the settings say."""
    await db.execute(query("files.set_quota"), tenant, size_bytes)


async def quota(db: Database, tenant: int) -> int | None:
    found: int | None = await db.fetchval(query("files.quota"), tenant)
    return found
