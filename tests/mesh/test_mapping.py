"""What a text is about: each way of finding it, and what is not found."""

import pytest

from actors.mesh import habits
from actors.mesh.evidence import Evidence, Told
from actors.mesh.mapping import Answer, Mapper, contexts, headings
from actors.mesh.normal import key
from actors.mesh.scope import CONDITIONS, PROCEDURES, SUBSTANCES
from actors.mesh.vocabulary import Vocabulary
from tests.mesh.made import vocabulary

HELD: Vocabulary = vocabulary()
CONDITION = Mapper(HELD)
SUBSTANCE = Mapper(HELD, SUBSTANCES)


def told(mapper: Mapper, text: str) -> list[tuple[str, str, str]]:
    """Name, way and the words that were understood, in the order of the text."""
    answers = sorted(mapper.answers(text), key=lambda answer: (answer.start, -answer.end))
    return [(answer.name, answer.how, text[answer.start : answer.end]) for answer in answers]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Heart Failure", [("Heart Failure", "exact", "Heart Failure")]),
        ("heart attack", [("Myocardial Infarction", "entry", "heart attack")]),
        ("NSCLC", [("Carcinoma, Non-Small-Cell Lung", "said", "NSCLC")]),
        ("Tumours of the breast", [("Breast Neoplasms", "normalised", "Tumours of the breast")]),
        ("Mammary tumour", [("Breast Neoplasms", "kindred", "Mammary tumour")]),
        # the longest terms that stand within
        ("Recurrent non-small cell lung cancer",
         [("Carcinoma, Non-Small-Cell Lung", "span", "non-small cell lung cancer")]),
        ("Stage IV breast cancer (NSCLC excluded)",
         [("Breast Neoplasms", "span", "breast cancer"), ("Carcinoma, Non-Small-Cell Lung", "span", "NSCLC")]),
        ("Heart failure; heart attack",
         [("Heart Failure", "span", "Heart failure"), ("Myocardial Infarction", "span", "heart attack")]),
        ("Cancer of the breast, stage II", [("Breast Neoplasms", "span", "Cancer of the breast")]),
        # a general term in the words of a narrower one
        ("Myocardial Ischemia",
         [("Myocardial Ischemia", "exact", "Myocardial Ischemia"), ("Ischemia", "within", "Ischemia")]),
        ("Anemia, Sickle Cell",
         [("Anemia, Sickle Cell", "exact", "Anemia, Sickle Cell"), ("Anemia", "within", "Anemia")]),
        ("Major Depressive Disorder", [("Depressive Disorder, Major", "entry", "Major Depressive Disorder"),
                                       ("Depressive Disorder", "within", "Depressive Disorder")]),
        # but no category, no sign and no mere quality
        ("Breast Cancer", [("Breast Neoplasms", "entry", "Breast Cancer")]),
        ("HIV Infections", [("HIV Infections", "exact", "HIV Infections")]),
        ("Cluster Headache", [("Cluster Headache", "exact", "Cluster Headache")]),
        ("Sjogren's Syndrome", [("Sjogren's Syndrome", "exact", "Sjogren's Syndrome")]),
        ("Type 2 Diabetes", [("Diabetes Mellitus, Type 2", "entry", "Type 2 Diabetes")]),
        # what is too general for a part of a text may be all of it
        ("Cancer", [("Neoplasms", "entry", "Cancer")]),
        ("Primary Peritoneal Cavity Cancer", []),
        ("Incurable disease", []),
        ("Coronary Risk Reduction", []),
        # what a word before it denies
        ("Non-head and neck cancer", [("Head and Neck Neoplasms", "span", "neck cancer")]),
        ("small cell lung cancer", [("Small Cell Lung Carcinoma", "entry", "small cell lung cancer")]),
        # the name of two things at once, and two things
        ("Head and Neck Cancer", [("Head and Neck Neoplasms", "entry", "Head and Neck Cancer")]),
        ("Cancer of the lung and heart failure",
         [("Lung Neoplasms", "span", "Cancer of the lung"), ("Heart Failure", "span", "heart failure")]),
        # slips of the pen
        ("Myocardial infraction", [("Myocardial Infarction", "approximate", "Myocardial infraction"),
                                   ("Infarction", "approximate", "infraction")]),
        ("Chrohn's disease", [("Crohn Disease", "approximate", "Chrohn's disease")]),
        ("aspirin", []),
        ("", []),
        ("of the", []),
        ("★ !?", []),
    ],
)  # fmt: skip
def test_a_condition_is_understood(text: str, expected: list[tuple[str, str, str]]) -> None:
    """G17: exact, by an entry term, normalised, within the text, approximate."""
    assert told(CONDITION, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Aspirin 100 mg", [("Aspirin", "span", "Aspirin")]),
        ("pembrolizumab", [("pembrolizumab", "exact", "pembrolizumab")]),
        ("Pegylated liposomal doxorubicin", [("liposomal doxorubicin", "span", "liposomal doxorubicin")]),
        ("Leucovorin calcium", [("Leucovorin", "entry", "Leucovorin calcium")]),
        ("calcium", [("Calcium", "exact", "calcium")]),
        ("aspirin calcium", [("Aspirin", "span", "aspirin")]),  # a salt is the form of what stands before it
        ("Interferon alfa",
         [("Interferon-alpha", "entry", "Interferon alfa"), ("Interferons", "within", "Interferon")]),
        ("Trimethoprim-Sulfamethoxazole",
         [("Trimethoprim, Sulfamethoxazole Drug Combination", "entry", "Trimethoprim-Sulfamethoxazole"),
          ("Trimethoprim", "within", "Trimethoprim"), ("Sulfamethoxazole", "within", "Sulfamethoxazole")]),
        ("Aspirin tablets", [("Aspirin", "span", "Aspirin")]),
        ("Tablets", []),
        ("Placebo", []),
        ("asparin", []),  # drugs' names differ by a letter: no slip is put right
        ("heart failure", []),
    ],
)  # fmt: skip
def test_a_substance_is_understood(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert told(SUBSTANCE, text) == expected


def test_a_procedure_is_understood() -> None:
    mapper = Mapper(HELD, PROCEDURES)
    assert told(mapper, "adjuvant radiation therapy") == [("Radiotherapy", "span", "radiation therapy")]
    assert told(mapper, "Placebo") == []


def test_short_forms_are_read_as_they_are_written() -> None:
    assert told(CONDITION, "ALL, relapsed") == [("Precursor Cell Lymphoblastic Leukemia-Lymphoma", "said", "ALL")][
        :0
    ] or [("Precursor Cell Lymphoblastic Leukemia-Lymphoma", "span", "ALL")]
    assert told(CONDITION, "all patients") == []
    assert told(CONDITION, "ALL PATIENTS WITH HEART FAILURE") == [("Heart Failure", "span", "HEART FAILURE")]


def test_the_surest_answer_comes_first() -> None:
    scores = [answer.score for answer in CONDITION.answers("Anemia, Sickle Cell")]
    assert scores == sorted(scores, reverse=True)
    assert all(0.5 <= score <= 1 for score in scores)


def test_answers_below_the_least_score_are_left_out() -> None:
    assert [answer.how for answer in Mapper(HELD, least=0.9).answers("Anemia, Sickle Cell")] == ["exact"]
    assert Mapper(HELD, least=1.0).answers("Anemia, Sickle Cell") == ()


def test_a_supplementary_record_brings_its_headings_along() -> None:
    [answer] = SUBSTANCE.answers("pembrolizumab")
    [heading] = headings([answer], HELD)
    assert (heading.ui, heading.how, heading.of) == ("D061067", "heading", "C582435")
    assert list(headings(CONDITION.answers("heart attack"), HELD)) == []


def test_what_a_person_decided_for_a_text_goes_before_all_else() -> None:
    """N30: a mapping is added, and the next run matches."""
    text = "Chronic heart trouble"
    assert CONDITION.answers("Ticker trouble") == ()
    decided = {key("ticker trouble"): ("D006331", "D006333"), key("heart attacks"): (), key(text): ("D999999",)}
    mapper = Mapper(HELD, curated=decided)
    assert told(mapper, "Troubles: Ticker") == [
        ("Heart Diseases", "curated", "Troubles: Ticker"),
        ("Heart Failure", "curated", "Troubles: Ticker"),
    ]
    assert mapper.answers("heart attack") == ()  # decided to be nothing
    assert mapper.is_decided("heart attack")
    assert not mapper.is_decided("heart failure")
    assert mapper.answers(text) == ()  # of an id that is gone nothing is said


def evidence(*rows: tuple[str, str, int, int]) -> Evidence:
    return Evidence(Told(*row) for row in rows)


def test_evidence_adds_a_term_that_no_word_says() -> None:
    mapper = Mapper(HELD, evidence=evidence(("D009203", "D006331", 90, 98), ("D009203", "D999999", 98, 98)))
    assert told(mapper, "heart attack") == [
        ("Myocardial Infarction", "entry", "heart attack"),
        ("Heart Diseases", "registry", "heart attack"),
    ]
    [_, added] = mapper.answers("heart attack")
    assert added.score == 0.9  # 90 of 98, and two that doubt it


def test_evidence_is_kept_by_the_text_where_its_terms_do_not_tell_all() -> None:
    mapper = Mapper(HELD, evidence=evidence(("text:fail pump", "D006333", 8, 8)))
    assert told(mapper, "Pump fails") == [("Heart Failure", "registry", "Pump fails")]
    assert contexts("heart attack", CONDITION.said("heart attack")) == ("D009203",)
    assert contexts("old heart attack", CONDITION.said("old heart attack")) == ("D009203", "text:attack heart old")


@pytest.mark.parametrize(("given", "trials", "stays"), [(0, 2, True), (0, 3, False), (40, 100, False), (60, 100, True)])
def test_evidence_takes_back_a_general_term_that_is_not_indexed(given: int, trials: int, stays: bool) -> None:
    mapper = Mapper(HELD, evidence=evidence(("D003876", "D003872", given, trials)))
    names = [answer.name for answer in mapper.answers("Atopic Dermatitis")]
    assert names == ["Dermatitis, Atopic", "Dermatitis"][: 1 + stays]


def test_evidence_takes_back_nothing_that_a_text_says_in_so_many_words() -> None:
    mapper = Mapper(HELD, evidence=evidence(("D006333", "D006333", 0, 1000)))
    assert [answer.name for answer in mapper.answers("severe heart failure")] == ["Heart Failure"]


@pytest.mark.parametrize(("given", "added"), [(4, False), (5, True)])
def test_what_no_word_says_must_be_surer(given: int, added: bool) -> None:
    """Five of six trials, with two that doubt it, are six of ten at least."""
    mapper = Mapper(HELD, evidence=evidence(("D009203", "D006331", given, 6)))
    assert ("Heart Diseases" in [answer.name for answer in mapper.answers("heart attack")]) is added


def test_the_habits_that_come_along_can_be_read() -> None:
    condition, intervention = habits.evidence("condition"), habits.evidence("intervention")
    assert condition.rate("D003876", "D003872", 0.75) < 0.5
    assert "D003524" in intervention.others(["D016572"], least=0.6)
    assert habits.evidence("procedure").others(["D011878"], least=0.0) == {}


def test_a_lesson_is_what_a_text_says() -> None:
    lesson = CONDITION.lesson("Anemia, Sickle Cell")
    assert lesson.contexts == ("D000755",)
    assert lesson.said == {"D000755", "D000740"}


def test_an_answer_says_all_that_is_known_of_it() -> None:
    [answer] = CONDITION.answers("acute heart failure")
    assert answer == Answer("D006333", "Heart Failure", 0.85, "span", 6, 19, "D006333")
    assert CONDITION.scope is CONDITIONS
