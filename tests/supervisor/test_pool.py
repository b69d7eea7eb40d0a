"""The pool of connections: how it stands, who is refused, that nothing leaks, and which statements are slow."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from actors.runtime.telemetry import attach
from supervisor import slow
from supervisor.database import open_pool, pool_wait_s
from supervisor.observing import memory_limit_bytes
from supervisor.pool_stats import PoolStats, connections, stats
from supervisor.web.answering import OUTSIDE
from supervisor.web.problems import problem_of
from tests.supervisor import acting

MOST = 20
SLEEP = "select pg_sleep($1::float8)"


@pytest.fixture
def told() -> Iterator[list[dict[str, Any]]]:
    """What is told of slow statements."""
    lines: list[dict[str, Any]] = []
    detach = attach(lambda event, fields: lines.append(dict(fields)) if event == "statement.took_long" else None)
    yield lines
    detach()


async def test_who_comes_when_all_connections_are_held_is_refused(dsn: str, tmp_path: Path) -> None:
    """S18: the 21st waits for as long as a request may, and is told 503; the figures are exact all the while."""
    settings = acting.given(dsn, tmp_path, pool_most=MOST)
    async with open_pool(settings, dsn) as pool:
        assert stats(pool) == PoolStats(total=1, idle=1, waiting=0, most=MOST)
        held = [await pool.acquire() for _ in range(MOST)]
        assert stats(pool) == PoolStats(total=MOST, idle=0, waiting=0, most=MOST)
        patient = asyncio.create_task(pool.fetchval("select 21"))
        await asyncio.sleep(0)
        assert stats(pool).waiting == 1
        token = pool_wait_s.set(0.1)
        with pytest.raises(TimeoutError) as refused:
            await pool.fetchval("select 22")
        pool_wait_s.reset(token)
        problem = problem_of(refused.value, outside=OUTSIDE)
        assert (problem.status, problem.headers["Retry-After"]) == (503, "5")
        await pool.release(held.pop())
        assert await patient == 21
        assert connections("all", pool) == {("all", "idle"): 1.0, ("all", "used"): MOST - 1.0}
        for one in held:
            await pool.release(one)
        assert stats(pool) == PoolStats(total=MOST, idle=MOST, waiting=0, most=MOST)


async def test_no_connection_is_lost_whatever_becomes_of_who_had_it(dsn: str, tmp_path: Path) -> None:
    """S18: errors, time limits, cancelling while it waits and runs, transactions left open, connections cut off."""
    settings = acting.given(dsn, tmp_path, pool_most=6, statement_limit_s=0.2)
    async with open_pool(settings, dsn) as pool:
        mishaps = [asyncio.create_task(_mishap(pool, number)) for number in range(120)]
        await asyncio.sleep(0.05)
        for task in mishaps[::7]:
            task.cancel()
        await asyncio.gather(*mishaps, return_exceptions=True)
        assert stats(pool).waiting == stats(pool).used == 0
        async with asyncio.timeout(20):
            held = [await pool.acquire() for _ in range(6)]
        assert [await one.fetchval("select 1") for one in held] == [1] * 6
        assert not any(one.is_in_transaction() for one in held)
        for one in held:
            await pool.release(one)


async def _mishap(pool: "asyncpg.Pool[Any]", number: int) -> None:
    match number % 6:
        case 0:
            await pool.execute("select 1 / 0")
        case 1:
            await pool.execute(SLEEP, 5.0)
        case 2:
            async with pool.acquire() as one:
                await one.execute("begin")
        case 3:
            async with pool.acquire(), asyncio.timeout(0.01):
                await asyncio.sleep(1)
        case 4:
            async with pool.acquire() as one:
                await one.execute("select pg_terminate_backend(pg_backend_pid())")
        case _:
            await pool.fetchval("select 1")


async def test_a_slow_statement_is_told_by_its_name_and_without_what_was_asked(
    dsn: str, tmp_path: Path, told: list[dict[str, Any]]
) -> None:
    """S18: over a second; also one that was cut off by its limit, and one that is in no file."""
    slow.know({"probe.sleep": SLEEP})
    async with open_pool(acting.given(dsn, tmp_path, statement_limit_s=1.1), dsn) as pool:
        await pool.fetchval(SLEEP, 0.01)
        await pool.fetchval(SLEEP, slow.SLOW_S + 0.01)
        with pytest.raises(TimeoutError):
            await pool.fetchval(SLEEP, 30.0)
        async with pool.acquire() as one:
            await one.execute("select pg_sleep(1.01)")
    assert [(line["name"], line["state"]) for line in told] == [
        ("probe.sleep", "done"), ("probe.sleep", "TimeoutError"), ("(other)", "done"),
    ]  # fmt: skip
    assert all(set(line) == {"name", "state", "took_s"} and line["took_s"] >= slow.SLOW_S for line in told)


def test_the_memory_that_may_be_used_is_the_least_that_any_group_around_allows(tmp_path: Path) -> None:
    group = tmp_path / "system.slice" / "triald.service"
    group.mkdir(parents=True)
    membership = tmp_path / "cgroup"
    membership.write_text("0::/system.slice/triald.service\n")
    machine = memory_limit_bytes(tmp_path, membership)
    assert machine > 1 << 28
    (group / "memory.max").write_text("max\n")
    (group.parent / "memory.max").write_text(f"{1 << 24}\n")
    assert memory_limit_bytes(tmp_path, membership) == 1 << 24
    (group / "memory.max").write_text(f"{1 << 22}\n")
    assert memory_limit_bytes(tmp_path, membership) == 1 << 22
    assert memory_limit_bytes(tmp_path / "none", tmp_path / "none") == machine
