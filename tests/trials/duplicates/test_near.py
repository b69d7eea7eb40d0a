"""Whom a record that comes, changes or goes concerns."""

import pytest

from actors.trials.blocking import LARGEST, MOST_CODES, SMALL
from actors.trials.duplicates.alone import near
from actors.trials.duplicates.alone.near import Keys, Known, Moved
from actors.trials.duplicates.rows import Move, moves
from tests.trials.comparables import made

NONE = Keys()
TWO = (1, 2)


def holders(count: int) -> set[int]:
    return set(range(100, 100 + count))


@pytest.mark.parametrize(
    ("others", "concerned"),
    [
        (1, True),
        (2, False),
        (SMALL - 1, False),
        (SMALL, True),
        (LARGEST - 1, False),
        (LARGEST, True),
        (LARGEST + 1, False),
    ],
)
def test_others_are_concerned_where_the_count_of_their_words_passes_a_line(others: int, *, concerned: bool) -> None:
    """Two words say something from two records on, are enough by themselves up to 5, and say nothing beyond 30."""
    for before, after, count in ((NONE, Keys(words=TWO), others), (Keys(words=TWO), NONE, others)):
        found = near.concerned_by_words([Moved(1, before, after)], {TWO: holders(count)})
        assert found == (holders(count) if concerned else set())
    same = [Moved(1, Keys(words=TWO), Keys(words=TWO))]
    assert near.concerned_by_words(same, {TWO: holders(others)}) == set()


@pytest.mark.parametrize(
    ("others", "concerned"),
    [(1, True), (2, False), (MOST_CODES - 1, False), (MOST_CODES, True), (MOST_CODES + 1, False)],
)
def test_others_are_concerned_where_their_code_becomes_a_programmes(others: int, *, concerned: bool) -> None:
    found = near.concerned_by_codes([Moved(1, NONE, Keys(codes=("AB12345",)))], {"AB12345": holders(others)})
    assert found == (holders(others) if concerned else set())


def test_a_number_concerns_all_who_say_it_unless_far_too_many_do() -> None:
    few, many = {1: "nct:A", 2: "nct:B"}, {at: f"nct:{at}" for at in range(near.TOO_MANY + 1)}
    assert near.concerned_by_numbers({"x": few, "y": many}) == {1, 2}


def test_pairs_share_three_rare_words_or_two_that_few_have() -> None:
    one = Known(1, "nct", Keys(words=(1, 2, 3)), made("NCT00000001"))
    registers = {1: "nct", 2: "isrctn", 3: "nct"} | dict.fromkeys(range(10, 20), "drks")
    few = {at: registers[at] for at in (1, 2, 3)}
    assert near.by_words([one], {(1, 2): few}) == {(1, 2)}
    assert near.by_words([one], {(1, 2): registers}) == set()
    assert near.by_words([one], {(1, 2): registers, (1, 3): registers, (2, 3): registers}) == {
        (1, at) for at in registers if registers[at] != "nct"
    }


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {1: 1, 2: 1}, [Move("merged", (1, 2), ((1,), (2,)))]),
        ({1: 1, 2: 1}, {}, [Move("unmerged", (1, 2), ((1,), (2,)))]),
        ({1: 1, 2: 1}, {1: 1, 2: 1, 3: 1}, [Move("merged", (1, 2, 3), ((1, 2), (3,)))]),
        ({2: 2, 3: 2}, {1: 1, 2: 1, 3: 1}, [Move("merged", (1, 2, 3), ((1,), (2, 3)))]),
        ({1: 1, 2: 1, 3: 3, 4: 3}, {1: 1, 2: 1, 3: 1, 4: 1}, [Move("merged", (1, 2, 3, 4), ((1, 2), (3, 4)))]),
        (
            {1: 1, 2: 1, 3: 1},
            {1: 1, 3: 1},
            [Move("unmerged", (1, 2, 3), ((1, 3), (2,)))],
        ),
        ({1: 1, 2: 1}, {1: 1, 2: 1}, []),
    ],
)
def test_what_became_of_clusters(before: dict[int, int], after: dict[int, int], expected: list[Move]) -> None:
    """G15: each merge and each unmerge is told once, with what was apart."""
    assert moves(before, after) == expected
