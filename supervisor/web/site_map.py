"""The sites of a trial as points on a map, drawn from the coordinates in its record and from nothing else. No I/O.

There are no tiles, so nobody elsewhere learns what is looked at, and no outline of land, which no record states. The
projection is equirectangular, true at the middle of what is shown; lines of latitude and longitude, a scale, and the
names of cities as the record has them say where that is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import cos, log2, radians
from typing import Any

from supervisor.web.map_names import Name, Spot, named

WIDTH, HEIGHT = 720, 340  # within the frame
LEFT, BELOW = 50, 24  # of the frame, for the figures at the lines
EDGE = 26  # around the points
LEAST_SPAN = 4.0  # degrees of latitude: a single site is shown with its surroundings
MOST_LINES = 8  # of each kind
STEPS = (0.5, 1, 2, 5, 10, 15, 30, 45)  # degrees between two lines
NEAR_PX = 5.0  # points that are nearer to one another are drawn as one
MOST_SITES = 5_000
NAMED = 3  # sites that one point names
LONGEST_CITY = 24  # letters
HALF_AROUND = 180.0  # degrees; sites that a wider gap parts are nearer to one another the other way round
KM_A_DEGREE = 111.2  # of latitude
LENGTHS_KM = (5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5, 2, 1)
SCALE_BOX = (WIDTH - 210.0, HEIGHT - 30.0, float(WIDTH), float(HEIGHT))  # where the scale stands: no name does


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    radius: float
    sites: int
    label: str
    city: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of latitude (`across`) or of longitude; `at` in pixels. `zero`: the equator, or Greenwich's."""

    at: float
    label: str
    across: bool
    zero: bool


@dataclass(frozen=True, slots=True)
class Scale:
    """How long so many km are, in the middle of the picture."""

    km: int
    width: float


@dataclass(frozen=True, slots=True)
class SiteMap:
    """`placed` of `total` sites tell where they are."""

    dots: tuple[Dot, ...]
    names: tuple[Name, ...]
    lines: tuple[Line, ...]
    scale: Scale
    placed: int
    total: int
    places: int
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    below: int = BELOW


@dataclass(frozen=True, slots=True)
class _Site:
    lat: float
    lon: float  # also beyond 180, where the picture goes over that meridian
    name: str
    city: str | None


@dataclass(frozen=True, slots=True)
class _View:
    """What of the earth is shown: its north-western corner, and pixels a degree."""

    north: float
    west: float
    per_lat: float
    per_lon: float

    def xy(self, lat: float, lon: float) -> tuple[float, float]:
        return (lon - self.west) * self.per_lon, (self.north - lat) * self.per_lat


def site_map(record: Mapping[str, Any]) -> SiteMap | None:
    """None where no site tells where it is."""
    every = [one for one in record.get("sites") or () if isinstance(one, Mapping)]
    placed = [site for one in every[:MOST_SITES] if (site := _site(one)) is not None]
    if not placed:
        return None
    placed = _turned_together(placed)
    view = _view(placed)
    dots = _dots(placed, view)
    names = named([Spot(dot.x, dot.y, dot.radius, dot.city) for dot in dots], WIDTH, HEIGHT, taken=SCALE_BOX)
    return SiteMap(dots, names, _lines(view), _scale(view), len(placed), len(every), len(dots))


def _site(site: Mapping[str, Any]) -> _Site | None:
    """0, 0 stands in records for a place that is not known."""
    lat, lon = site.get("latitude"), site.get("longitude")
    if not (isinstance(lat, int | float) and isinstance(lon, int | float)) or lat == lon == 0:
        return None
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        return None
    name = ", ".join(str(part) for part in (site.get("facility"), site.get("city"), site.get("country")) if part)
    city = site.get("city")
    return _Site(float(lat), float(lon), name[:200] or "not named", str(city)[:LONGEST_CITY] if city else None)


def _turned_together(sites: Sequence[_Site]) -> list[_Site]:
    """The same, where they lie around the meridian of 180 as neighbours: Fiji and Samoa."""
    around = sorted({one.lon for one in sites})
    gaps = [(later - earlier, later) for earlier, later in pairwise(around)]
    widest, begins = max(gaps, default=(0.0, 0.0))
    if widest < HALF_AROUND:
        return list(sites)
    return [one if one.lon >= begins else replace(one, lon=one.lon + 360) for one in sites]


