"""Names beside the dots of a map, as many as can be read: none covers a dot or another name. No I/O."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

LETTER, LINE = 6.4, 13.0  # of a name, in pixels
MOST_NAMES = 14
GAP = 3.0  # between a dot and its name

Anchor = Literal["start", "middle", "end"]
Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True, slots=True)
class Spot:
    """A dot, and what it would be named; those that matter most come first."""

    x: float
    y: float
    radius: float
    name: str | None


@dataclass(frozen=True, slots=True)
class Name:
    """`x` is where the text begins, has its middle, or ends; `y` is that of its base line."""

    x: float
    y: float
    anchor: Anchor
    text: str


def named(spots: Sequence[Spot], width: float, height: float, *, taken: Box) -> tuple[Name, ...]:
    """Right of its dot, else left, above or below; each name once."""
    boxes = [taken, *(_dot(spot) for spot in spots)]
    found: dict[str, Name] = {}
    for spot in spots:
        if spot.name is None or spot.name in found or len(found) == MOST_NAMES:
            continue
        for name, box in _places(spot, spot.name):
            inside = box[0] >= 0 and box[1] >= 0 and box[2] <= width and box[3] <= height
            if inside and not any(_meet(box, other) for other in boxes):
                found[spot.name] = name
                boxes.append(box)
                break
    return tuple(found.values())


def _dot(spot: Spot) -> Box:
    return spot.x - spot.radius, spot.y - spot.radius, spot.x + spot.radius, spot.y + spot.radius


def _places(spot: Spot, text: str) -> Iterator[tuple[Name, Box]]:
    away, wide = spot.radius + GAP, len(text) * LETTER
    middle = spot.y + LINE / 3
    sides: tuple[tuple[float, float, Anchor], ...] = (
        (spot.x + away, middle, "start"),
        (spot.x - away, middle, "end"),
        (spot.x, spot.y - away, "middle"),
        (spot.x, spot.y + away + LINE * 0.75, "middle"),
    )
    for x, y, anchor in sides:
        left = {"start": x, "middle": x - wide / 2, "end": x - wide}[anchor]
        yield Name(round(x, 1), round(y, 1), anchor, text), (left, y - LINE * 0.8, left + wide, y + LINE * 0.25)


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
