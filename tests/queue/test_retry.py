"""When a job is tried again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.queue.retry import SPREAD, USUAL, RetryRule, retry_after_s

MIDDLE = 0.5  # a jitter that changes nothing


@pytest.mark.parametrize(
    ("attempt", "delay_s"),
    [(1, 60), (2, 120), (3, 240), (4, 480), (5, 960), (6, 1920), (7, 3600), (8, 3600), (30, 3600), (32_000, 3600)],
)
def test_the_delay_doubles_from_a_minute_up_to_an_hour(attempt: int, delay_s: float) -> None:
    """G09: min(60 s · 2ⁿ, 1 h)."""
    assert retry_after_s(attempt, MIDDLE) == pytest.approx(delay_s)


@given(attempt=st.integers(1, 32_767), jitter=st.floats(0, 1, exclude_max=True))
def test_jitter_moves_the_delay_by_a_tenth_at_most(attempt: int, jitter: float) -> None:
    plain = min(60.0 * 2.0 ** min(attempt - 1, 10), USUAL.longest_s)
    assert plain * (1 - SPREAD / 2) <= retry_after_s(attempt, jitter) <= plain * (1 + SPREAD / 2)


@pytest.mark.parametrize(("attempt", "delay_s"), [(1, 2), (2, 4), (6, 64), (7, 90), (1000, 90)])
def test_first_and_longest_delay_are_a_rule(attempt: int, delay_s: float) -> None:
    """G09: configurable."""
    assert retry_after_s(attempt, MIDDLE, RetryRule(first_s=2.0, longest_s=90.0)) == pytest.approx(delay_s)


def test_what_failed_together_does_not_come_back_together() -> None:
    assert len({retry_after_s(1, n / 10) for n in range(10)}) == 10
