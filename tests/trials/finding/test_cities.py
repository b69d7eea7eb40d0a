"""Names that one city goes by."""

import pytest

from actors.trials.facets import folded
from actors.trials.finding.cities import _names, names_of
from actors.trials.search import Search, question


@pytest.mark.parametrize(
    ("typed", "written"),
    [("Vienna", "wien"), ("Wien", "vienna"), ("München", "munich"), ("The Hague", "den haag"), ("Köln", "cologne")],
)
def test_a_city_is_found_by_its_other_names(typed: str, written: str) -> None:
    """G23: a place as people name it, and as records do."""
    assert written in names_of(folded(typed))


def test_a_city_without_other_names_is_itself() -> None:
    assert names_of("graz") == ("graz",)


def test_every_name_is_folded_and_of_one_city() -> None:
    assert all(name == folded(name) and name in names for name, names in _names().items())
    groups = set(_names().values())
    assert sum(map(len, groups)) == len(_names())


def test_the_filter_by_city_asks_for_all_names() -> None:
    assert "=city:wien" in question(Search(city=("Vienna",)))
