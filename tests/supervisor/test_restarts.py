"""The restart rules as tables, and what must hold for any row."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.restarts import (
    Backoff,
    Decision,
    GiveUp,
    LeaveStopped,
    Limit,
    Restart,
    StartAgain,
    Strategy,
    affected,
    crashes_in_a_row,
    decide,
    recent,
    wait_s,
)

ORDER = ("listener", "worker", "scheduler")
TWICE = Limit(intensity=2, period_s=5.0)


def after_end(
    *,
    restart: Restart = Restart.ALWAYS,
    crashed: bool = True,
    ends: tuple[float, ...] = (0.0,),
    in_a_row: int = 1,
    strategy: Strategy = Strategy.ONE_FOR_ONE,
    limit: Limit = TWICE,
    jitter: float = 1.0,
) -> Decision:
    return decide(
        name="worker",
        restart=restart,
        crashed=crashed,
        ends=ends,
        in_a_row=in_a_row,
        order=ORDER,
        strategy=strategy,
        limit=limit,
        backoff=Backoff(),
        jitter=jitter,
    )


@pytest.mark.parametrize(
    ("restart", "crashed", "comes_back"),
    [
        (Restart.ALWAYS, True, True),
        (Restart.ALWAYS, False, True),
        (Restart.ON_CRASH, True, True),
        (Restart.ON_CRASH, False, False),
        (Restart.NEVER, True, False),
        (Restart.NEVER, False, False),
    ],
)
def test_the_kind_of_restart_says_who_comes_back(restart: Restart, crashed: bool, comes_back: bool) -> None:
    decision = after_end(restart=restart, crashed=crashed)
    assert decision == (StartAgain(("worker",), 0.1) if comes_back else LeaveStopped())


@pytest.mark.parametrize(
    ("strategy", "ended", "names"),
    [
        (Strategy.ONE_FOR_ONE, "worker", ("worker",)),
        (Strategy.REST_FOR_ONE, "listener", ORDER),
        (Strategy.REST_FOR_ONE, "worker", ("worker", "scheduler")),
        (Strategy.REST_FOR_ONE, "scheduler", ("scheduler",)),
        (Strategy.ONE_FOR_ALL, "scheduler", ORDER),
    ],
)
def test_the_strategy_says_who_starts_again(strategy: Strategy, ended: str, names: tuple[str, ...]) -> None:
    assert affected(strategy, ORDER, ended) == names


@pytest.mark.parametrize(("count", "gives_up"), [(1, False), (2, False), (3, True), (4, True)])
def test_more_ends_than_the_intensity_allows_are_given_up(count: int, gives_up: bool) -> None:
    assert isinstance(after_end(ends=tuple(float(end) for end in range(count))), GiveUp) is gives_up


def test_giving_up_names_the_actor_and_the_limit() -> None:
    assert after_end(ends=(1.0, 2.0, 3.0)) == GiveUp("worker ended 3 times within 5 s, allowed are 2")


@pytest.mark.parametrize("restart", [Restart.NEVER, Restart.ON_CRASH])
def test_what_is_not_wanted_back_never_makes_the_supervisor_give_up(restart: Restart) -> None:
    assert after_end(restart=restart, crashed=False, ends=tuple(map(float, range(99)))) == LeaveStopped()


@pytest.mark.parametrize(
    ("now_s", "left"),
    [
        (10.0, (4.0, 5.0, 10.0)),
        (14.0, (4.0, 5.0, 10.0)),
        (14.1, (5.0, 10.0)),
        (20.1, ()),
        (0.0, (4.0, 5.0, 10.0)),
    ],
)
def test_an_end_counts_until_it_is_older_than_the_period(now_s: float, left: tuple[float, ...]) -> None:
    assert recent((4.0, 5.0, 10.0), now_s, 10.0) == left


@pytest.mark.parametrize(
    ("in_a_row", "longest_s"),
    [(1, 0.1), (2, 0.2), (3, 0.4), (9, 25.6), (10, 30.0), (11, 30.0), (10_000, 30.0)],
)
def test_the_longest_wait_doubles_up_to_half_a_minute(in_a_row: int, longest_s: float) -> None:
    assert wait_s(in_a_row, 1.0, Backoff()) == pytest.approx(longest_s)
    assert wait_s(in_a_row, 0.5, Backoff()) == pytest.approx(longest_s / 2)
    assert wait_s(in_a_row, 0.0, Backoff()) == 0.0


@pytest.mark.parametrize(("ran_s", "in_a_row"), [(0.0, 8), (59.9, 8), (60.0, 1), (3600.0, 1)])
def test_a_period_of_health_starts_the_row_anew(ran_s: float, in_a_row: int) -> None:
    assert crashes_in_a_row(7, ran_s, Backoff(healthy_after_s=60.0)) == in_a_row


@given(
    st.lists(st.floats(0, 1e6), max_size=30).map(sorted),
    st.floats(0, 1e6),
    st.integers(0, 20),
    st.floats(0.1, 1e5),
)
def test_the_intensity_counts_every_recent_end_whatever_the_backoff(
    ends: list[float], now_s: float, intensity: int, period_s: float
) -> None:
    counted = recent([end for end in ends if end <= now_s] + [now_s], now_s, period_s)
    decision = after_end(ends=counted, in_a_row=len(ends) + 1, limit=Limit(intensity, period_s))
    assert isinstance(decision, GiveUp) is (len(counted) > intensity)


@given(st.integers(1, 500), st.floats(0, 1), st.sampled_from(Strategy), st.sampled_from(ORDER))
def test_a_wait_is_bounded_and_the_ended_one_is_always_among_the_started(
    in_a_row: int, jitter: float, strategy: Strategy, ended: str
) -> None:
    assert 0.0 <= wait_s(in_a_row, jitter, Backoff()) <= 30.0
    names = affected(strategy, ORDER, ended)
    assert ended in names
    assert list(names) == sorted(names, key=ORDER.index)
