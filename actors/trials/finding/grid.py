"""Places on the earth: distances, and the cells of a grid that stand as words in the text index. No I/O.

A distance is that of the great circle on a sphere of the earth's mean radius. A trial carries a word for each cell in
which it has a site, `=cell:<row>:<column>` of half a degree and `=area:<row>:<column>` of four degrees. A search within
a distance asks for all cells that the circle may touch; those that lie wholly inside need no further look, of the
others each site is measured.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

EARTH_KM = 6371.0088  # mean radius R1 of WGS 84, IUGG; Moritz, J. Geodesy 2000;74:128
FINE, COARSE = 0.5, 4.0  # degrees
FINE_UP_TO_KM = 200.0  # within more, the coarse grid is asked
MOST_KM = 2000.0
MARGIN_KM = 0.01  # a site is kept to 0.00001 degrees, which is a metre


@dataclass(frozen=True, slots=True)
class Point:
    """In degrees, north and east."""

    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Circle:
    center: Point
    km: float


def is_place(lat: float | None, lon: float | None) -> bool:
    """Whether coordinates can be a site's: on the earth, and not the 0, 0 that stands for an unknown one."""
    if lat is None or lon is None or (lat == 0 and lon == 0):
        return False
    return -90 <= lat <= 90 and -180 <= lon <= 180


def km_between(a: Point, b: Point) -> float:
    """The haversine formula; Sinnott, Sky and Telescope 1984;68:159."""
    lat_a, lat_b = math.radians(a.lat), math.radians(b.lat)
    across = math.sin((lat_b - lat_a) / 2) ** 2
    along = math.sin(math.radians(b.lon - a.lon) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(min(1.0, across + math.cos(lat_a) * math.cos(lat_b) * along)))


def cells_of(points: Iterable[Point]) -> Iterator[str]:
    """The words that sites at these points bring."""
    for point in points:
        yield _word("cell", *_cell(point.lat, point.lon, FINE))
        yield _word("area", *_cell(point.lat, point.lon, COARSE))


@dataclass(frozen=True, slots=True)
class Covered:
    """The words of all cells that a circle may touch, and of those among them that lie wholly inside."""

    touched: tuple[str, ...]
    inside: tuple[str, ...]


def cover(circle: Circle) -> Covered:
    """The circle in cells."""
    name, degrees = ("cell", FINE) if circle.km <= FINE_UP_TO_KM else ("area", COARSE)
    touched, inside = [], []
    for row, column in _around(circle, degrees):
        word = _word(name, row, column)
        touched.append(word)
        if _farthest_km(circle.center, row, column, degrees) < circle.km - MARGIN_KM:
            inside.append(word)
    return Covered(tuple(touched), tuple(inside))


def _around(circle: Circle, degrees: float) -> Iterator[tuple[int, int]]:
    """Rows and columns of the cells in the smallest box around a circle; all columns where it holds a pole."""
    low, high, half = _extent(circle)
    columns = round(360 / degrees)
    rows = range(_row(max(low, -90.0), degrees), _row(min(high, 90.0), degrees) + 1)
    if half >= 180:
        wide: Iterable[int] = range(columns)
    else:
        first = math.floor((circle.center.lon - half + 180) / degrees)
        last = math.floor((circle.center.lon + half + 180) / degrees)
        wide = sorted({column % columns for column in range(first, last + 1)})
    for row in rows:
        for column in wide:
            yield row, column


def _extent(circle: Circle) -> tuple[float, float, float]:
    """The southmost and northmost degrees of a circle, and how many it reaches east; 180 where it holds a pole."""
    angle = (circle.km + MARGIN_KM) / EARTH_KM
    lat = math.radians(circle.center.lat)
    low, high = math.degrees(lat - angle), math.degrees(lat + angle)
    if low <= -90 or high >= 90:
        return low, high, 180.0
    return low, high, math.degrees(math.asin(min(1.0, math.sin(angle) / math.cos(lat))))


def box(circle: Circle) -> list[int]:
    """South, north, west and east of a circle in 1/100,000 degrees; east and west may lie beyond 180."""
    low, high, half = _extent(circle)
    west, east = circle.center.lon - half, circle.center.lon + half
    return [math.floor(low * 1e5), math.ceil(high * 1e5), math.floor(west * 1e5), math.ceil(east * 1e5)]


def _farthest_km(center: Point, row: int, column: int, degrees: float) -> float:
    """An upper bound for the distance to any point of a cell: to its middle, and from there to its farthest corner."""
    south, west = row * degrees - 90, column * degrees - 180
    middle = Point(south + degrees / 2, west + degrees / 2)
    corners = max(km_between(middle, Point(lat, west)) for lat in (south, south + degrees))
    return km_between(center, middle) + corners


def _cell(lat: float, lon: float, degrees: float) -> tuple[int, int]:
    columns = round(360 / degrees)
    return _row(lat, degrees), math.floor((lon + 180) / degrees) % columns


def _row(lat: float, degrees: float) -> int:
    return min(math.floor((lat + 90) / degrees), round(180 / degrees) - 1)


def _word(name: str, row: int, column: int) -> str:
    return f"={name}:{row}:{column}"
