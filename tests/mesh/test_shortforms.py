"""Short forms are explained by the words before them, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.mesh.shortforms import short_forms


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Allergic bronchopulmonary aspergillosis (ABPA)", {"ABPA": "Allergic bronchopulmonary aspergillosis"}),
        ("adults with heart failure with reduced ejection fraction (HFrEF) and",
         {"HFrEF": "heart failure with reduced ejection fraction"}),
        ("non-small-cell lung cancer [NSCLC]", {"NSCLC": "non-small-cell lung cancer"}),
        ("Low back pain (LBP), chronic low back pain (cLBP)",
         {"LBP": "Low back pain", "cLBP": "chronic low back pain"}),
        ("chronic kidney disease (CKD; stage 3)", {"CKD": "chronic kidney disease"}),
        ("interleukin 2 (IL-2)", {"IL-2": "interleukin 2"}),
        # and what explains nothing
        ("heart failure (severe)", {}),
        ("asthma (XYZ)", {}),
        ("(ABPA)", {}),
        ("one hundred patients (n=100)", {}),
        ("ABPA (ABPA)", {}),
        ("", {}),
    ],
)  # fmt: skip
def test_a_short_form_is_explained_by_the_words_before_it(text: str, found: dict[str, str]) -> None:
    assert short_forms([text]) == found


def test_the_first_explanation_counts() -> None:
    assert short_forms(["atrial fibrillation (AF)", "atrial flutter (AF)"]) == {"AF": "atrial fibrillation"}


@given(st.lists(st.text(alphabet="ab AB()[],;-2", max_size=40), max_size=3))
def test_what_explains_stands_in_the_text_and_is_longer(texts: list[str]) -> None:
    for short, long in short_forms(texts).items():
        assert len(long) > len(short)
        assert any(short in text for text in texts)
