"""Primary outcomes that were switched, told apart from those that were only worded otherwise."""

import pytest

from actors.trials.switching import moves


def primary(measure: str, time_frame: str | None = None, **more: str) -> dict[str, str]:
    return {"kind": "primary", "measure": measure} | ({"time_frame": time_frame} if time_frame else {}) | more


def secondary(measure: str) -> dict[str, str]:
    return {"kind": "secondary", "measure": measure}


@pytest.mark.parametrize(
    ("went", "came", "ways"),
    [
        ([primary("Overall survival")], [primary("Progression-free survival")], ["dropped", "added"]),
        ([primary("PASI 75 response")], [primary("PASI 90 response")], ["dropped", "added"]),
        ([primary("Overall survival")], [], ["dropped"]),
        ([], [primary("Overall survival")], ["added"]),
        ([primary("Pain")], [secondary("Pain")], ["demoted"]),
        ([secondary("Quality of life")], [primary("Quality of life")], ["promoted"]),
        ([primary("HbA1c", "12 weeks")], [primary("HbA1c", "52 weeks")], ["time_frame"]),
        ([primary("HbA1c", "weeks 4, 8 and 12")], [primary("HbA1c", "weeks 4, 8 and 24")], ["time_frame"]),
        ([primary("Pain at 12 weeks")], [primary("Pain at 6 months")], ["time_frame"]),
        ([primary("HbA1c", "12 weeks")], [primary("HbA1c", "3 months")], ["reworded"]),
        ([primary("HbA1c", "24 months")], [primary("HbA1c", "up to 2 years")], ["reworded"]),
        ([primary("HbA1c", "12 weeks")], [primary("HbA1c", "baseline to week 12")], ["reworded"]),
        ([primary("HbA1c", "12 weeks")], [primary("HbA1c")], ["reworded"]),
        ([primary("HbA1c")], [primary("Change from baseline in HbA1c")], ["reworded"]),
        ([primary("Adverse events")], [primary("Number of participants with adverse event")], ["reworded"]),
        ([primary("Death")], [primary("DEATH.")], ["reworded"]),
        ([primary("Death")], [primary("Death", None, description="of any cause")], ["reworded"]),
        ([primary("Change at 12 weeks")], [primary("Mean at 12 weeks")], ["dropped", "added"]),
        ([secondary("Pain")], [secondary("Sleep")], []),
        ([primary("A"), primary("B")], [primary("B"), primary("A")], []),
        ([], [], []),
    ],
)
def test_what_became_of_primary_outcomes(
    went: list[dict[str, str]], came: list[dict[str, str]], ways: list[str]
) -> None:
    """N05: a switch is what changes the question; another wording is told apart."""
    assert [one.way for one in moves(went, came)] == ways


def test_each_outcome_finds_the_one_that_is_most_like_it() -> None:
    """N05."""
    went = [primary("Pain score", "1 week"), primary("Pain score", "4 weeks")]
    came = [primary("Pain score (VAS)", "4 weeks"), primary("Pain score", "1 week")]
    assert all(not one.is_switch for one in moves(went, came))


def test_a_text_made_to_be_slow_is_not() -> None:
    """N05: what is compared is bounded."""
    long = primary("1, " * 100_000, "1 to " * 100_000)
    assert moves([long], [primary("Pain")])
