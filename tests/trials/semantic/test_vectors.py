"""The local embedder, and two rankings made one."""

import subprocess
import sys
from operator import mul

import pytest

from actors.trials.semantic.embedder import LOCAL, mark, written, written_vectors
from actors.trials.semantic.fusion import K, Place, fused, one_of_each


def alike(one: str, other: str) -> float:
    first, second = LOCAL.embed([one, other])
    return float(sum(map(mul, first, second)))


@pytest.mark.parametrize(
    ("text", "nearer", "farther"),
    [
        ("psoriasis of the scalp", "scalp psoriasis", "the scalp of the patient"),  # rare words weigh more
        ("hypertension", "hypertensive", "hypothermia"),  # spellings
        ("Diabetes Mellitus", "diabetes mellitus", "diabetes"),  # case
        ("naïve café", "naive cafe", "cafe"),  # accents
        ("asthma in adults", "asthmas in adult", "asthma in children"),  # plurals
    ],
)
def test_texts_are_alike_as_far_as_they_share_rare_words_and_spellings(text: str, nearer: str, farther: str) -> None:
    assert alike(text, nearer) > alike(text, farther)


def test_it_knows_no_meaning() -> None:
    """What the docs say of it: two names of one thing that share no letters are as far as any two texts."""
    assert abs(alike("heart attack", "myocardial infarction")) < 0.15


@pytest.mark.parametrize("text", ["", "   ", "12 2024", "—", "!?"])
def test_a_text_that_says_nothing_has_no_vector(text: str) -> None:
    assert not any(LOCAL.embed([text])[0])
    assert written_vectors(LOCAL, [text]) == [""]


def test_a_vector_has_length_one_and_is_written_with_all_its_numbers() -> None:
    (vector,) = LOCAL.embed(["Aspirin after stroke " * 500])
    assert sum(one * one for one in vector) == pytest.approx(1.0, abs=1e-5)
    assert written(vector).count(",") == LOCAL.dimensions - 1 < 2_000
    assert mark(LOCAL) == "hashed-words-1"


def test_another_process_makes_the_same_vectors() -> None:
    """Python's own hash differs in each process; ours may not."""
    program = (
        "from actors.trials.semantic.embedder import LOCAL, written_vectors as all; print(all(LOCAL, ['asthma'])[0])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert told.stdout.strip() == written(LOCAL.embed(["asthma"])[0])


def test_ranks_are_fused_by_their_places_alone() -> None:
    places = fused([7, 8, 9], [(9, 0.9), (7, 0.2), (5, 0.1)])
    assert list(places) == [7, 9, 8, 5]
    assert places[7] == Place(by_text=1, by_likeness=2, likeness=0.2)
    assert places[7].worth == pytest.approx(1 / (K + 1) + 1 / (K + 2))
    assert places[5] == Place(None, 3, 0.1)
    assert list(fused([], [(3, 0.5), (2, 0.5)])) == [3, 2]
    assert list(fused([4], [(6, 0.5)])) == [4, 6]  # of equals the one that the text finds


def test_of_the_records_of_a_trial_the_first_stands_for_all() -> None:
    assert one_of_each([5, 4, 3, 2, 1], {4: 70, 2: 70, 1: 80}) == [5, 4, 3, 1]
