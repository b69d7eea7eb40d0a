"""Terms are found by their strictest form; what collides is kept apart, and what is ambiguous is not guessed."""

import pytest

from actors.mesh.lay import SAID, SHORT_FORMS
from actors.mesh.normal import words
from actors.mesh.record import Concept, Descriptor, Term, repaired
from actors.mesh.tree import Tree
from actors.mesh.vocabulary import Found, Known, Vocabulary, known
from tests.mesh.made import vocabulary

C, D, CF = frozenset("C"), frozenset("D"), frozenset("CF")


@pytest.mark.parametrize(
    ("text", "ui", "how"),
    [
        ("Myocardial Infarction", "D009203", "exact"),
        ("myocardial   INFARCTION", "D009203", "exact"),
        ("heart attack", "D009203", "entry"),
        ("Leukaemia, Myeloid, Acute", "D015470", "normalised"),
        ("Neoplasm of the breast", "D001943", "normalised"),
        ("mammary tumour", "D001943", "kindred"),
        ("diabetes", "D003920", "said"),
        ("Sjögren syndrome", "D012859", "exact"),
        ("pregnancy", None, None),
        ("no such thing", None, None),
        ("", None, None),
        ("of the", None, None),
    ],
)
def test_a_term_is_found_by_its_strictest_form(text: str, ui: str | None, how: str | None) -> None:
    """G17: "heart attack" is Myocardial Infarction by an entry term."""
    found = vocabulary().find(words(text), CF)
    assert (found.ui, found.how) == (ui, how) if found else ui is None


def test_a_looser_form_is_asked_only_when_it_may_be() -> None:
    held = vocabulary()
    assert held.find(words("acute myeloid leukemias"), CF, loose=False) is None
    assert held.find(words("mammary tumour"), CF, kin=False) is None


def test_records_outside_of_the_categories_are_not_seen() -> None:
    held = vocabulary()
    assert held.find(("aspirin",), C) is None
    assert held.find(("aspirin",), D) == Found("D001241", "exact")
    assert held.find(("pembrolizumab",), D) == Found("C582435", "exact")
    assert held.letters("D999999") == frozenset()


@pytest.fixture
def collisions() -> Vocabulary:
    """Light Green and Green Light differ in the order of words alone."""
    return Vocabulary(
        [Known("D1", "Light Green", "name"), Known("D2", "Green Light", "name"), Known("D3", "Transfer", "name"),
         Known("D4", "Moving", "name"), Known("D4", "Transfers", "entry"), Known("D5", "Cytochrome c", "entry"),
         Known("D6", "Cytochrome C", "entry"), Known("C1", "Aeron", "name"), Known("D7", "Aerons", "entry"),
         Known("D8", "Aerons", "name")],
        Tree([("D1", "D01"), ("D2", "D02"), ("D3", "D03"), ("D4", "D04"), ("D5", "D05"), ("D6", "D06"), ("D7", "C01"),
              ("D8", "D08")]),
        kinds={"C1": 1},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "ui"),
    [
        ("light green", "D1"),  # as they are spelled, both are found
        ("green light", "D2"),
        ("green lights", None),  # as a bag they cannot be told apart
        ("transfer", "D3"),
        ("transfers", "D4"),
        ("cytochrome c", None),  # nor two that claim the same term
        ("aeron", "C1"),
        ("an aeron", "D8"),  # a heading goes before a supplementary record
    ],
)
def test_collisions_are_kept_apart(collisions: Vocabulary, text: str, ui: str | None) -> None:
    found = collisions.find(words(text), D)
    assert (found.ui if found else None) == ui


def test_a_name_goes_before_the_entry_term_of_another() -> None:
    held = Vocabulary(
        [Known("D1", "Asthmas", "entry"), Known("D2", "Asthma", "name"), Known("D1", "Wheezing", "name")],
        Tree([("D1", "C1"), ("D2", "C2")]),
    )
    assert held.find(("the", "asthma"), C) == Found("D2", "normalised")


def test_records_give_each_of_their_terms_once() -> None:
    terms = (
        Term("T1", "Asthma", "NON", preferred=True, permuted=False),
        Term("T2", "Asthma, Bronchial", "NON", False, True),
    )
    record = Descriptor("D001249", "Asthma", 1, ("C08",), (Concept("M1", "Asthma", True, terms),))
    assert list(known([record])) == [Known("D001249", "Asthma", "name"), Known("D001249", "Asthma, Bronchial", "entry")]


def test_lay_terms_of_names_that_are_not_held_are_passed_over() -> None:
    held = vocabulary()
    assert held.short_forms["NSCLC"] == "D002289"
    assert "PCOS" not in held.short_forms


def test_no_lay_term_is_given_twice() -> None:
    for pairs in (SHORT_FORMS, SAID):
        said = [one for _, one in pairs]
        assert len(set(said)) == len(said)
        assert all(name and one for name, one in pairs)


@pytest.mark.parametrize(
    ("ui", "meant"),
    [
        ("D003920", "D003920"),
        ("D000003920", "D003920"),  # as ClinicalTrials.gov writes it
        ("D0003920", "D003920"),
        ("D000080223", "D000080223"),  # an id that has nine digits
        ("D000999999", None),
        ("D123003920", None),  # what stands before are no zeros
        ("C000582435", "C582435"),
        ("d003920", None),
        ("", None),
    ],
)
def test_zeros_before_an_id_are_taken_away_where_only_then_it_is_known(ui: str, meant: str | None) -> None:
    assert repaired(ui, {"D003920", "D000080223", "C582435"}) == meant


def test_the_words_that_are_known_are_those_of_terms() -> None:
    held = vocabulary()
    assert {"myocardial", "pembrolizumab"} <= held.words().keys()
    assert "myocardial" in held.words(CF)
    assert "pembrolizumab" not in held.words(CF)
    assert "D001241" in held
    assert held.name("D001241") == "Aspirin"
    assert len(held) == len(list(held))
