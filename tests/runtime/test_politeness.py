"""What an answer's status and headers ask of us, as tables."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.runtime.politeness import (
    LATENESS_S,
    Again,
    GiveUp,
    Limit,
    Meaning,
    Next,
    Patience,
    SourceUnavailable,
    after_failure,
    backoff_s,
    meaning,
    method_after,
    retry_after_s,
    spacing_s,
    user_agent,
)

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "means"),
    [
        (200, Meaning.ANSWER), (204, Meaning.ANSWER), (300, Meaning.ANSWER), (304, Meaning.UNCHANGED),
        (301, Meaning.MOVED), (302, Meaning.MOVED), (303, Meaning.MOVED), (307, Meaning.MOVED), (308, Meaning.MOVED),
        (400, Meaning.ANSWER), (404, Meaning.ANSWER), (428, Meaning.ANSWER), (429, Meaning.SLOW_DOWN),
        (430, Meaning.ANSWER), (499, Meaning.ANSWER), (500, Meaning.BROKEN), (503, Meaning.BROKEN),
        (599, Meaning.BROKEN),
    ],
)  # fmt: skip
def test_a_status_means(status: int, means: Meaning) -> None:
    assert meaning(status) is means


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [(301, "POST", "GET"), (302, "POST", "GET"), (303, "POST", "GET"), (307, "POST", "POST"), (308, "POST", "POST"),
     (301, "GET", "GET"), (303, "HEAD", "HEAD"), (307, "GET", "GET")],
)  # fmt: skip
def test_a_redirect_is_followed_with(status: int, method: str, then: str) -> None:
    assert method_after(status, method) == then


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": " 17 "}, 17.0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": "3600"}, 3600.0),
        ({"Retry-After": "3601"}, 3600.0),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "1e9"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "٣"}, None),
        ({"Retry-After": "9" * 5000}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Wed, 25 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"Retry-After": "Wed, 25 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"Retry-After": "Fri, 25 Dec 2026 12:00:00 GMT"}, 3600.0),
        ({"Retry-After": "Wed, 99 Nov 2026 12:00:00 GMT"}, None),
        # The source's clock is an hour ahead of ours; it asks for ten seconds.
        (
            {"Retry-After": "Wed, 25 Nov 2026 13:00:10 GMT", "Date": "Wed, 25 Nov 2026 13:00:00 GMT"},
            10.0,
        ),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(headers: Mapping[str, str], wait_s: float | None) -> None:
    assert retry_after_s(headers, NOW) == wait_s


@pytest.mark.parametrize(
    ("attempt", "wait_s"), [(1, 1), (2, 2), (3, 4), (4, 8), (6, 32), (7, 60), (8, 60), (10_000, 60)]
)
def test_backoff_doubles_up_to_a_minute(attempt: int, wait_s: float) -> None:
    """G05: 1 s times 2 to the n, at most 60 s, with jitter."""
    assert backoff_s(attempt, jitter=0.0) == wait_s
    assert backoff_s(attempt, jitter=0.5) == wait_s * 0.75
    assert backoff_s(attempt, jitter=1.0) == wait_s * 0.5


@pytest.mark.parametrize(
    ("failure", "attempt", "then"),
    [
        (SourceUnavailable("x"), 1, Again(1.0)),
        (SourceUnavailable("x"), 4, Again(8.0)),
        (SourceUnavailable("x"), 5, GiveUp()),
        (SourceUnavailable("x", again=False), 1, GiveUp()),
        (SourceUnavailable("x", retry_after_s=0.0), 2, Again(2.0)),
        (SourceUnavailable("x", retry_after_s=30.0), 2, Again(30.0)),
        (SourceUnavailable("x", retry_after_s=120.0), 1, Again(120.0)),
        (SourceUnavailable("x", retry_after_s=120.1), 1, GiveUp()),
    ],
)
def test_after_a_failure(failure: SourceUnavailable, attempt: int, then: Next) -> None:
    assert after_failure(failure, attempt=attempt, patience=Patience(5, 120.0), jitter=0.0) == then


@given(
    per_min=st.integers(1, 600),
    idle_s=st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.3, 1.0, 7.0, 59.9, 60.0]), max_size=120),
    late=st.lists(st.sampled_from([0.0, LATENESS_S / 2, LATENESS_S]), min_size=1, max_size=7),
)
def test_no_minute_holds_more_calls_than_the_limit(per_min: int, idle_s: list[float], late: list[float]) -> None:
    """G05: slots one spacing apart or more, each call up to a second after its slot, on a fake clock."""
    slots = [0.0]
    for idle in [*idle_s, *[0.0] * per_min]:
        slots.append(max(slots[-1] + spacing_s(per_min), slots[-1] + idle))
    calls = sorted(slot + late[i % len(late)] for i, slot in enumerate(slots))

    for first, later in zip(calls, calls[per_min:], strict=False):
        assert later - first > 60.0


@pytest.mark.parametrize(("per_min", "apart_s"), [(0.5, 122.02), (1, 61.01), (1.9, 61.01), (2, 30.505), (50, 1.2202)])
def test_calls_are_spaced_by(per_min: float, apart_s: float) -> None:
    assert spacing_s(per_min) == pytest.approx(apart_s)


@pytest.mark.parametrize("per_min", [0, -1, float("inf"), float("nan")])
def test_a_limit_of_no_calls_or_endless_calls_is_refused(per_min: float) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        Limit("ctgov", per_min)


def test_the_agent_names_us_and_a_contact() -> None:
    assert user_agent("1.2", "ops@example.org") == "triald/1.2 (clinical trial mirror; +ops@example.org)"


@pytest.mark.parametrize("contact", ["", "  ", "a\r\nX: y", "ä"])
def test_a_contact_that_is_no_line_of_a_header_is_refused(contact: str) -> None:
    with pytest.raises(ValueError, match="contact"):
        user_agent("1.2", contact)
