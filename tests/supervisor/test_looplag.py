"""The lag of the loop on a clock that the tests move, and a real thread that beats beside it."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from supervisor.looplag import Lag, LoopLag, ThreadBeat, missed
from tests.supervisor.clock import Clock, settle


@pytest.mark.parametrize(
    ("lag_s", "lags"),
    [(0.0, [0.0]), (0.05, [0.05]), (0.35, [0.05, 0.15, 0.25, 0.35]), (9.0, [8.6, 8.7, 8.8, 8.9, 9.0])],
)
def test_a_late_sample_stands_for_those_it_kept_from_happening(lag_s: float, lags: list[float]) -> None:
    assert missed(lag_s, 0.1, most=5) == pytest.approx(lags)


async def test_a_loop_that_keeps_time_has_no_lag() -> None:
    clock = Clock()
    lag = LoopLag(sample_every_s=0.25, window_s=10, now=clock.now, sleep=clock.sleep)
    assert lag.read() == Lag(0.0, 0.0, 0.0)
    run = asyncio.create_task(lag.run())
    await clock.advance(20)
    assert lag.read() == Lag(0.0, 0.0, 0.0)
    run.cancel()


async def test_a_stall_shows_in_the_highest_lag_and_the_percentile_until_it_leaves_the_window() -> None:
    clock = Clock()
    lag = LoopLag(sample_every_s=0.25, window_s=30, now=clock.now, sleep=clock.sleep)
    run = asyncio.create_task(lag.run())
    await clock.advance(20)
    await clock.stall(5.25)
    seen = lag.read()
    assert (seen.max_s, seen.now_s) == (5.0, 0.0)
    assert seen.p99_s >= 4.5
    await clock.advance(40)
    assert lag.read() == Lag(0.0, 0.0, 0.0)
    run.cancel()


async def test_while_the_loop_stands_still_another_thread_sees_for_how_long_by_now() -> None:
    clock = Clock()
    lag = LoopLag(sample_every_s=0.25, now=clock.now, sleep=clock.sleep)
    run = asyncio.create_task(lag.run())
    await settle()
    clock.now_s += 7.25  # time passed, and nobody was woken
    seen: list[Lag] = []
    thread = threading.Thread(target=lambda: seen.append(lag.read()))
    thread.start()
    thread.join()
    assert seen[0].now_s == seen[0].max_s == 7.0
    run.cancel()


async def test_a_thread_beats_while_the_loop_is_blocked() -> None:
    beats: list[int] = []
    enough = threading.Event()

    def beat() -> None:
        beats.append(threading.get_ident())
        if len(beats) >= 5:
            enough.set()

    run = asyncio.create_task(ThreadBeat(0.001, beat).run())
    await settle()
    assert enough.wait(10)  # blocks the loop on purpose
    assert threading.get_ident() not in beats
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run


async def test_after_cancel_the_thread_beats_no_more() -> None:
    name = f"beat-{time.monotonic_ns()}"
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def beat() -> None:
        loop.call_soon_threadsafe(begun.set)

    run = asyncio.create_task(ThreadBeat(60, beat, name).run())
    async with asyncio.timeout(10):
        await begun.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    for thread in threading.enumerate():
        if thread.name == name:
            thread.join(10)
    assert name not in [thread.name for thread in threading.enumerate()]


async def test_a_beat_that_fails_ends_the_actor_with_its_error() -> None:
    def beat() -> None:
        raise OSError("the database is gone")

    async with asyncio.timeout(10):
        with pytest.raises(OSError, match="the database is gone"):
            await ThreadBeat(0.01, beat).run()
