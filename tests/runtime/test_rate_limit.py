"""The limit that all processes share, on a real database; slots are reserved without waiting for them."""

import asyncio
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from typing import TypeAlias

import asyncpg
import pytest

from actors.runtime import store
from actors.runtime.politeness import LATENESS_S, Limit, Validators, spacing_s
from actors.runtime.rate_limit import RateLimited, wait_for_turn
from tests.postgres import Postgres

LIMIT = Limit("ctgov", 50)
EVER = 1e6

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


class Clock:
    """A clock that moves only by sleeping on it, plus `oversleeps` in turn, a stalled loop."""

    def __init__(self, oversleeps: Sequence[float] = ()) -> None:
        self.now_s = 1000.0
        self.slept: list[float] = []
        self._oversleeps: Iterator[float] = iter(oversleeps)

    def __call__(self) -> float:
        return self.now_s

    async def sleep(self, wait_s: float) -> None:
        self.slept.append(wait_s)
        self.now_s += wait_s + next(self._oversleeps, 0.0)


def most_in_a_minute(times: Sequence[float], span_s: float = 60.0) -> int:
    """The most that any closed span of `span_s` holds."""
    ordered = sorted(times)
    return max(sum(1 for other in ordered[i:] if other <= first + span_s) for i, first in enumerate(ordered))


