"""A real PgBouncer in transaction mode, between the service and the test's database."""

import asyncio
import os
import shutil
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from supervisor.cluster import PORT
from tests.postgres import Postgres

if TYPE_CHECKING:
    import asyncpg

PROGRAM = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
SOCKET = 6432  # in the name of its socket: it does not listen on the network
CONFIGURATION = f"""
[databases]
{{name}} = host={{socket_dir}} port={PORT} dbname={{name}} user={{user}}
[pgbouncer]
listen_addr =
listen_port = {SOCKET}
unix_socket_dir = {{folder}}
auth_type = any
pool_mode = transaction
default_pool_size = 6
max_client_conn = 200
verbose = 0
log_connections = 0
log_disconnections = 0
log_stats = 0
"""  # six connections to PostgreSQL: fewer than the service has to the pooler


HAND_OVER = """
do $$
declare one record;
begin
    execute format('alter database %I owner to {user}', current_database());
    alter schema public owner to {user};
    for one in select c.oid::regclass as name, c.relkind from pg_class c
               where c.relnamespace = 'public'::regnamespace and (c.relkind in ('r', 'p', 'v', 'm') or (c.relkind = 'S'
                     and not exists (select from pg_depend d where d.objid = c.oid and d.deptype in ('a', 'i'))))
                     and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e') loop
        execute format('alter %s %s owner to {user}',
                       case one.relkind when 'S' then 'sequence' when 'm' then 'materialized view' when 'v' then 'view'
                       else 'table' end, one.name);
    end loop;
    for one in select p.oid::regprocedure as name from pg_proc p where p.pronamespace = 'public'::regnamespace
               and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e') loop
        execute format('alter function %s owner to {user}', one.name);
    end loop;
end $$
"""


async def own_role(db: "asyncpg.Pool[Any]", postgres: Postgres) -> str:
    """An ordinary role that owns the database and all that is in it."""
    user = f"{postgres.name}_pooled"
    await db.execute(f"create role {user} login")
    await db.execute(HAND_OVER.format(user=user))
    return user


def is_there() -> bool:
    return os.access(PROGRAM, os.X_OK)


@asynccontextmanager
async def pooled(postgres: Postgres, user: str) -> AsyncIterator[str]:
    """The URL of the database by way of the pooler, which runs as whoever runs PostgreSQL: it is never root.

    `user` is who the pooler is to PostgreSQL.
    """
    owner = postgres.server.owner
    with TemporaryDirectory(prefix="triald-pooler-") as folder:
        file = Path(folder) / "pgbouncer.ini"
        file.write_text(
            CONFIGURATION.format(name=postgres.name, user=user, socket_dir=postgres.server.socket_dir, folder=folder),
            "utf-8",
        )
        as_owner: dict[str, Any] = {}
        if owner is not None:
            as_owner = {"user": owner.uid, "group": owner.gid, "extra_groups": []}
            for path in (folder, file):
                os.chown(path, owner.uid, owner.gid)
        process = await asyncio.create_subprocess_exec(
            PROGRAM, str(file), stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, **as_owner
        )
        try:
            yield await _url_once_up(process, postgres.name, folder, user)
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()


async def _url_once_up(process: Process, name: str, folder: str, user: str) -> str:
    assert process.stderr is not None
    said = b""
    async with asyncio.timeout(20):
        async for line in process.stderr:
            said += line
            if b"process up" in line:
                return f"postgresql://{user}@/{name}?host={folder}&port={SOCKET}"
    raise AssertionError(said.decode(errors="replace"))
