"""What trials teach: a trial tells of a term unless another of its texts explains it."""

import pytest

from actors.mesh.evidence import Evidence, Lesson, Tally, Told


def lesson(context: str, *said: str) -> Lesson:
    return Lesson((context,), frozenset(said))


def told(tally: Tally, fewest: int = 1) -> set[tuple[str, str, int, int]]:
    return {(one.context, one.ui, one.given, one.trials) for one in tally.told(fewest=fewest)}


def test_trials_with_a_context_tell_how_often_a_term_was_given() -> None:
    tally = Tally()
    tally.add([lesson("MI", "MI")], ["MI", "Ischemia"])
    tally.add([lesson("MI", "MI")], ["MI"])
    assert told(tally) == {("MI", "MI", 2, 2), ("MI", "Ischemia", 1, 2)}


def test_a_term_that_is_said_and_never_given_is_told_too() -> None:
    tally = Tally()
    tally.add([lesson("Atopic", "Atopic", "Dermatitis")], ["Atopic"])
    assert told(tally) == {("Atopic", "Atopic", 1, 1), ("Atopic", "Dermatitis", 0, 1)}


def test_a_term_that_another_text_explains_tells_nothing() -> None:
    tally = Tally()
    tally.add([lesson("HIV", "HIV"), lesson("Retinitis", "Retinitis")], ["HIV", "Retinitis", "AIDS"])
    assert told(tally) == {
        ("HIV", "HIV", 1, 1), ("HIV", "AIDS", 1, 1), ("Retinitis", "Retinitis", 1, 1), ("Retinitis", "AIDS", 1, 1),
    }  # fmt: skip
    assert ("HIV", "Retinitis") not in {(context, ui) for context, ui, _, _ in told(tally)}


def test_two_texts_that_say_the_same_are_one() -> None:
    tally = Tally()
    tally.add([lesson("MI", "MI"), Lesson(("MI", "text:old mi"), frozenset(("MI",)))], ["MI"])
    assert ("MI", "MI", 1, 1) in told(tally)


@pytest.mark.parametrize(("fewest", "rows"), [(2, 1), (3, 0)])
def test_what_too_few_trials_tell_is_not_kept(fewest: int, rows: int) -> None:
    tally = Tally()
    tally.add([lesson("MI", "MI")], ["MI"])
    tally.add([lesson("MI", "MI")], [])
    assert len(told(tally, fewest)) == rows


@pytest.mark.parametrize(
    ("given", "trials", "score", "rate"),
    [(0, 0, 0.8, 0.8), (4, 4, 0.5, 0.75), (0, 4, 0.8, 0.4), (96, 96, 0.0, 0.96)],
)
def test_a_rate_lies_between_our_score_and_what_the_trials_tell(
    given: int, trials: int, score: float, rate: float
) -> None:
    evidence = Evidence([Told("MI", "Ischemia", given, trials)])
    assert evidence.rate("MI", "Ischemia", score) == pytest.approx(rate)
    assert evidence.rate("no such context", "Ischemia", score) == score


def test_other_terms_are_told_with_the_best_rate_of_any_context() -> None:
    evidence = Evidence([Told("MI", "Ischemia", 8, 8), Told("text:old mi", "Ischemia", 1, 8), Told("MI", "Pain", 1, 8)])
    assert evidence.others(["text:old mi", "MI"], least=0.5) == {"Ischemia": pytest.approx(0.8)}
    assert evidence.others(["nothing"], least=0.0) == {}
