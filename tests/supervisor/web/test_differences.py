"""What differs between two texts, and how a change of a trial is shown."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.trials.marks import CUT, Span
from supervisor.web.differences import LONGEST, compared
from supervisor.web.trial_page import change, facts, paragraphs

WORDS = [f"word{n}" for n in range(4000)]
LONG = " ".join(WORDS)


def marked(pieces: tuple[Span, ...]) -> list[str]:
    return [piece.text.strip() for piece in pieces if piece.marked]


def whole(pieces: tuple[Span, ...]) -> str:
    return "".join(piece.text for piece in pieces)


def test_short_texts_are_shown_whole_with_the_changed_words_marked() -> None:
    before, after = compared(
        "Adults of 18 years or older with asthma", "Adults of 21 years or older with severe asthma"
    )
    assert (whole(before), marked(before)) == ("Adults of 18 years or older with asthma", ["18"])
    assert (whole(after), marked(after)) == ("Adults of 21 years or older with severe asthma", ["21", "severe"])


def test_long_texts_are_cut_around_what_changed_wherever_that_is() -> None:
    """A change behind the first thousand words is seen, on both sides at the same place."""
    before, after = compared(LONG, LONG.replace("word3000 ", "another3000 "))
    assert (marked(before), marked(after)) == (["word3000"], ["another3000"])
    assert whole(before).startswith(CUT) and whole(before).endswith(CUT)
    assert "word2999 word3000 word3001" in whole(before)
    assert "word2999 another3000 word3001" in whole(after)
    assert len(whole(before)) < 400


def test_each_of_several_changes_is_shown() -> None:
    changed = LONG.replace("word100 ", "").replace("word300 ", "word300 more ")
    before, after = compared(LONG, changed)
    assert (marked(before), marked(after)) == (["word100"], ["more"])
    assert whole(after).count(CUT) == 3


def test_what_is_new_all_over_is_not_marked_word_by_word() -> None:
    before, after = compared("Recruiting patients of all ages", "Completed")
    assert (marked(before), marked(after)) == ([], [])


@given(st.text(max_size=400), st.text(max_size=400))
def test_nothing_is_lost_but_what_is_cut(before: str, after: str) -> None:
    old, new = compared(before, after)
    for text, pieces in ((before, old), (after, new)):
        assert all(piece.text in text or piece.text == CUT for piece in pieces)
        if len(text) <= 300 and max(len(before), len(after)) <= 300:
            assert whole(pieces) == text


DICE = random.Random(1)  # noqa: S311 - no secret


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (LONG * 4, LONG[::-1] * 4),
        ("a b " * 25_000, "b a " * 25_000),
        ("x" * 100_000, "y" * 100_000),
        (" ".join(DICE.choices("ab", k=50_000)), " ".join(DICE.choices("ab", k=50_000))),
        (" ".join(DICE.choices(WORDS[:60], k=490)), " ".join(DICE.choices(WORDS[:60], k=490))),
        (" " * 100_000, "\n" * 100_000),
    ],
    ids=["all new", "shifted", "one word", "two words", "few words", "blank"],
)
def test_no_text_takes_long_to_compare(before: str, after: str) -> None:
    """Bounded in work, not by a clock: this process has used less than a second."""
    began_s = time.process_time()
    for pieces in compared(before, after):
        assert len(whole(pieces)) <= LONGEST + len(CUT)
    assert time.process_time() - began_s < 1.0


# ── a change, as the page of a trial shows it ──


def test_ages_are_written_as_ages() -> None:
    shown = change("eligibility.min_age_days", 6570, 7665)
    assert (shown.name, shown.before, shown.after) == (
        "Eligibility · min age",
        ((Span("18 years"),),),
        ((Span("21 years"),),),
    )
    alike = change("eligibility.min_age_days", 6570, 6575)
    assert (whole(alike.before[0]), whole(alike.after[0])) == ("18 years (6,570 days)", "18 years (6,575 days)")
    assert change("eligibility.max_age_days", None, 30).before == ()


def test_words_of_closed_vocabularies_are_written_for_people() -> None:
    shown = change("status", "active_not_recruiting", "completed")
    assert (shown.before, shown.after) == (((Span("Active, not recruiting"),),), ((Span("Completed"),),))


def test_items_of_a_list_that_changed_in_a_word_are_compared() -> None:
    was = {"measure": "Overall survival of all who were treated", "time_frame": "12 months"}
    now = was | {"time_frame": "24 months"}
    shown = change("outcomes", [was], [now])
    assert (marked(shown.before[0]), marked(shown.after[0])) == (["12"], ["24"])
    assert [whole(one) for one in change("conditions", ["Asthma"], []).before] == ["Asthma"]
    assert change("conditions", ["Asthma"], []).after == ()


def test_only_what_may_lie_ahead_is_called_expected() -> None:
    record = {
        "start": "2027-02", "start_actual": False, "completion": "2020", "completion_actual": True,
        "last_updated": "2011-02-28", "last_updated_actual": False, "first_submitted": "2010-01-01",
        "first_submitted_actual": False, "results_posted": "2012-01-01", "results_posted_actual": False,
    }  # fmt: skip
    told = {fact.name: fact.value for fact in facts(record)}
    assert told == {
        "Start": "2027-02 (expected)", "Completion": "2020", "Last updated": "2011-02-28",
        "First submitted": "2010-01-01", "Results posted": "2012-01-01",
    }  # fmt: skip


def test_escapes_of_a_registrys_markdown_are_shown_as_what_they_mean() -> None:
    assert paragraphs(r"Age \> 18 and BMI \<30\*" "\n\n" r"C:\path \\ 5\%") == [
        "Age > 18 and BMI <30*",
        "C:\\path \\ 5%",
    ]
