"""Which terms are chosen where several stand in one text."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.mesh.mapping import Mapper
from actors.mesh.normal import bag, kin, spelled, stems, tokens, words
from actors.mesh.spans import chosen, keys, within
from tests.mesh.made import vocabulary

SPANS = st.sets(st.tuples(st.integers(0, 5), st.integers(1, 3)).map(lambda one: (one[0], one[0] + one[1])), max_size=9)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        (set(), []),
        ({(0, 1)}, [(0, 1)]),
        ({(0, 3), (0, 1), (1, 2), (2, 3)}, [(0, 3)]),  # the longest
        ({(0, 2), (1, 4), (3, 5)}, [(1, 4)]),
        ({(0, 2), (2, 5)}, [(0, 2), (2, 5)]),
        ({(0, 2), (1, 3), (3, 5)}, [(0, 2), (3, 5)]),
    ],
)
def test_the_longest_spans_are_chosen(spans: set[tuple[int, int]], expected: list[tuple[int, int]]) -> None:
    found = chosen(spans, 6)
    assert sum((end - start) ** 2 for start, end in found) == sum((end - start) ** 2 for start, end in expected)
    assert len(found) == len(expected)


@given(SPANS)
def test_the_choice_weighs_as_much_as_any_that_does_not_overlap(spans: set[tuple[int, int]]) -> None:
    def best(at: int) -> int:
        options = [(end - start) ** 2 + best(end) for start, end in spans if start == at]
        return max([*options, best(at + 1) if at < 8 else 0])

    found = chosen(spans, 8)
    assert set(found) <= spans
    assert all(one[1] <= other[0] for one, other in pairwise(found))
    assert sum((end - start) ** 2 for start, end in found) == best(0)


def test_what_stands_within_is_all_but_the_span_itself() -> None:
    assert list(within((1, 4), {(1, 4), (0, 2), (1, 2), (2, 4), (3, 5)})) == [(1, 2), (2, 4)]


def test_the_keys_of_a_text_are_those_under_which_its_terms_are_looked_up() -> None:
    """What a vocabulary in a database must give to answer like one in memory."""
    text = "Recurrent tumours of the Breast"
    as_spelled, as_bags = keys(text, tokens(text))
    for start, end in ((0, 5), (1, 5), (4, 5), (0, 1)):
        some = words(text)[start:end]
        assert spelled(some) in as_spelled
        assert bag(stems(some)) in as_bags
    assert kin(stems(words(text))) in as_bags
    assert "of the" not in as_spelled
    assert keys("", ()) == (set(), set())


def test_names_that_are_exact_are_looked_up_as_they_are_spelled() -> None:
    as_spelled, as_bags = keys("Calcium levels", tokens("Calcium levels"), loose=False)
    assert as_spelled == {"calcium", "levels", "calcium levels"}
    assert as_bags == {"calcium level"}


def test_a_long_text_is_read_in_time_that_grows_with_its_length() -> None:
    text = "heart attack and breast cancer of no one in particular " * 2_000
    answers = Mapper(vocabulary()).answers(text)
    assert {answer.name for answer in answers} == {"Myocardial Infarction", "Breast Neoplasms"}
    assert len(tokens(text)) == 20_000
