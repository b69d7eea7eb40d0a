"""Spelling, descriptions, windows and files: decisions as tables."""

import csv
import io
from dataclasses import replace
from datetime import date, timedelta

import pytest

from actors.trials.finding import export, windows
from actors.trials.finding.asking import Meaning
from actors.trials.finding.describing import Rare, described, is_description, patient, told
from actors.trials.finding.kept import Lately
from actors.trials.finding.spelling import correctable, corrected, errors, meant, spellings
from actors.trials.marks import Span, marked, may_be, sought, to_html


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("", "", 0),
        ("asthma", "asthma", 0),
        ("asthma", "astma", 1),
        ("asthma", "ashtma", 1),
        ("abc", "xyz", 3),
        ("ab", "", 2),
    ],
)
def test_errors_between_two_words(a: str, b: str, expected: int) -> None:
    assert errors(a, b) == errors(b, a) == expected


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("diabtes", [("diabetes", 900), ("diabetic", 50)], "diabetes"),
        ("astma", [("asthma", 5), ("stoma", 900)], "asthma"),
        ("pnuemonai", [("pneumonia", 5)], "pneumonia"),  # two errors in a long word
        ("aslhme", [("asthma", 5)], None),  # two in a short one
        ("asthma", [("asthma", 5)], None),
        ("word", [], None),
    ],
)
def test_the_nearest_known_word_is_meant(word: str, known: list[tuple[str, int]], expected: str | None) -> None:
    assert meant(word, known) == expected


def test_a_text_is_corrected_word_by_word() -> None:
    assert correctable("Diabtes in 2 of NCT00000001, the diabtes") == ("diabtes",)
    assert set(spellings("abc")) == {"abc", "ab", "ac", "bc"}
    assert corrected("Diabtes, -astma", {"diabtes": "diabetes", "astma": "asthma"}) == "diabetes, -asthma"


PATIENT = (
    "A 58-year-old woman presents with chest pain that began two days earlier and radiates to the back. She denies "
    "smoking, diabetes. She is known to have hypertension and obesity and takes no medications."
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PATIENT, True),
        ("heart attack in women", False),
        (PATIENT.replace("chest pain", '"chest pain"'), False),
        (PATIENT + " AND status:recruiting", False),
    ],
)
def test_a_long_text_without_signs_describes(text: str, expected: bool) -> None:
    assert is_description(text) is expected


