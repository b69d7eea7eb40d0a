"""A trial coded: which fields are read, and what is left for a person to map."""

from collections.abc import Mapping

import pytest

from actors.mesh.mapping import Mapper
from actors.mesh.normal import key
from actors.mesh.scope import CONDITIONS, PROCEDURES, SUBSTANCES, About
from actors.mesh.trial import Coded, Intervention, Trial, Unmatched, coded
from tests.mesh.made import vocabulary

HELD = vocabulary()
MAPPERS: Mapping[About, Mapper] = {
    "condition": Mapper(HELD, CONDITIONS),
    "intervention": Mapper(HELD, SUBSTANCES),
    "procedure": Mapper(HELD, PROCEDURES),
}


def told(found: Coded) -> list[tuple[str, str, str]]:
    return [(code.about, code.field, code.answer.name) for code in found.codes]


def test_a_trial_is_coded_by_its_conditions_and_interventions() -> None:
    """G17: conditions and interventions to descriptors, each once."""
    trial = Trial(
        conditions=("heart attack", "NSCLC", "Heart failure"),
        interventions=(Intervention("Aspirin", "DRUG"), Intervention("Radiation therapy", "PROCEDURE")),
    )
    found = coded(trial, MAPPERS)
    assert told(found) == [
        ("condition", "condition", "Heart Failure"),
        ("condition", "condition", "Myocardial Infarction"),
        ("condition", "condition", "Carcinoma, Non-Small-Cell Lung"),
        ("intervention", "intervention", "Aspirin"),
        ("procedure", "intervention", "Radiotherapy"),
    ]
    assert found.unmatched == ()


def test_what_nothing_was_found_for_is_left_for_a_person() -> None:
    """G17, N30: an unmatched term is told, with what it is about."""
    trial = Trial(
        conditions=("Ticker trouble", "heart attack", "Ticker trouble"), interventions=(Intervention("CX-1"),)
    )
    assert coded(trial, MAPPERS).unmatched == (
        Unmatched("condition", "Ticker trouble"),
        Unmatched("intervention", "CX-1"),
    )


def test_what_a_person_decided_is_no_longer_unmatched() -> None:
    """N30: a mapping is added, and the next run matches."""
    decided = {key("Ticker trouble"): ("D006331",), key("Healthy"): ()}
    mappers: Mapping[About, Mapper] = {"condition": Mapper(HELD, curated=decided)}
    found = coded(Trial(conditions=("Ticker troubles", "healthy")), mappers)
    assert told(found) == [("condition", "condition", "Heart Diseases")]
    assert found.unmatched == ()


def test_keywords_are_read_only_where_conditions_say_nothing() -> None:
    keywords = ("Anemia",)
    assert told(coded(Trial(("heart attack",), keywords), MAPPERS)) == [
        ("condition", "condition", "Myocardial Infarction")
    ]
    found = coded(Trial(("Healthy",), keywords), MAPPERS)
    assert told(found) == [("condition", "keyword", "Anemia")]
    assert found.unmatched == (Unmatched("condition", "Healthy"),)


def test_other_names_are_read_only_where_the_name_says_nothing() -> None:
    one = Intervention("CX-1", "DRUG", ("acetylsalicylic acid", "no such thing"))
    assert told(coded(Trial(interventions=(one,)), MAPPERS)) == [("intervention", "other name", "Aspirin")]
    two = Intervention("Leucovorin", "DRUG", ("acetylsalicylic acid",))
    assert told(coded(Trial(interventions=(two,)), MAPPERS)) == [("intervention", "intervention", "Leucovorin")]


@pytest.mark.parametrize(
    ("kind", "abouts"),
    [("DRUG", ["intervention"]), ("Dietary Supplement", ["intervention"]), ("Procedure", ["procedure"]),
     ("RADIATION", ["intervention", "procedure"]), ("OTHER", ["intervention", "procedure"]),
     (None, ["intervention", "procedure"]), ("no such type", ["intervention", "procedure"])],
)  # fmt: skip
def test_the_type_of_an_intervention_says_what_it_may_be(kind: str | None, abouts: list[str]) -> None:
    trial = Trial(interventions=(Intervention("Radiotherapy with aspirin", kind),))
    assert sorted({code.about for code in coded(trial, MAPPERS).codes}) == abouts


@pytest.mark.parametrize(
    "texts",
    [
        ("A trial in primary heart failure (PHF)",),
        ("PHF is not told", "On Primary Heart Failure [PHF]."),
    ],
)
def test_a_short_form_that_the_trial_explains_is_read_as_what_it_stands_for(texts: tuple[str, ...]) -> None:
    [code] = coded(Trial(conditions=("PHF",), texts=texts), MAPPERS).codes
    assert (code.answer.name, code.text, code.answer.start, code.answer.end) == ("Heart Failure", "PHF", 0, 3)


def test_a_term_is_told_by_the_text_that_says_it_best() -> None:
    trial = Trial(conditions=("old heart failure", "Heart Failure"))
    [code] = coded(trial, MAPPERS).codes
    assert (code.text, code.answer.how) == ("Heart Failure", "exact")


def test_what_has_no_mapper_is_not_read() -> None:
    trial = Trial(("heart attack",), interventions=(Intervention("CX-1"), Intervention("Aspirin")))
    found = coded(trial, {"condition": MAPPERS["condition"]})
    assert told(found) == [("condition", "condition", "Myocardial Infarction")]
    assert found.unmatched == ()


def test_an_empty_trial_has_no_codes() -> None:
    assert coded(Trial(), MAPPERS) == Coded((), ())
