"""Words as they are compared, and what of a trial is."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.trials.comparable import Record, comparable_of, countries, packed, unpacked
from actors.trials.record import Identifier, Intervention, Party, Trial, When
from actors.trials.words import rarity, words
from tests.trials.comparables import RARE, made

TRIAL = Trial(
    registry="ctgov",
    registry_id="NCT04307642",
    url="https://clinicaltrials.gov/study/NCT04307642",
    title="Zalutumab in Heart Failure",
    status="recruiting",
    status_raw="RECRUITING",
    official_title="A Phase II Study of Zalutumab in Heart Failure",
    acronym="WALK-1",
    titles=(("de", "Zalutumab bei Herzinsuffizienz"),),
    ids=(Identifier("nct", "NCT04307642", "main"), Identifier("other", "2020-001209-22; ZAL-0012", "secondary")),
    study_type="interventional",
    phases=("early_phase_1", "phase_2", "not_applicable"),
    start=When(date(2020, 4, 1), "month"),
    first_posted=When(date(2020, 3, 1), "day"),
    enrolment=328,
    sponsor="Univ. Hospital Innsbruck",
    collaborators=(Party("Zalu Pharma", "INDUSTRY"),),
    conditions=("Heart Failure", "Cardiac failure"),
    interventions=(Intervention("Zalutumab", "DRUG"),),
    countries=("Austria", "T\u00fcrkiye"),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Efficacy of Drugs in Tumours", ("efficacy", "drug", "tumor")),
        ("Randomised, double-blind", ("randomized", "double", "blind")),
        ("Phase II/III", ("phase", "2", "3")),
        ("SARS\u2011CoV\u20112", ("sar", "cov", "2")),
        ("Guill&eacute;n \u2014 Barr\u00e9", ("guillen", "barre")),
        ("COVID-19_x000D_<br>pneumonia", ("covid", "19", "pneumonia")),
        ("a < b and c > d", ("b", "c", "d")),
        ("Sepsis virus mass", ("sepsis", "virus", "mass")),
        ("Haemophilia \u2013 anaemia", ("hemophilia", "anemia")),
        ("\u65e5\u672c", ("\u65e5\u672c",)),
        ("", ()),
        (None, ()),
    ],
)
def test_a_title_is_compared_by_its_plain_words(text: str | None, expected: tuple[str, ...]) -> None:
    assert words(text) == expected


def test_a_rare_word_weighs_more_and_an_unknown_one_most() -> None:
    rare = rarity({"trial": 1_000, "zalutumab": 2, "every": 5_000}, 5_000)
    assert 0.0 == rare.of("every") < rare.of("trial") < rare.of("zalutumab") < rare.of("never seen") == rare.unseen
    assert rare.rarest(["trial", "zalutumab", "every", "b", "a"], 3) == ("a", "b", "zalutumab")


def test_two_texts_are_as_alike_as_the_rare_words_they_share() -> None:
    drug, other = frozenset(words("trial of zalutumab")), frozenset(words("study of zalutumab"))
    design = frozenset(words("trial of placebo"))
    assert RARE.likeness(drug, drug) == pytest.approx(1.0)
    assert RARE.likeness(drug, other) > 0.9 > 0.2 > RARE.likeness(drug, design) > 0.0
    assert RARE.likeness(drug, frozenset()) == 0.0
    assert rarity({"a": 9}, 9).likeness(frozenset("a"), frozenset("a")) == 0.0  # a word that all have says nothing


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (("The Netherlands", "Netherlands"), ("netherlands",)),
        (("Iran (Islamic Republic of)", "USA", "United States of America"), ("iran", "united states")),
        (("Korea, Republic of", "Viet Nam", "T\u00fcrkiye"), ("south korea", "turkey", "vietnam")),
        (("Europe", "Worldwide", "??", ""), ()),
    ],
)
def test_a_country_has_one_name_for_all_registers(given_: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert countries(given_) == expected


def test_what_is_compared_of_a_mirrored_trial() -> None:
    """G14: title, sponsor, dates, locations, conditions, interventions, enrolment, phase; N03: numbers and codes."""
    one = comparable_of(TRIAL)
    assert (one.record, one.register, one.trial) == (Record("ctgov", "NCT04307642"), "nct", "nct:NCT04307642")
    assert one.titles == (
        ("zalutumab", "heart", "failure"),
        ("phase", "2", "study", "zalutumab", "heart", "failure"),
        ("zalutumab", "bei", "herzinsuffizienz"),
    )
    assert one.words == {"zalutumab", "heart", "failure", "phase", "2", "study", "bei", "herzinsuffizienz", "walk", "1"}
    assert one.sponsors == (("univ", "hospital", "innsbruck"), ("zalu", "pharma"))
    assert (one.registered, one.start) == (date(2020, 3, 1), date(2020, 4, 1))
    assert one.countries == ("austria", "turkey")
    assert (one.conditions, one.interventions) == (("heart", "failure", "cardiac"), ("zalutumab",))
    assert (one.enrolment, one.phases, one.study_type) == (328, (1, 2), "interventional")
    assert [(str(claim.id), claim.where) for claim in one.claims] == [
        ("NCT04307642", "main"),
        ("2020-001209-22", "listed"),
    ]
    assert one.codes == ("ZAL0012",)


def test_a_record_of_country_or_of_another_registry_is_of_the_same_trial() -> None:
    """N03: country records are one trial."""
    assert made("EUCTR2020-001209-22-GB").trial == made("2020-001209-22-DE").trial
    assert made("2023-503930-41-00").trial == made("2023-503930-41-01").trial
    assert made("no number of any register").trial == "made:no number of any register"


def test_a_packed_record_is_read_as_it_was() -> None:
    one = comparable_of(TRIAL)
    body = packed(one)
    assert unpacked(body) == one
    assert unpacked(body).words == one.words
    assert len(body) < 600


@pytest.mark.parametrize("body", [b"\x91\x01", b"\xc0", packed(made("NCT04307642")).replace(b"\x01", b"\x02", 1)])
def test_what_was_packed_by_other_code_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="packed"):
        unpacked(body)


@given(st.text(max_size=200))
def test_any_text_has_words_that_are_their_own_plain_form(text: str) -> None:
    found = words(text)
    assert all(word and word == word.casefold() for word in found)
