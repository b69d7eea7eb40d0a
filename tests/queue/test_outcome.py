"""What a job's row becomes, for every way in which a handler can end."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.queue.job import Job
from actors.queue.outcome import (
    ERROR_LENGTH,
    LONGEST_DELAY_S,
    Bury,
    Cancel,
    Done,
    Drop,
    Fail,
    Finish,
    HandBack,
    Leave,
    PutOff,
    Settled,
    Settlement,
    Snooze,
    settle,
)

MIDDLE = 0.5


def job(attempt: int = 1, most: int = 3) -> Job:
    return Job(7, "print", "default", "{}", 4, attempt, most, 60.0)


@pytest.mark.parametrize(
    ("outcome", "settlement"),
    [
        (Done(), Finish(None)),
        (Done({"rows": 3}), Finish('{"rows":3}')),
        (Done(0), Finish("0")),
        (Snooze(30), PutOff(30, None, gives_back=True)),
        (Snooze(0), PutOff(0, None, gives_back=True)),
        (Snooze(-5), PutOff(0, None, gives_back=True)),
        (HandBack(), PutOff(0, None, gives_back=True)),
        (Cancel("not needed"), Drop("not needed")),
        (Settled(), Leave()),
        (Fail("it broke"), PutOff(60, "it broke", gives_back=False)),
        (Fail("it broke", after_s=5), PutOff(5, "it broke", gives_back=False)),
        (Fail("it broke", after_s=-1), PutOff(0, "it broke", gives_back=False)),
        (Fail("never", final=True), Bury("never")),
    ],
)
def test_each_outcome_settles_its_own_way(outcome: object, settlement: Settlement) -> None:
    assert settle(job(), outcome, MIDDLE) == settlement


@pytest.mark.parametrize(
    ("attempt", "most", "settlement"),
    [
        (1, 3, PutOff(60, "it broke", gives_back=False)),
        (2, 3, PutOff(120, "it broke", gives_back=False)),
        (3, 3, Bury("it broke")),
        (4, 3, Bury("it broke")),
        (1, 1, Bury("it broke")),
    ],
)
def test_the_last_attempt_that_fails_makes_a_dead_letter(attempt: int, most: int, settlement: Settlement) -> None:
    """G09: attempts ≤ 3, then dead with its error."""
    assert settle(job(attempt, most), Fail("it broke"), MIDDLE) == settlement


@pytest.mark.parametrize(
    "garbage",
    [None, "done", 42, Done, {"state": "done"}, Snooze("soon"), Cancel(None), Fail(3), Fail("x", after_s="later")],  # type: ignore[arg-type]
)
def test_what_is_no_outcome_is_a_failure_of_the_handler(garbage: object) -> None:
    settled = settle(job(), garbage, MIDDLE)
    assert isinstance(settled, PutOff)
    assert "not an outcome" in str(settled.error)


@pytest.mark.parametrize("result", [object(), {1: "a number as a key"}, "\ud800", 2**70, {"a": {1, 2}}])
def test_a_result_that_is_not_json_is_a_failure_of_the_handler(result: object) -> None:
    settled = settle(job(), Done(result), MIDDLE)
    assert isinstance(settled, PutOff)
    assert "the result cannot be kept" in str(settled.error)


@pytest.mark.parametrize("seconds", [math.inf, -math.inf, math.nan, 1e300])
def test_a_delay_that_no_calendar_holds_is_bounded(seconds: float) -> None:
    for outcome in (Snooze(seconds), Fail("x", after_s=seconds)):
        settled = settle(job(), outcome, MIDDLE)
        assert isinstance(settled, PutOff)
        assert 0 <= settled.delay_s <= LONGEST_DELAY_S


@given(text=st.text(st.characters(exclude_categories=()), max_size=3000))
def test_whatever_text_an_error_holds_it_can_be_stored(text: str) -> None:
    """Registries send NUL and lone surrogates, and exceptions repeat them."""
    endings: list[Any] = [
        settle(job(), Fail(text), MIDDLE), settle(job(), Fail(text, final=True), MIDDLE), settle(job(), Cancel(text), 0)
    ]  # fmt: skip
    for settled in endings:
        kept = settled.reason if isinstance(settled, Drop) else settled.error
        assert "\0" not in kept
        assert len(kept.encode().decode()) <= ERROR_LENGTH
