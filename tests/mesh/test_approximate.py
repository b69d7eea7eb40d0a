"""Slips of the pen are put right where only one word can be meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.mesh.approximate import Speller, distance

SPELLER = Speller(
    {"asthma": 9, "diabetes": 8, "diabetic": 2, "myocardial": 5, "infarction": 3, "crohn": 1, "sinusitis": 1},
    {"infraction", "cron"},
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("astma", ["asthma"]),
        ("asthm", ["asthma"]),
        ("diabetis", ["diabetes", "diabetic"]),  # the commoner first
        ("myocradial", ["myocardial"]),  # two neighbours swapped
        ("myokardiel", ["myocardial"]),  # two slips in a long word
        ("sinusytys", ["sinusitis"]),
        ("chrohn", ["crohn"]),
        ("infraction", []),  # a word of its own
        ("sthma", []),  # the first letter is taken as it stands
        ("asth", []),  # too short
        ("asthm4", []),  # no word
        ("zzzzzz", []),
        ("", []),
    ],
)
def test_what_is_meant_is_told_from_the_nearest_on(written: str, meant: list[str]) -> None:
    assert list(SPELLER.meant(written)) == meant


def test_a_text_is_read_in_each_way_that_it_may_be_meant() -> None:
    assert list(SPELLER.readings(["acute", "astma"])) == [("acute", "asthma")]
    assert list(SPELLER.readings(["diabetis"])) == [("diabetes",), ("diabetic",)]
    assert list(SPELLER.readings(["acute", "sthma"])) == []
    assert list(SPELLER.readings([])) == []


def test_a_long_text_of_slips_is_not_read_in_every_way() -> None:
    assert len(list(SPELLER.readings(["diabetis"] * 30))) == 9


@pytest.mark.parametrize(
    ("one", "other", "slips"),
    [("asthma", "asthma", 0), ("asthma", "astma", 1), ("asthma", "ashtma", 1), ("asthma", "asthmas", 1),
     ("asthma", "astmas", 2), ("asthma", "diabetes", 3), ("", "ab", 2), ("abc", "cab", 2)],
)  # fmt: skip
def test_slips_are_letters_added_left_out_changed_or_swapped(one: str, other: str, slips: int) -> None:
    assert distance(one, other, 2) == slips
    assert distance(other, one, 2) == slips


@given(st.text(alphabet="abc", max_size=6), st.text(alphabet="abc", max_size=6))
def test_the_distance_is_the_same_from_both_sides_and_bounded(one: str, other: str) -> None:
    found = distance(one, other, 2)
    assert found == distance(other, one, 2) <= 3
    assert (found == 0) == (one == other)


@given(st.text(alphabet="aeioustm", min_size=5, max_size=9), st.integers(0, 8), st.sampled_from("aeioustmx"))
def test_one_changed_letter_is_always_forgiven(word: str, at: int, letter: str) -> None:
    """What is looked at first, the letters of a word as a set, hides no word that is near enough."""
    at = 1 + at % (len(word) - 1)
    slipped = word[:at] + letter + word[at + 1 :]
    assert slipped == word or Speller({word: 1}, ()).meant(slipped) == (word,)