async def reserve_many(dsn: str, times: int, at_once: int) -> list[float]:
    """The slots, in seconds of the database's clock, that one process gets for many calls at once."""
    async with asyncpg.create_pool(dsn, min_size=at_once, max_size=at_once) as pool:

        async def one() -> list[float]:
            return [await slot(pool) for _ in range(times // at_once)]

        return [at for some in await asyncio.gather(*(one() for _ in range(at_once))) for at in some]


async def slot(pool: Pool) -> float:
    async with pool.acquire() as connection, connection.transaction():
        wait_s = await store.reserve_slot(connection, LIMIT, EVER)
        row = await connection.fetchrow("SELECT slot_at, clock_at FROM rate_limits WHERE name = 'ctgov'")
        assert row is not None
        assert wait_s == pytest.approx((row["slot_at"] - row["clock_at"]).total_seconds(), abs=1e-5)
        at: datetime = row["slot_at"]
        return at.timestamp()


def reserve_in_process(dsn: str) -> list[float]:
    return asyncio.run(reserve_many(dsn, 120, 4))


async def test_two_processes_never_exceed_the_limit_in_any_minute(any_postgres: Postgres) -> None:
    """G05: two processes with four connections each share one limit; no minute holds more calls than it."""
    loop, spawn = asyncio.get_running_loop(), multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as processes:
        async with asyncio.timeout(60):
            runs = [loop.run_in_executor(processes, reserve_in_process, any_postgres.dsn) for _ in range(2)]
            slots = [at for run in await asyncio.gather(*runs) for at in run]

    assert len(slots) == len(set(slots)) == 240
    assert most_in_a_minute(slots) <= LIMIT.per_min
    assert most_in_a_minute(slots, 60.0 + LATENESS_S) == LIMIT.per_min  # and no slower than need be


async def test_every_call_as_late_as_may_be_still_keeps_the_limit(db: Pool) -> None:
    """G05: some calls leave at once and others a second late; no minute holds more than the limit."""
    slots = [await slot(db) for _ in range(150)]

    for late in range(150):
        calls = [at + (LATENESS_S if i < late else 0.0) for i, at in enumerate(slots)]
        assert most_in_a_minute(calls) <= LIMIT.per_min


async def test_workers_on_a_fake_clock_go_in_turn(db: Pool) -> None:
    """G05: the waits of callers that come together are one spacing apart."""
    clock = Clock()

    for _ in range(4):
        await wait_for_turn(db, LIMIT, patience_s=60, sleep=clock.sleep, clock=clock)

    assert len(clock.slept) == 3  # the first goes at once
    # The database's clock moved on by a little between the calls; the fake one did not.
    assert clock.slept == pytest.approx([spacing_s(50) * n for n in (1, 2, 3)], abs=0.5)


async def test_a_call_that_woke_too_late_takes_a_new_slot(db: Pool) -> None:
    clock = Clock(oversleeps=[LATENESS_S + 0.5])
    await store.reserve_slot(db, LIMIT, EVER)

    await wait_for_turn(db, LIMIT, patience_s=60, sleep=clock.sleep, clock=clock)

    assert len(clock.slept) == 2


async def test_what_is_beyond_patience_is_told_and_takes_no_slot(db: Pool) -> None:
    clock = Clock()
    for _ in range(10):
        await store.reserve_slot(db, LIMIT, EVER)
    before = await store.slot_free_in_s(db, LIMIT)

    with pytest.raises(RateLimited) as refused:
        await wait_for_turn(db, LIMIT, patience_s=5, sleep=clock.sleep, clock=clock)

    assert refused.value.retry_after_s is not None
    assert 5 < refused.value.retry_after_s <= before
    assert await store.slot_free_in_s(db, LIMIT) <= before
    assert clock.slept == []


async def test_a_closed_limit_holds_everybody_back(db: Pool) -> None:
    await store.reserve_slot(db, LIMIT, EVER)

    await store.close_limit(db, LIMIT, 300)
    await store.close_limit(db, LIMIT, 10)  # a shorter closing does not open it

    assert await store.closed_for_s(db, LIMIT) == pytest.approx(300, abs=30)
    first, second = [await store.reserve_slot(db, LIMIT, EVER) for _ in range(2)]
    assert first == pytest.approx(300, abs=30)
    assert second is not None
    assert second - (first or 0) == pytest.approx(spacing_s(50), abs=0.5)


async def test_a_limit_can_be_closed_before_its_first_call(db: Pool) -> None:
    await store.close_limit(db, LIMIT, 300)

    assert await store.reserve_slot(db, LIMIT, EVER) == pytest.approx(300, abs=30)


async def test_a_caller_already_waiting_obeys_a_limit_closed_meanwhile(db: Pool) -> None:
    clock = Clock()
    await store.reserve_slot(db, LIMIT, EVER)

    async def sleep_while_another_process_is_sent_away(wait_s: float) -> None:
        first = not clock.slept
        await clock.sleep(wait_s)
        if first:
            await store.close_limit(db, LIMIT, 100)
        else:
            await db.execute("UPDATE rate_limits SET closed_until = NULL")  # its time has passed

    await wait_for_turn(db, LIMIT, patience_s=600, sleep=sleep_while_another_process_is_sent_away, clock=clock)

    assert clock.slept == pytest.approx([spacing_s(50), 100], abs=10)


@pytest.mark.parametrize("step", ["1 hour", "1 second", "30 days"])
async def test_a_clock_set_back_neither_blocks_nor_bursts(db: Pool, step: str) -> None:
    waits = [await store.reserve_slot(db, LIMIT, EVER) for _ in range(3)]
    # The row now says that it was written later than it is, as it does once the clock was set back.
    await db.execute(
        "UPDATE rate_limits SET slot_at = slot_at + $1::text::interval, clock_at = clock_at + $1::text::interval",
        step,
    )

    waits += [await store.reserve_slot(db, LIMIT, EVER) for _ in range(3)]

    assert waits == pytest.approx([spacing_s(50) * n for n in range(6)], abs=0.5)


async def test_a_closed_limit_opens_in_time_after_the_clock_was_set_back(db: Pool) -> None:
    await store.close_limit(db, LIMIT, 60)
    await db.execute(
        "UPDATE rate_limits SET clock_at = clock_at + interval '1 day', closed_until = closed_until + interval '1 day'"
    )

    assert await store.closed_for_s(db, LIMIT) == pytest.approx(60, abs=20)
    assert await store.reserve_slot(db, LIMIT, EVER) == pytest.approx(60, abs=20)


async def test_limits_of_different_names_do_not_wait_for_one_another(db: Pool) -> None:
    await store.reserve_slot(db, LIMIT, EVER)

    assert await store.reserve_slot(db, Limit("isrctn", 50), EVER) == 0


async def test_validators_are_kept_replaced_and_dropped(db: Pool) -> None:
    url, first, second = "https://example.org/a", Validators('"1"', "Mon"), Validators('W/"2"')

    assert await store.validators(db, url) is None
    await store.keep_validators(db, url, first)
    assert await store.validators(db, url) == first
    await store.keep_validators(db, url, second)
    assert await store.validators(db, url) == second
    await store.keep_validators(db, url, Validators())
    assert await store.validators(db, url) is None
