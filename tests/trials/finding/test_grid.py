"""Distances and cells: exact at the border, over the poles and across the line where the days begin."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.trials.finding.grid import EARTH_KM, Circle, Point, box, cells_of, cover, is_place, km_between

VIENNA = Point(48.2082, 16.3738)
DEGREE_KM = EARTH_KM * math.pi / 180


def test_distances_on_paper() -> None:
    """G23: along a meridian and along the equator a distance is the angle times the radius."""
    assert km_between(Point(0, 0), Point(1, 0)) == pytest.approx(DEGREE_KM, abs=1e-9)
    assert km_between(Point(0, 0), Point(0, 90)) == pytest.approx(EARTH_KM * math.pi / 2, abs=1e-9)
    assert km_between(Point(-90, 5), Point(90, 80)) == pytest.approx(EARTH_KM * math.pi, abs=1e-9)
    assert km_between(Point(10, 179.5), Point(10, -179.5)) == pytest.approx(km_between(Point(10, 0), Point(10, 1)))
    # two points of one parallel: 2 R asin(cos(lat) sin(half the angle)), by hand for 60 degrees and one degree
    assert km_between(Point(60, 0), Point(60, 1)) == pytest.approx(
        2 * EARTH_KM * math.asin(0.5 * math.sin(math.radians(0.5))), abs=1e-9
    )


points = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))


@given(points, st.floats(0.5, 2000), st.floats(0, 360), st.floats(0, 1.2))
def test_whatever_lies_within_a_circle_lies_in_a_cell_that_it_touches(
    center: Point, km: float, bearing: float, share: float
) -> None:
    other = _towards(center, bearing, km * share)
    covered, words = cover(Circle(center, km)), set(cells_of([other]))
    distance = km_between(center, other)
    if distance <= km:
        assert words & set(covered.touched)
        south, north, west, east = box(Circle(center, km))
        assert south <= round(other.lat * 1e5) <= north
        assert any(west <= round(other.lon * 1e5) + turn <= east for turn in (-36_000_000, 0, 36_000_000))
    if words & set(covered.inside):
        assert distance < km
    assert set(covered.inside) <= set(covered.touched)


def _towards(start: Point, bearing: float, km: float) -> Point:
    lat, lon, to, angle = *map(math.radians, (start.lat, start.lon, bearing)), km / EARTH_KM
    north = math.asin(
        max(-1.0, min(1.0, math.sin(lat) * math.cos(angle) + math.cos(lat) * math.sin(angle) * math.cos(to)))
    )
    east = lon + math.atan2(
        math.sin(to) * math.sin(angle) * math.cos(lat), math.cos(angle) - math.sin(lat) * math.sin(north)
    )
    return Point(math.degrees(north), (math.degrees(east) + 540) % 360 - 180)


@pytest.mark.parametrize(("km", "most"), [(10, 4), (100, 40), (200, 130), (1000, 60), (2000, 250)])
def test_a_circle_is_asked_for_with_few_words(km: float, most: int) -> None:
    assert 0 < len(cover(Circle(VIENNA, km)).touched) <= most


@pytest.mark.parametrize(
    ("lat", "lon", "is_one"),
    [(0, 0, False), (None, 1, False), (90, 180, True), (90.1, 0, False), (0, -180.1, False), (0, 0.1, True)],
)
def test_what_can_be_the_place_of_a_site(lat: float | None, lon: float | None, is_one: bool) -> None:
    assert is_place(lat, lon) is is_one
