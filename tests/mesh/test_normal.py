"""A term in its forms: each step alone, and what they make equal together."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from actors.mesh.normal import american, bag, key, kin, plain, singular, spelled, stems, tokens, words


@pytest.mark.parametrize(
    ("text", "said"),
    [("ASTHMA", "asthma"), ("Sjögren", "sjogren"), ("β-Thalassämie", "beta-thalassamie"), ("Ⅳ", "iv"),
     ("ﬁbrosis", "fibrosis"), ("Ménière", "meniere"), ("Ørsted", "orsted"), ("æ", "ae"), ("µg", "mug"), ("", "")],
)  # fmt: skip
def test_case_accents_and_width_fall_away_and_greek_is_spelled_out(text: str, said: str) -> None:
    assert plain(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Non-Small-Cell", ["non", "small", "cell"]),
        ("non\u2013small\u2010cell", ["non", "small", "cell"]),
        ("Crohn's Disease", ["crohn", "disease"]),
        ("Crohn\u2019s disease", ["crohn", "disease"]),
        ("ALZHEIMER'S", ["alzheimer"]),
        ("patients' rights", ["patients", "rights"]),
        ("Diabetes Mellitus, Type 2", ["diabetes", "mellitus", "type", "2"]),
        ("CD4+ cells", ["cd4", "cells"]),
        ("a_b", ["a", "b"]),
        ("5-(methylamino)", ["5", "methylamino"]),
        ("Xolair®", ["xolair"]),
        ("½", ["1", "2"]),
        (" \t", []),
    ],
)
def test_words_are_parted_by_every_sign_and_lose_their_possessive(text: str, said: list[str]) -> None:
    assert list(words(text)) == said


def test_a_word_is_found_again_in_the_text() -> None:
    text = "Morbus Crohn’s (β-thalassämia)"
    assert [text[token.start : token.end] for token in tokens(text)] == ["Morbus", "Crohn", "β", "thalassämia"]


@given(st.text(max_size=60))
@example("İ’s")
def test_any_text_has_words_within_it(text: str) -> None:
    found = tokens(text)
    assert all(0 <= token.start < token.end <= len(text) for token in found)
    assert [token.start for token in found] == sorted(token.start for token in found)
    assert all(token.word and not set(token.word) & set(" -'’") for token in found)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("myeloma and plasma cell", [0, 1, 2, 2]),
        ("asthma / copd", [0, 1]),
        ("asthma (allergic)", [0, 1]),
        ("leukemia, myeloid", [0, 0]),
        ("cancer of the lung", [0, 0, 0, 0]),
    ],
)
def test_what_is_joined_or_bracketed_is_another_thing(text: str, pieces: list[int]) -> None:
    assert [token.piece for token in tokens(text)] == pieces


@pytest.mark.parametrize(
    ("british", "expected"),
    [("leukaemia", "leukemia"), ("anaemia", "anemia"), ("haemorrhage", "hemorrhage"), ("ischaemic", "ischemic"),
     ("oedema", "edema"), ("oesophageal", "esophageal"), ("oestrogen", "estrogen"), ("diarrhoea", "diarrhea"),
     ("tumour", "tumor"), ("colour", "color"), ("odour", "odor"), ("behavioural", "behavioral"), ("foetal", "fetal"),
     ("paediatric", "pediatric"), ("gynaecology", "gynecology"), ("coeliac", "celiac"), ("anaesthesia", "anesthesia"),
     ("caesarean", "cesarean"), ("dyspnoea", "dyspnea"), ("sulphate", "sulfate"), ("fibre", "fiber"),
     ("centre", "center"), ("hospitalisation", "hospitalization"), ("analyse", "analyze"), ("ageing", "aging"),
     ("leucocyte", "leukocyte"), ("faecal", "fecal"), ("aetiology", "etiology"), ("labelled", "labeled"),
     # and what is no British spelling
     ("aerobic", "aerobic"), ("coenzyme", "coenzyme"), ("disease", "disease"), ("four", "four"), ("hour", "hour"),
     ("michael", "michael"), ("apoenzyme", "apoenzyme"), ("dialysis", "dialysis"), ("acre", "acre")],
)  # fmt: skip
def test_british_spelling_becomes_american(british: str, expected: str) -> None:
    assert american(british) == expected


@pytest.mark.parametrize(
    ("plural", "expected"),
    [("diseases", "disease"), ("neoplasms", "neoplasm"), ("injuries", "injury"), ("metastases", "metastasis"),
     ("psychoses", "psychosis"), ("analyses", "analysis"), ("carcinomata", "carcinoma"), ("arthritides", "arthritis"),
     ("abscesses", "abscess"), ("boxes", "box"), ("crutches", "crutch"), ("cervices", "cervix"), ("virus", "virus"),
     ("sepsis", "sepsis"), ("illness", "illness"), ("aids", "aids"), ("rabies", "rabies"), ("gas", "gas"),
     ("doses", "dose"), ("bus", "bus"), ("eyes", "eye")],
)  # fmt: skip
def test_plurals_become_singular_and_what_is_none_stays(plural: str, expected: str) -> None:
    assert singular(plural) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("type II", "type 2"), ("Type I diabetes", "type 1 diabete"), ("stage IV", "stage 4"), ("i", "i"),
     ("vitamin I", "vitamin i"),
     ("non-small cell", "nonsmall cell"), ("pre-diabetes", "prediabete"), ("post-traumatic", "posttraumatic"),
     ("non", "non"), ("anti-TNF", "antitnf")],
)  # fmt: skip
def test_roman_numbers_are_read_and_prefixes_joined(text: str, expected: str) -> None:
    assert " ".join(stems(words(text))) == expected


SAME = [
    ("Tumours of the Breast", "breast tumor"),
    ("Diseases, Heart", "Heart disease"),
    ("Alzheimers disease", "Alzheimer's Disease"),
    ("Non Small Cell Lung Cancer", "Nonsmall-cell lung cancers"),
    ("Diabetes, Type II", "type 2 diabetes"),
    ("α-Thalassaemia", "alpha thalassemia"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_is_the_same_has_the_same_key(one: str, other: str) -> None:
    assert key(one) == key(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("Hepatitis A", "Hepatitis B"), ("Vitamin A", "Vitamins"), ("Type 1 diabetes", "Type 2 diabetes"),
     ("AIDS", "aid"), ("sepsis", "seps")],
)  # fmt: skip
def test_what_is_not_the_same_has_another_key(one: str, other: str) -> None:
    assert key(one) != key(other)


def test_kindred_words_meet_only_in_the_last_form() -> None:
    renal, kidney = stems(words("Renal Cancer")), stems(words("Tumors of the Kidney"))
    assert bag(renal) != bag(kidney)
    assert kin(renal) == kin(kidney) == "kidney neoplasm"


@given(st.lists(st.sampled_from(["lung", "cancers", "tumours", "of", "the", "non", "small"]), max_size=6))
def test_the_key_of_words_does_not_depend_on_how_often_it_is_made(some: list[str]) -> None:
    """A bag is its own bag: what is normalised once is normalised."""
    once = bag(stems(some))
    assert bag(once.split()) == once
    assert spelled(once.split()) == once
