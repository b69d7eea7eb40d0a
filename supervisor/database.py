"""Ways to the database: the one that the settings name, or the embedded one."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolAcquireContext, PoolConnectionProxy

from actors.errors import Refusal
from actors.governance.accounts import EVERY_TENANT
from actors.governance.accounts import store as accounts
from supervisor import embedded
from supervisor.embedded import Embedded
from supervisor.settings import Settings
from supervisor.slow import Timed

if TYPE_CHECKING:
    AnyPool = asyncpg.Pool[asyncpg.Record]
    AnyConnection = asyncpg.Connection[asyncpg.Record]
else:
    AnyPool = asyncpg.Pool
    AnyConnection = asyncpg.Connection

RESET_WITHIN_S = 30.0  # a connection that is given back
NAME_CHARS = 63  # of a connection, as PostgreSQL keeps it
EVERY_TENANT_NAME = "triald *"  # of connections that see every tenant's rows, as the function acts_for knows them
# What asyncpg raises while a database is away: refused, cut off, out of space or of connections, a standby that takes
# no writes yet; the last one when a connection breaks at an unlucky moment.
AWAY = (
    OSError, TimeoutError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError, asyncpg.ReadOnlySQLTransactionError, asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)  # fmt: skip

# How long the task that runs, and those that it starts, wait for a free connection; None: as long as it takes.
pool_wait_s: ContextVar[float | None] = ContextVar("pool_wait_s", default=None)


class Connection(Timed, AnyConnection):
    """asyncpg's, given back without a round trip: nobody leaves anything in a session, which a pooler may share anyway.

    Settings are for a transaction (`set local`), locks too. asyncpg itself ends a transaction that was left open.
    """

    def get_reset_query(self) -> str:
        return ""


class Pool(AnyPool):
    """asyncpg's, for two kinds of callers: a request would rather be refused soon, an actor rather waits.

    Raises TimeoutError to who has waited for `pool_wait_s`.
    """

    waiting = 0  # callers who have no connection yet

    async def _acquire(self, timeout: float | None) -> "PoolConnectionProxy[asyncpg.Record]":
        self.waiting += 1
        try:
            return await super()._acquire(timeout)  # type: ignore[misc,no-any-return]  # what its context awaits
        finally:
            self.waiting -= 1

    def acquire(self, *, timeout: float | None = None) -> "PoolAcquireContext[asyncpg.Record]":
        """Where one is free nobody waits, and nothing has to be timed."""
        if timeout is None and self._queue.empty():  # type: ignore[attr-defined]  # of those that are free
            timeout = pool_wait_s.get()
        return super().acquire(timeout=timeout)

    async def release(self, connection: "PoolConnectionProxy[asyncpg.Record]", *, timeout: float | None = None) -> None:
        """What was given to `acquire` would count here too, and fail a request whose work is done."""
        await super().release(connection, timeout=RESET_WITHIN_S if timeout is None else timeout)


class Ways(NamedTuple):
    """The URLs of the database, for statements and for LISTEN, and its server where that is ours."""

    url: str
    listen_url: str
    server: Embedded | None = None


@asynccontextmanager
async def open_urls(settings: Settings) -> AsyncIterator[Ways]:
    """The ways to the database; starts the embedded PostgreSQL where none is given."""
    if settings.database_url is not None:
        url = settings.database_url.reveal()
        yield Ways(url, settings.listen_url.reveal() if settings.listen_url is not None else url)
        return
    server = await embedded.start(settings.data_dir)
    try:
        yield Ways(server.dsn, server.dsn, server)
    finally:
        await server.stop()


def session_settings(url: str, worker: UUID | None, *, every_tenant: bool, by_name: bool) -> dict[str, str] | None:
    """What a session is from its start: whose it is, and whether it sees every tenant's rows. No I/O.

    `by_name`: behind a pooler only the name says so, which it hands on with each transaction.
    """
    given = {} if worker is None else {"application_name": connection_name(url, worker)}
    if every_tenant and by_name:
        given["application_name"] = f"{EVERY_TENANT_NAME} {worker or 'command'}"
    elif every_tenant:
        given["triald.tenant"] = EVERY_TENANT
    return given or None


def connection_name(url: str, worker: UUID) -> str:
    """What PostgreSQL knows the connections of a process by: the name in the URL, and last its own, whole. No I/O.

    A pooler hands it on with each transaction.
    """
    given = parse_qs(urlsplit(url).query).get("application_name", ["triald"])[-1]
    return f"{given.replace('*', '')[: NAME_CHARS - 37]} {worker}"


async def _for_requests(
    settings: Settings, init: "Callable[[Any], Coroutine[Any, Any, None]] | None", connection: Any
) -> None:
    """Raises Refusal where nothing would keep a request from the rows of other tenants."""
    if init is not None:
        await init(connection)
    bound = accounts.is_bound if settings.database_pooler else accounts.act_as_web
    if not await bound(connection):
        raise Refusal(
            "database_url: expected a role that row-level security binds: no superuser behind a pooler, none that may "
            "bypass it and make no roles"
        )


@asynccontextmanager
async def open_pool(
    settings: Settings,
    url: str,
    *,
    least: int = 1,
    init: "Callable[[Any], Coroutine[Any, Any, None]] | None" = None,
    worker: UUID | None = None,
    every_tenant: bool = True,
) -> "AsyncIterator[asyncpg.Pool[Any]]":
    """`worker` is the process that opens it: should that freeze, others cut off what it holds locked.

    One that is not for `every_tenant` is for requests: it acts for nobody until a transaction says for whom.
    """
    pool = Pool(
        url, min_size=min(least, settings.pool_most), max_size=settings.pool_most, max_queries=50_000,
        max_inactive_connection_lifetime=settings.pool_idle_s, loop=None, connection_class=Connection,
        record_class=asyncpg.Record, init=init if every_tenant else partial(_for_requests, settings, init),
        command_timeout=settings.statement_limit_s, timeout=10,
        statement_cache_size=0 if settings.database_pooler else 100,
        server_settings=session_settings(
            url, worker, every_tenant=every_tenant, by_name=settings.database_pooler
        ),
    )  # fmt: skip
    await pool
    try:
        yield pool
    finally:
        try:
            async with asyncio.timeout(5):
                await pool.close()
        except TimeoutError:
            pool.terminate()


@asynccontextmanager
async def open_database(settings: Settings) -> "AsyncIterator[asyncpg.Pool[Any]]":
    """For commands that need the database alone; the schema is as it is."""
    async with open_urls(settings) as ways, open_pool(settings, ways.url) as pool:
        yield pool
