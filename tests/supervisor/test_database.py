"""The connections of a process: what they are called, and that others can end what it holds locked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from actors.queue import store
from supervisor.cluster import SUPERUSER
from supervisor.database import AWAY, connection_name, open_pool
from supervisor.settings import Settings
from supervisor.wiring import IDLE_WITHIN_S, open_service
from tests.postgres import Postgres
from tests.supervisor import acting
from tests.survive import pooler

WORKER = UUID("00000000-0000-4000-8000-00000000000a")
NUMBER = "select id from jobs"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql://db/triald", f"triald {WORKER}"),
        ("postgresql://db/triald?sslmode=require&application_name=trials", f"trials {WORKER}"),
        ("postgresql:///triald?host=/run/pg&application_name=" + 70 * "x", f"{26 * 'x'} {WORKER}"),
    ],
)
def test_a_connection_bears_the_name_it_was_given_and_always_the_whole_number_of_its_process(
    url: str, name: str
) -> None:
    assert connection_name(url, WORKER) == name
    assert len(name) <= 63


@pytest.fixture(params=["direct", "pooler"])
async def settings(
    request: pytest.FixtureRequest, postgres: Postgres, db: asyncpg.Pool[Any], tmp_path: Path
) -> AsyncIterator[Settings]:
    """Of a service that reaches the database itself, or by way of a pooler in transaction mode."""
    given = partial(acting.given, folder=tmp_path, pool_most=6)
    if request.param == "direct":
        yield given(postgres.dsn)
    elif not pooler.is_there():
        pytest.skip("PgBouncer is not installed")
    else:
        user = await pooler.own_role(db, postgres)
        direct = postgres.dsn.replace(f"//{SUPERUSER}@", f"//{user}@")
        async with pooler.pooled(postgres, user) as url:
            yield given(url, listen_url=direct, database_pooler=True)


async def test_what_the_dead_hold_locked_is_freed_and_nobody_else_is_cut_off(
    settings: Settings, db: asyncpg.Pool[Any]
) -> None:
    """G10: a dead process's open transaction is ended, its idle connections and those of the living are left alone."""
    assert settings.database_url is not None
    await db.execute("insert into jobs (kind) values ('print'), ('print')")
    url, dead, alive = settings.database_url.reveal(), uuid4(), uuid4()
    async with (
        open_pool(settings, url, worker=dead) as theirs,
        open_pool(settings, url, worker=alive) as ours,
        AsyncExitStack() as stack,
    ):
        locks, idles, works = [await stack.enter_async_context(pool.acquire()) for pool in (theirs, theirs, ours)]
        for one in (locks, works):
            await one.execute("begin")
            await one.execute(
                "select from jobs where id = (select id from jobs order by id for update skip locked limit 1)"
            )
        assert await store.cut_off(ours, [dead]) == 1
        assert await store.cut_off(ours, [dead]) == 0
        with pytest.raises(AWAY):
            await locks.execute("commit")
        assert await works.fetchval("select count(*) from jobs") == 2
        assert await idles.fetchval("select 1") == 1
        free = await db.fetch("select id from jobs for update skip locked")
        assert len(free) == 1
        await works.execute("commit")


async def test_a_transaction_that_nobody_goes_on_with_is_ended_by_the_server(dsn: str, tmp_path: Path) -> None:
    """Also where no other process lives to end it."""
    async with open_service(acting.given(dsn, tmp_path)) as service:
        assert await service.pool.fetchval("show idle_in_transaction_session_timeout") == f"{IDLE_WITHIN_S // 60}min"
        name = await service.pool.fetchval("show application_name")
        assert name == f"triald {service.worker}"
        async with service.pool.acquire() as one, asyncio.timeout(60):
            ended = asyncio.Event()
            one.add_termination_listener(lambda _: ended.set())
            await store.end_when_idle(one, 1)
            await one.execute("begin")
            await ended.wait()
