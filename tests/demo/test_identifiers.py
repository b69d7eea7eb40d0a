import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo import identifiers
from demo.identifiers import Place

INDEXES = st.integers(0, identifiers.MOST_TRIALS - 1)


@given(INDEXES)
def test_a_number_leads_back_to_its_trial(index: int) -> None:
    assert identifiers.place(identifiers.nct(index)) == Place(index, obsolete=False)
    assert identifiers.place(identifiers.obsolete_nct(index)) == Place(index, obsolete=True)


@given(INDEXES)
def test_every_number_is_one_that_its_register_could_give(index: int) -> None:
    assert re.fullmatch(r"NCT0[89]\d{6}", identifiers.nct(index))
    assert re.fullmatch(r"20\d{2}-0\d{5}-\d{2}", identifiers.eudract(index, 2019))
    assert re.fullmatch(r"20\d{2}-5\d{5}-\d{2}-00", identifiers.eu_ct(index, 2024))
    assert re.fullmatch(r"ISRCTN[1-9]\d{7}", identifiers.isrctn(index))
    assert re.fullmatch(r"U1111-\d{4}-\d{4}", identifiers.utn(index))


def test_no_two_trials_of_a_world_share_a_number() -> None:
    indexes = range(0, identifiers.MOST_TRIALS, 37)
    for number in (
        identifiers.nct,
        identifiers.obsolete_nct,
        lambda index: identifiers.eudract(index, 2019),
        lambda index: identifiers.eu_ct(index, 2024),
        identifiers.isrctn,
        identifiers.utn,
    ):
        assert len({number(index) for index in indexes}) == len(indexes)


@pytest.mark.parametrize("text", ["NCT07999999", "NCT09999000", "NCT00000001"])
def test_a_number_outside_the_world_means_no_trial(text: str) -> None:
    assert identifiers.place(text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("nct8000000", "NCT08000000"),
        ("NCT000008000000", "NCT08000000"),
        ("NCT00000000", None),
        ("NCT123456789", None),
        ("8000000", None),
        ("NCT08000000x", None),
    ],
)
def test_numbers_are_read_as_the_registry_reads_them(text: str, number: str | None) -> None:
    assert identifiers.canonical(text) == number
