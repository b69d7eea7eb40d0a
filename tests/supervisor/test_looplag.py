"""The lag of the loop on a clock that the tests move."""

from __future__ import annotations

import asyncio
import threading

import pytest

from supervisor.looplag import Lag, LoopLag, missed
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
