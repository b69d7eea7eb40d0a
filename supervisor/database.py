"""Ways to the database: the one that the settings name, or the embedded one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from supervisor import embedded
from supervisor.settings import Settings


@asynccontextmanager
async def open_urls(settings: Settings) -> AsyncIterator[tuple[str, str]]:
    """The URLs of the database, for statements and for LISTEN; starts the embedded PostgreSQL where none is given."""
    if settings.database_url is not None:
        url = settings.database_url.reveal()
        yield url, settings.listen_url.reveal() if settings.listen_url is not None else url
        return
    server = await embedded.start(settings.data_dir)
    try:
        yield server.dsn, server.dsn
    finally:
        await server.stop()


@asynccontextmanager
async def open_pool(settings: Settings, url: str, *, least: int = 1) -> "AsyncIterator[asyncpg.Pool[Any]]":
    pool = await asyncpg.create_pool(
        url, min_size=least, max_size=settings.pool_most, command_timeout=settings.statement_limit_s, timeout=10,
        statement_cache_size=0 if settings.database_pooler else 100,
    )  # fmt: skip
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
    async with open_urls(settings) as (url, _), open_pool(settings, url) as pool:
        yield pool
