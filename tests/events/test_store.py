"""The log of events: its numbers are in the order of commits, whatever transactions do meanwhile."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import orjson
import pytest

from actors.errors import Refusal
from actors.events import store
from actors.events.event import MOST_PAYLOAD_BYTES
from tests.postgres import Postgres


async def add(db: Any, number: int, **more: Any) -> None:
    await store.append(db, room="service", kind="test.told", payload={"number": number}, **more)


def numbers(events: list[Any]) -> list[int]:
    return [orjson.loads(one.payload)["number"] for one in events]


async def test_who_has_heard_all_up_to_a_number_has_missed_none_before_it(any_postgres: Postgres) -> None:
    """N27: a transaction that began first and is committed last gets the last number, however long it stays open."""
    early, late, reader = [await asyncpg.connect(any_postgres.dsn) for _ in range(3)]
    begun = early.transaction()
    await begun.start()
    await add(early, 1)
    await add(late, 2)
    first = await store.after(reader, 0)
    assert numbers(first) == [2]
    await add(late, 3)
    second = await store.after(reader, first[-1].id or 0)
    assert numbers(second) == [3]
    await begun.commit()
    third = await store.after(reader, second[-1].id or 0)
    assert numbers(third) == [1]
    assert numbers(await store.after(reader, 0)) == [2, 3, 1]
    for one in (early, late, reader):
        await one.close()


async def test_many_writers_and_readers_agree_and_nobody_misses_or_repeats(any_postgres: Postgres) -> None:
    """N27: transactions that overlap at random, some undone; two readers in turns, a third who is late."""
    dice, told = random.Random(4), set[int]()  # noqa: S311 - a test is no secret

    async def write(writer: int) -> None:
        db = await asyncpg.connect(any_postgres.dsn)
        for turn in range(15):
            number = writer * 100 + turn
            transaction = db.transaction()
            await transaction.start()
            await add(db, number)
            await asyncio.sleep(dice.random() * 0.01)
            if dice.random() < 0.2:
                await transaction.rollback()
            else:
                await transaction.commit()
                told.add(number)
        await db.close()

    async def read(done: asyncio.Event) -> list[int]:
        db = await asyncpg.connect(any_postgres.dsn)
        heard: list[int] = []
        last = 0
        while True:
            ended = done.is_set()
            events = await store.after(db, last, 7)
            heard += numbers(events)
            last = events[-1].id or 0 if events else last
            if ended and not events:
                await db.close()
                return heard

    done = asyncio.Event()
    readers = [asyncio.create_task(read(done)) for _ in range(2)]
    async with asyncio.timeout(60):
        await asyncio.gather(*(write(writer) for writer in range(6)))
        done.set()
        one, other = await asyncio.gather(*readers)
    late = await read(done)
    assert one == other == late
    assert sorted(one) == sorted(told)
    assert len(told) > 40
    for writer in range(6):
        mine = [number for number in one if number // 100 == writer]
        assert mine == sorted(mine)


async def test_an_event_of_a_transaction_that_is_undone_is_never_told(db: "asyncpg.Pool[Any]") -> None:
    async with db.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await add(connection, 1)
        await transaction.rollback()
    assert await store.after(db, 0) == []


async def test_what_is_too_large_is_refused_and_says_what(db: "asyncpg.Pool[Any]") -> None:
    with pytest.raises(Refusal, match=r"payload: expected at most 4,096 bytes"):
        await store.append(db, room="service", kind="test.told", payload={"text": "x" * MOST_PAYLOAD_BYTES})


async def test_what_was_removed_cannot_be_told_again_and_says_so(db: "asyncpg.Pool[Any]") -> None:
    """N27: a reader that comes from before what was removed is told to start over, rather than nothing."""
    for number in range(6):
        await add(db, number)
    events = await store.after(db, 0)
    ids = [one.id or 0 for one in events]
    replay: dict[str, Any] = {"room": "service", "prefix": None, "most": 10}
    again = await store.replay(db, ids[2], ids[4], **replay)
    assert again is not None
    assert numbers(again) == [3, 4]
    assert await store.replay(db, ids[0], ids[5], room="service", prefix=None, most=4) is None
    await db.execute("update events set at = $1 where id <= $2", datetime.now(UTC) - timedelta(days=100), ids[3])
    assert await store.trim(db, datetime.now(UTC) - timedelta(days=90)) == 4
    assert await store.replay(db, ids[2], ids[5], **replay) is None
    assert await store.replay(db, ids[4], ids[5], **replay) != []
    await db.execute("update events set at = $1", datetime.now(UTC) - timedelta(days=100))
    await store.trim(db, datetime.now(UTC))
    assert [one.id for one in await store.latest(db, 10)] == ids[5:]


async def test_events_of_a_tenant_that_is_gone_go_and_hold_up_no_other(db: "asyncpg.Pool[Any]") -> None:
    tenant = await db.fetchval("insert into tenants (name) values ('away') returning id")
    await add(db, 1, tenant=tenant)
    await add(db, 2)
    await db.execute("delete from tenants where id = $1", tenant)
    assert numbers(await store.after(db, 0)) == [2]


async def test_one_who_numbers_holds_up_nobody_who_reads(db: "asyncpg.Pool[Any]") -> None:
    await add(db, 1)
    assert len(await store.after(db, 0)) == 1
    await add(db, 2)
    async with db.acquire() as one, one.transaction():
        assert await one.fetchval("select events_number(10)") == 1
        async with asyncio.timeout(10):
            assert numbers(await store.after(db, 0)) == [1]
    assert numbers(await store.after(db, 0)) == [1, 2]
