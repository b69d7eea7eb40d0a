"""What followers of the trials have not seen yet."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import asyncpg
import pytest

from actors.trials.following.store import everything, take, waiting
from actors.trials.mirroring import store
from tests.postgres import Postgres
from tests.trials.pages import START, begin, mirror, page, trial, write

if TYPE_CHECKING:
    from tests.trials.pages import Connection


@pytest.fixture
async def conn(any_postgres: Postgres) -> "AsyncIterator[Connection]":
    """A connection, on PostgreSQL 18 and on 15, where nobody follows but who is named here."""
    one = await asyncpg.connect(any_postgres.dsn)
    await one.execute("delete from trial_followers")
    await one.execute("insert into trial_followers values ('reader')")
    yield one
    one.terminate()


async def _due(conn: "Connection", pages: int = 100) -> list[int]:
    async with conn.transaction():
        return sorted(await take(conn, "reader", pages))


async def _ids(conn: "Connection") -> list[int]:
    return [row["id"] for row in await conn.fetch("select id from trials order by id")]


async def test_a_follower_sees_what_is_new_changed_and_removed_once(conn: "Connection") -> None:
    await mirror(conn, trial(1), trial(2))
    assert await _due(conn) == await _ids(conn)
    assert await _due(conn) == []
    await mirror(conn, trial(1), trial(2, title="another"))
    assert await _due(conn) == (await _ids(conn))[1:]
    scrape_id = await begin(conn, at=START.replace(year=2030))
    async with conn.transaction():
        await store.mark_removed(conn, scrape_id, at=START.replace(year=2030), accept=True)
    assert await _due(conn) == await _ids(conn)


async def test_what_was_taken_is_due_again_when_the_follower_fails(conn: "Connection") -> None:
    await mirror(conn, trial(1))
    with pytest.raises(ZeroDivisionError):
        async with conn.transaction():
            assert await take(conn, "reader")
            raise ZeroDivisionError
    assert await _due(conn) == await _ids(conn)


async def test_two_transactions_take_different_trials(conn: "Connection", any_postgres: Postgres) -> None:
    await mirror(conn, trial(1))
    await mirror(conn, trial(2))
    other = await asyncpg.connect(any_postgres.dsn)
    async with conn.transaction(), other.transaction():
        first, second = await take(conn, "reader"), await take(other, "reader")
    other.terminate()
    assert sorted([*first, *second]) == await _ids(conn)
    assert first and second


async def test_a_new_follower_begins_with_everything(conn: "Connection") -> None:
    await mirror(conn, *(trial(number) for number in range(1, 1202)))
    await conn.execute("insert into trial_followers values ('late')")
    (late,) = [one for one in await waiting(conn) if one.follower == "late"]
    assert late.trials == 1201
    async with conn.transaction():
        assert len(await take(conn, "late")) == 1000
        assert len(await take(conn, "late")) == 201
        assert await take(conn, "late") == []


async def test_a_follower_may_begin_again(conn: "Connection") -> None:
    await mirror(conn, trial(1), trial(2))
    await everything(conn, "reader")
    assert await _due(conn) == await _ids(conn)
    assert {one.since for one in await waiting(conn)} == {None}


async def test_a_record_that_is_read_better_is_due(conn: "Connection") -> None:
    await mirror(conn, trial(1))
    await _due(conn)
    scrape_id = await begin(conn)
    await write(conn, page([trial(1, title="read better")], adapter_version=2), scrape_id)
    assert await _due(conn) == await _ids(conn)


async def test_followers_leave_the_machine_to_a_scrape_that_brings_very_many(conn: "Connection") -> None:
    scrape_id = await begin(conn, at=datetime.now(UTC))
    await write(conn, page((trial(number) for number in range(1000)), at=datetime.now(UTC)), scrape_id)
    assert await _due(conn) == []
    await conn.execute("update scrapes set started_at = now() - interval '1 minute'")
    assert len(await _due(conn)) == 1000, "it is slow"
    await store.close_scrape(conn, scrape_id, "done", at=datetime.now(UTC))
    again = await begin(conn, at=datetime.now(UTC))
    await write(conn, page((trial(number, title="another") for number in range(10)), at=datetime.now(UTC)), again)
    await write(conn, page((trial(number) for number in range(10, 1000)), at=datetime.now(UTC)), again)
    await conn.execute("update scrapes set started_at = now() - interval '5 seconds' where state = 'running'")
    assert len(await _due(conn)) == 10, "it finds hardly anything new"
