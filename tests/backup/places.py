"""Something to back up: a database with rows of several tenants, files, and a folder for sets."""

from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

from actors.backup.place import Place, with_database
from actors.retention.applying import named_files
from actors.runtime.files import LocalFiles
from schema.migrate import migrate
from supervisor.backups import bin_dirs
from tests.postgres import Postgres

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

# More than one table, partitions, bytes, words of every script, a sequence that moved, and rows of two tenants.
ROWS = """
insert into jobs (kind, payload)
    select 'print', jsonb_build_object('n', n, 'says', 'Größe 大小') from generate_series(1, 300) n;
insert into job_history (id, created_at, state, queue, kind, priority, attempts)
    select n, now(), 'done', 'default', 'print', 0, 1 from generate_series(1000, 1100) n;
insert into tenants (name) values ('other');
insert into users (tenant_id, login, role) select t.id, t.name || n, 'viewer' from tenants t, generate_series(1, 20) n;
"""


def place_at(dsn: str, folder: Path) -> Place:
    return Place(dsn, folder / "data" / "files", bin_dirs(), "0.1", named_files)


async def fill(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("set triald.tenant = '*'")
    await connection.execute(ROWS)
    await connection.close()


async def put(folder: Path, *keys: str, body: bytes = b"...") -> None:
    files = LocalFiles(folder / "data" / "files", secret=b"")
    for key in keys:
        await files.put(key, body + key.encode(), "application/pdf")


async def own(postgres: Postgres, role: str, name: str) -> str:
    """The URL of a migrated database whose owner is no superuser, as at a hospital's shared server."""
    admin = await asyncpg.connect(postgres.dsn)
    await admin.execute(f"create role {role} login createdb nosuperuser")
    await admin.execute(f"create database {name} owner {role}")
    url = with_database(postgres.dsn, name).replace("//postgres@", f"//{role}@")
    owner = await asyncpg.connect(url)
    await migrate(owner)
    await owner.close()
    await admin.close()
    return url


async def disown(postgres: Postgres, role: str, *names: str) -> None:
    admin = await asyncpg.connect(postgres.dsn)
    for name in names:
        await admin.execute(f"drop database if exists {name} with (force)")
    await admin.execute(f"drop owned by {role}")
    await admin.execute(f"drop role {role}")
    await admin.close()