@pytest.mark.parametrize(
    ("text", "years", "sex"),
    [
        (PATIENT, 58, "female"),
        ("48 M with a h/o HTN", 48, "male"),
        ("An 8-year-old male presents", 8, "male"),
        ("Pt is a 70 y/o gentleman", 70, "male"),
        ("chest pain for two days", None, None),
    ],
)
def test_age_and_sex_of_a_patient(text: str, years: int | None, sex: str | None) -> None:
    found = patient(text)
    assert found.sex == sex
    assert (None if found.age_days is None else found.age_days // 365) == years


def test_what_a_patient_does_not_have_is_left_out() -> None:
    assert "diabetes" in PATIENT
    assert "smoking" not in told(PATIENT)


def test_rare_words_decide_what_is_looked_at() -> None:
    words = [Rare("astrocytoma", 2, 30, 100_000), Rare("patient", 5, 60_000, 100_000), Rare("qwerty", 1, 0, 100_000)]
    found = described("a 45 year old man", words, [Meaning("astrocytoma", "D001254", "Astrocytoma")])
    assert "'astrocytoma'" in found.question
    assert "'=mesh:d001254'" in found.question
    assert "qwerty" not in found.question
    assert found.patient.sex == "male"


def test_a_window_is_as_wide_as_the_sample_says() -> None:
    days = [date(2025, 3, 1), date(2025, 2, 27), date(2025, 1, 31), date(2024, 5, 5)]
    assert windows.by_day(days, 2, date(2025, 3, 2), date.max) == (
        "('=day:2025-01-31' | '=month:2025-02' | '=day:2025-03-01' | '=day:2025-03-02')"
    )
    assert windows.by_day(days, 4, date(2025, 3, 2), date.max) is None, "the sample ends: all must be read"
    assert windows.by_day(days, 1, date(2025, 3, 2), date(2025, 2, 1)) == windows.by_day(
        days[2:], 1, date(2025, 2, 1), date(2025, 2, 1)
    )
    assert windows.by_size([900, 500, 100], 1, float("inf")) is not None
    assert windows.by_distance([(1.0, days[0]), (2.0, days[1]), (3.0, days[2])], 1, 1.5) == 3.1


def test_a_window_of_days_holds_what_is_wanted_where_hits_are_as_dense_as_trials() -> None:
    """G23: ten trials a day, of which a sample saw one in a hundred, spread evenly."""
    newest = date(2025, 3, 31)
    ladder = windows.Ladder.of((newest - timedelta(days=day), 10) for day in range(100))
    assert [ladder.since(newest - timedelta(days=day)) for day in (-1, 0, 9, 99, 100)] == [0, 10, 100, 1000, None]
    assert [ladder.day_of(trials) for trials in (10, 11, 1001)] == [newest, date(2025, 3, 30), None]
    seen = [newest - timedelta(days=20 * place - 1) for place in (1, 2, 3)]  # 2 hits a day, each seen for 40
    first = windows.since(seen, 40.0, 20, ladder, date.max)
    assert first == newest - timedelta(days=14), "30 hits"
    before = date(2025, 3, 11)
    assert windows.since(seen[1:], 40.0, 20, ladder, before) == before - timedelta(days=14), "a page further down"
    assert windows.since([date(2020, 1, 1)], 40.0, 20, ladder, date.max) is not None, "older than the ladder is long"
    assert windows.since([date(2020, 1, 1)], 2.0, 20, ladder, date.max) is None, "all must be read"
    assert windows.since([], 40.0, 20, ladder, date.max) is None


def test_of_very_many_that_are_equally_near_the_latest_are_enough() -> None:
    """G23: the place that bounds the window lies among them; pages go on below a day."""
    days = [date(2025, 3, day) for day in range(9, 0, -1)]
    kms = [(0.4, date(2020, 1, 1)), *((0.9, day) for day in days), (3.0, date(2025, 5, 5))]
    seen = windows.Sample(10, 0, 500.0, kms=kms)
    assert windows.tie(seen, 1_000, float("-inf"), date.max) == windows.Tie(0.9, date(2025, 3, 8))
    assert windows.tie(seen, 1_000, 0.9, date(2025, 3, 5)) == windows.Tie(0.9, date(2025, 3, 3))
    assert windows.tie(seen, 1_000, 0.9, date(2025, 3, 2)) is None, "what is left is farther: all of it is measured"
    assert windows.tie(replace(seen, scale=50.0), 100, float("-inf"), date.max) is None, "few"


@pytest.mark.parametrize(
    ("seen", "parts", "wanted", "expected"),
    [(0, 16, 500, 1024), (400, 16, 500, 32), (400, 4, 500, 5), (9000, 16, 500, 1)],
)
def test_a_sample_holds_about_what_is_wanted(seen: int, parts: int, wanted: int, expected: int) -> None:
    assert windows.parts_for(seen, parts, wanted) == expected


def test_answers_are_kept_for_a_while_and_of_each_database_apart() -> None:
    now_s = 0.0
    lately, one, other = Lately[str](2, 10.0, clock=lambda: now_s), _Database(), _Database()
    lately.keep(one, "a", "found")
    assert (lately.get(one, "a"), lately.get(other, "a"), lately.get(one, "b")) == ("found", None, None)
    lately.keep(one, "b", "found too")
    lately.keep(one, "c", "and this")
    assert (lately.get(one, "a"), lately.get(one, "b")) == (None, "found too"), "those asked for longest ago go first"
    now_s = 10.0
    assert lately.get(one, "b") is None


class _Database:
    pass


def test_words_are_marked_by_their_stems() -> None:
    what = sought("('diabet' & 'die') | '=mesh:d003920'")
    assert what is not None
    texts = ["Diabète and dietary DIABETES", "dying of diabetics"]
    assert may_be(what, texts) == {"diabete", "dietary", "diabetes", "dying", "diabetics"}
    assert to_html(marked(texts[0], {"diabete", "diabetes"})) == (
        "<mark>Diabète</mark> and dietary <mark>DIABETES</mark>"
    )
    assert marked("<b>", {"diabetes"}) == (Span("<b>"),)
    assert sought("'=mesh:d003920'") is None


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    row = dict.fromkeys(export.COLUMNS) | {"title": text, "conditions": [text, "b"]}
    [cells] = csv.DictReader(io.StringIO((export.header() + export.csv_lines([row])).decode(), newline=""))
    assert cells["title"] == f"'{text}"
    assert cells["conditions"].startswith("'")
