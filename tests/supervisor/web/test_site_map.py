"""A map of sites, from coordinates that the record states and no others; small charts."""

from typing import Any

import pytest

from supervisor.web.map_names import MOST_NAMES, Spot, named
from supervisor.web.site_map import HEIGHT, WIDTH, SiteMap, site_map
from supervisor.web.watch_page import BAR_HEIGHT, BAR_WIDTH, bars, said


def at(lat: Any, lon: Any, **more: Any) -> dict[str, Any]:
    return {"latitude": lat, "longitude": lon, "city": "Somewhere"} | more


def drawn(*sites: dict[str, Any]) -> SiteMap:
    found = site_map({"sites": list(sites)})
    assert found is not None
    return found


@pytest.mark.parametrize(
    "sites",
    [
        [], None, [{"city": "Vienna"}], [at(0, 0)], [at(None, 16.4)], [at("48", "16")], [at(91, 0)], [at(48, 181)],
        [at(float("nan"), 5)], ["Vienna"],
    ],
)  # fmt: skip
def test_there_is_no_map_where_no_site_says_where_it_is(sites: Any) -> None:
    """N01: no point is invented."""
    assert site_map({"sites": sites}) is None


@pytest.mark.parametrize(
    "sites",
    [
        [at(48.2, 16.4)], [at(48.2, 16.4), at(-33.9, 151.2)], [at(71.0, 25.8), at(-54.8, -68.3), at(64.1, -21.9)],
        [at(0, 179.9), at(0, -179.9)], [at(89.9, 0), at(-89.9, 0)], [at(-17.7, 178.0)],
        [at(78.2, 15.6), at(78.3, 15.7)],
    ],
)  # fmt: skip
def test_every_site_lies_within_the_picture(sites: list[dict[str, Any]]) -> None:
    """N01: however far apart, and at the ends of the earth."""
    found = drawn(*sites)
    assert sum(dot.sites for dot in found.dots) == found.placed == len(sites)
    assert all(0 <= dot.x <= WIDTH and 0 <= dot.y <= HEIGHT for dot in found.dots)
    assert found.lines and all(0 < line.at < (HEIGHT if line.across else WIDTH) for line in found.lines)


def test_north_is_up_and_east_is_right() -> None:
    found = {dot.label: dot for dot in drawn(at(52.5, 13.4, city="Berlin"), at(48.2, 16.4, city="Vienna")).dots}
    assert found["Berlin"].y < found["Vienna"].y and found["Berlin"].x < found["Vienna"].x


def test_neighbours_across_the_meridian_of_180_are_drawn_as_neighbours() -> None:
    """N01: no empty world between Fiji and Samoa; where sites lie all around it, Greenwich is in the middle."""
    suva, apia = at(-18.1, 178.4, city="Suva"), at(-13.8, -171.8, city="Apia")
    near = {dot.city: dot for dot in drawn(suva, apia).dots}
    assert 0 < near["Apia"].x - near["Suva"].x < WIDTH
    assert "180°" in [line.label for line in drawn(suva, apia).lines]
    around = {dot.city: dot for dot in drawn(suva, apia, at(51.5, -0.1, city="London")).dots}
    assert around["Apia"].x < around["London"].x < around["Suva"].x


def test_cities_are_named_where_nothing_is_covered() -> None:
    """N01: as the record names them, each once; what has no room beside it goes without."""
    crowd = [at(48 + n / 50, 16 + n % 7 / 50, city=f"Town {n}") for n in range(40)]
    found = drawn(*crowd, at(40, 5, city="Aside"), at(41, 6))
    names = [name.text for name in found.names]
    assert "Aside" in names and len(names) == len(set(names)) <= MOST_NAMES
    assert {dot.city for dot in found.dots} >= set(names)
    spots = [Spot(100, 100, 5, "Here"), Spot(108, 100, 5, "There"), Spot(100, 108, 5, "Below"), Spot(5, 5, 5, None)]
    [here, there, below] = named(spots, 300, 200, taken=(200, 180, 300, 200))
    assert (here.anchor, there.anchor, below.anchor) == ("end", "start", "middle")
    assert named([Spot(10, 10, 5, "A name that is longer than the picture")], 90, 20, taken=(80, 0, 90, 20)) == ()


@pytest.mark.parametrize(
    ("sites", "km"),
    [([at(48.2, 16.4)], 200), ([at(48.2, 16.4), at(40.4, -3.7)], 500), ([at(64, -150), at(-33, 151)], 5000)],
)
def test_the_scale_is_a_round_length_that_fits(sites: list[dict[str, Any]], km: int) -> None:
    scale = drawn(*sites).scale
    assert scale.km == km
    assert 0 < scale.width <= WIDTH / 4


def test_sites_of_one_place_are_one_dot_that_names_some_of_them() -> None:
    found = drawn(*(at(48.2, 16.4, facility=f"Hospital {number}") for number in range(5)), {"city": "Linz"})
    [dot] = found.dots
    assert (dot.sites, found.placed, found.total, found.places) == (5, 5, 6, 1)
    assert dot.label == "Hospital 0, Somewhere; Hospital 1, Somewhere; Hospital 2, Somewhere and 2 more"
    assert dot.radius > drawn(at(48.2, 16.4)).dots[0].radius


def test_bars_stand_on_one_another_within_their_picture() -> None:
    found = bars([("2026-03-01", 10, 30), ("2026-03-02", 0, 0), ("2026-03-03", 5, 0)])
    assert [(bar.new_y, bar.new_height + bar.changed_height) for bar in found] == [
        (0.0, BAR_HEIGHT), (BAR_HEIGHT, 0.0), (131.2, 18.8),
    ]  # fmt: skip
    assert all(bar.x >= 0 and bar.x + bar.width <= BAR_WIDTH for bar in found)
    assert bars([]) == ()


def test_values_of_a_notice_are_told_as_people_read_them() -> None:
    assert (said("status", "not_yet_recruiting"), said("start", "2026-03")) == ("Not yet recruiting", "2026-03")
