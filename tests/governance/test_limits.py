"""Limits: so many within so long, drawn in lumps from a bucket that fills evenly."""

import pytest

from actors.governance.limits import DEFAULTS, LEASE_S, Drawn, Limit, turn


@pytest.mark.parametrize(
    ("text", "limit"),
    [("60/min", Limit(60, 60)), ("10/15min", Limit(10, 900)), ("10/h", Limit(10, 3600)), ("2/s", Limit(2, 1)),
     ("5/2d", Limit(5, 172_800)), (" 1/min ", Limit(1, 60))],
)  # fmt: skip
def test_a_limit_is_written_as_people_say_it(text: str, limit: Limit) -> None:
    assert Limit.of(text) == limit
    assert Limit.of(str(limit)) == limit


@pytest.mark.parametrize(
    "text", ["", "60", "0/min", "-1/min", "60/", "60/week", "1e3/min", "60 / min", "60/0min", "²/min"]
)
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a limit such as"):
        Limit.of(text)


def test_the_limits_are_those_that_the_systems_before_had() -> None:
    """R05, S23, C20: requests a minute by role, and groups of routes with limits of their own."""
    told = {name: str(limit) for name, limit in DEFAULTS.items()}
    assert {name: told[name] for name in ("anyone", "viewer", "researcher", "steward", "admin")} == {
        "anyone": "30/min", "viewer": "60/min", "researcher": "300/min", "steward": "600/min", "admin": "1200/min",
    }  # fmt: skip
    assert {name: told[name] for name in ("ai", "uploads", "exports", "consent", "governance")} == {
        "ai": "10/min", "uploads": "50/5min", "exports": "2/min", "consent": "20/min", "governance": "30/min",
    }  # fmt: skip
    assert (told["logins"], told["stats"], told["reports"], told["faers"]) == ("10/15min", "300/min", "10/h", "20/h")


TEN = Limit(10, 60.0)


@pytest.mark.parametrize(
    ("drawn", "now_s", "granted", "left", "wait_s"),
    [
        (Drawn(1, 9.0, 0.0), 0.0, True, 9, 0.0),
        (Drawn(1, 0.0, 0.0), 0.0, True, 0, 0.0),
        (Drawn(0, 0.5, 0.0), 0.0, False, 0, 3.0),
        (Drawn(0, 0.5, 0.0), 2.0, False, 0, 1.0),
        (Drawn(3, 2.4, 0.0), 0.0, True, 4, 0.0),
    ],
)
def test_a_turn_is_ones_own_or_is_waited_for(
    drawn: Drawn, now_s: float, granted: bool, left: int, wait_s: float
) -> None:
    after, told = turn(drawn, TEN, now_s)
    assert (told.granted, told.left, round(told.wait_s, 6)) == (granted, left, wait_s)
    assert after.own == max(0, drawn.own - 1)
    headers = told.headers()
    assert headers["RateLimit-Limit"] == "10"
    assert headers["RateLimit-Policy"] == "10;w=60"
    assert ("Retry-After" in headers) is not granted


def test_turns_that_nobody_used_are_lost_after_a_while() -> None:
    drawn = Drawn(5, 0.0, 100.0)
    assert drawn.is_fresh(100.0 + LEASE_S - 0.001)
    assert not drawn.is_fresh(100.0 + LEASE_S)


@pytest.mark.parametrize(("count", "lump"), [(2, 1), (60, 1), (300, 6), (1200, 24)])
def test_few_turns_are_drawn_one_by_one_and_many_in_lumps(count: int, lump: int) -> None:
    assert Limit(count, 60).lump == lump