def _view(sites: Sequence[_Site]) -> _View:
    """All sites with an edge around them, in the picture's shape."""
    south, north = min(one.lat for one in sites), max(one.lat for one in sites)
    west, east = min(one.lon for one in sites), max(one.lon for one in sites)
    middle_lat, middle_lon = (south + north) / 2, (west + east) / 2
    narrow = max(cos(radians(min(abs(middle_lat), 75.0))), 0.26)  # a degree of longitude, in degrees of latitude
    inner_width, inner_height = WIDTH - 2 * EDGE, HEIGHT - 2 * EDGE
    span = max(LEAST_SPAN, (north - south) * 1.1, (east - west) * narrow * 1.06 * inner_height / inner_width)
    per_lat = inner_height / min(span, 180.0)
    per_lon = min(per_lat * narrow, inner_width / max((east - west) * 1.04, 1e-9))
    return _View(
        north=middle_lat + HEIGHT / 2 / per_lat,
        west=middle_lon - WIDTH / 2 / per_lon,
        per_lat=per_lat,
        per_lon=per_lon,
    )


def _dots(sites: Iterable[_Site], view: _View) -> tuple[Dot, ...]:
    """Sites that would cover one another become one dot, in their middle, the larger the more they are."""
    cells: dict[tuple[int, int], list[_Site]] = {}
    for one in sites:
        x, y = view.xy(one.lat, one.lon)
        cells.setdefault((round(x / NEAR_PX), round(y / NEAR_PX)), []).append(one)
    dots = []
    for group in cells.values():
        lat, lon = sum(one.lat for one in group) / len(group), sum(one.lon for one in group) / len(group)
        x, y = view.xy(lat, lon)
        radius = round(5 + 1.5 * log2(len(group)), 1)
        city = next((one.city for one in group if one.city), None)
        dots.append(Dot(round(x, 1), round(y, 1), radius, len(group), _label(group), city))
    return tuple(sorted(dots, key=lambda dot: (-dot.sites, dot.x, dot.y)))  # small ones lie above large ones


def _label(group: Sequence[_Site]) -> str:
    names = list(dict.fromkeys(one.name for one in group))
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return "; ".join(names[:NAMED]) + more


def _lines(view: _View) -> tuple[Line, ...]:
    south, east = view.north - HEIGHT / view.per_lat, view.west + WIDTH / view.per_lon
    across = [
        Line(round(view.xy(lat, 0)[1], 1), _degrees(lat, "N", "S"), True, lat == 0)
        for lat in _marks(max(south, -90.0), min(view.north, 90.0))
    ]
    along = [
        Line(round(view.xy(0, lon)[0], 1), _degrees(_turned(lon), "E", "W"), False, _turned(lon) == 0)
        for lon in _marks(view.west, east)
    ]
    return tuple(line for line in (*across, *along) if _is_inside(line))


def _scale(view: _View) -> Scale:
    """The longest round length that is at most a quarter of the picture wide."""
    most = WIDTH / 4 / (view.per_lat / KM_A_DEGREE)
    km = next(km for km in LENGTHS_KM if km <= most)
    return Scale(km, round(km * view.per_lat / KM_A_DEGREE, 1))


def _is_inside(line: Line) -> bool:
    """Far enough from the edges for its figure to be read."""
    edge = 6 if line.across else 14
    return edge < line.at < (HEIGHT if line.across else WIDTH) - edge


def _marks(low: float, high: float) -> list[float]:
    step = next((step for step in STEPS if (high - low) / step <= MOST_LINES), STEPS[-1])
    first = int(low // step) + 1
    return [number * step for number in range(first, int(high // step) + 1)]


def _turned(lon: float) -> float:
    """From -180 to 180; the meridian where they meet is 180."""
    return (lon + 180) % 360 - 180 or 0.0 if lon % 360 != 180 else 180.0


def _degrees(value: float, positive: str, negative: str) -> str:
    if value in (0, 180):
        return f"{value:g}°"
    return f"{abs(value):g}° {positive if value > 0 else negative}"
