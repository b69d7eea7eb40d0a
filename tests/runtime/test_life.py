"""How an actor waits: for time to pass, to be woken, or to be told to drain."""

import asyncio
import time

from actors.runtime.life import pause
from supervisor.life import Life

LONG_S = 3600.0


def life() -> Life:
    return Life("it", 0, time.monotonic)


async def test_a_pause_ends_when_something_wakes_it_and_says_so() -> None:
    wake = asyncio.Event()
    asyncio.get_running_loop().call_soon(wake.set)
    async with asyncio.timeout(10):
        assert await pause(life(), LONG_S, wake) is True
    assert not wake.is_set()


async def test_a_pause_ends_when_the_actor_is_told_to_drain() -> None:
    one, wake = life(), asyncio.Event()
    asyncio.get_running_loop().call_soon(one.draining.set)
    async with asyncio.timeout(10):
        assert await pause(one, LONG_S, wake) is False
    assert one.draining.is_set()


async def test_a_pause_that_nothing_ends_lasts_its_time() -> None:
    async with asyncio.timeout(10):
        assert await pause(life(), 0.001, asyncio.Event()) is False
