"""Places of the tree are compared part by part, and a heading stands at several of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.mesh import tree
from actors.mesh.tree import Tree, ancestors, depth, is_tree_number, is_under, parent, without_parent
from tests.mesh.made import tree as made

NUMBERS = st.builds(
    lambda letter, first, rest: ".".join([f"{letter}{first:02}", *(f"{one:03}" for one in rest)]),
    st.sampled_from("ACD"),
    st.integers(1, 3),
    st.lists(st.integers(0, 3), max_size=4),
)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("C14", True), ("C14.280", True), ("C04.557.337.539.275", True), ("Z01.058", True), ("C4", False), ("c14", False),
     ("C14.", False), ("C14.1", False), ("C14.2800", False), ("14.280", False), ("", False), ("C14 ", False)],
)  # fmt: skip
def test_a_tree_number_is_told_from_other_texts(text: str, is_one: bool) -> None:
    assert is_tree_number(text) is is_one


@pytest.mark.parametrize(
    ("number", "above"),
    [("C14.280.647", "C14.280"), ("C14.280", "C14"), ("C14", None)],
)
def test_the_parent_is_the_place_above(number: str, above: str | None) -> None:
    assert parent(number) == above


def test_the_ancestors_of_a_place_are_told_from_the_nearest_on() -> None:
    assert list(ancestors("C14.280.647.500")) == ["C14.280.647", "C14.280", "C14"]
    assert list(ancestors("C14")) == []


@pytest.mark.parametrize(
    ("number", "other", "under"),
    [("C04.588.180", "C04.588", True), ("C04.588.180", "C04.5", False), ("C04.588", "C04.588", False),
     ("C04", "C04.588", False), ("C040.1", "C04", False)],
)  # fmt: skip
def test_places_are_compared_part_by_part(number: str, other: str, under: bool) -> None:
    assert is_under(number, other) is under


@given(NUMBERS)
def test_each_place_is_under_all_its_ancestors_and_as_deep_as_they_are_many(number: str) -> None:
    above = list(ancestors(number))
    assert depth(number) == len(above)
    assert all(is_under(number, one) for one in above)


def test_places_without_a_parent_are_found() -> None:
    """G16: third parties' tables leave out the top-level places; then a whole category would have no root."""
    assert without_parent(["C14.280", "C14.280.647", "C04", "C04.588"]) == {"C14.280"}


def test_a_heading_has_a_parent_at_each_of_its_places() -> None:
    found = made()
    assert found.numbers("D009203") == ("C14.280.647.500", "C23.550.513.355.750")
    assert found.parents("D009203") == {"D017202", "D007238"}
    assert found.ancestors("D009203") == {"D017202", "D006331", "D007238", "D007511"}
    assert found.at("C23.550.513.355.750") == "D009203"
    assert found.letters("D010919") == {"D", "E"}


def test_what_is_below_a_heading_is_below_any_of_its_places() -> None:
    found = Tree([("D1", "C14"), ("D1", "C23.100"), ("D2", "C14.100"), ("D3", "C14.100.200"), ("D4", "C23.100.300"),
                  ("D5", "C23.1000"), ("D6", "C141.100")])  # fmt: skip
    assert found.children("D1") == {"D2", "D4"}
    assert found.descendants("D1") == {"D2", "D3", "D4"}
    assert found.descendants("D3") == set()


def test_a_place_whose_heading_is_not_held_hides_none_below_it() -> None:
    found = Tree([("D1", "C14"), ("D3", "C14.100.200")])
    assert found.descendants("D1") == {"D3"}
    assert found.children("D1") == set()
    assert found.parents("D3") == set()
    assert found.ancestors("D3") == {"D1"}


@pytest.mark.parametrize(
    ("ui", "above", "steps"),
    [("D009203", "D017202", 1), ("D009203", "D007511", 2), ("D017202", "D009203", None), ("D009203", "D009203", None),
     ("D009203", "D999999", None)],
)  # fmt: skip
def test_steps_are_counted_by_the_shortest_way(ui: str, above: str, steps: int | None) -> None:
    assert made().steps(ui, above) == steps


def test_a_heading_is_within_a_place_at_it_or_below_it() -> None:
    found = made()
    assert found.is_within("D007511", "C23.550.513")
    assert found.is_within("D009203", "C23.550.513")
    assert not found.is_within("D009203", "C23.550.51")
    assert not found.is_within("D011269", "C23")


@given(st.lists(NUMBERS, unique=True, max_size=30))
def test_the_tree_agrees_with_looking_at_every_pair(numbers: list[str]) -> None:
    places = {f"D{at}": number for at, number in enumerate(numbers)}
    found = Tree(places.items())
    for ui, number in places.items():
        assert found.descendants(ui) == {one for one, other in places.items() if is_under(other, number)}
        assert found.ancestors(ui) == {one for one, other in places.items() if is_under(number, other)}
        assert found.children(ui) == {one for one, other in places.items() if parent(other) == number}
    assert found.top() == sorted(number for number in numbers if tree.depth(number) == 0)
