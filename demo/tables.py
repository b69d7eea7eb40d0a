"""The word lists of the world, read from demo/data when first imported."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from demo.dice import Weights


@dataclass(frozen=True, slots=True)
class Condition:
    area: str
    descriptor: str
    term: str
    """The preferred term of MeSH."""
    names: tuple[str, ...]
    """What sponsors write, most telling first; the preferred term is one of them unless it is inverted."""


@dataclass(frozen=True, slots=True)
class Treatment:
    area: str
    type: str
    name: str
    descriptor: str
    """Empty where MeSH has none."""


@dataclass(frozen=True, slots=True)
class City:
    name: str
    state: str
    zip: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Country:
    name: str
    region: str
    """eu, eea, gb or other: decides which registers a trial there may need."""
    language: str
    facilities: tuple[str, ...]
    cities: tuple[City, ...]


@dataclass(frozen=True, slots=True)
class People:
    given: tuple[str, ...]
    family: tuple[str, ...]


def rows(name: str) -> Iterator[list[str]]:
    """The lines of a table, as cells."""
    text = files("demo").joinpath("data", f"{name}.tsv").read_text("utf-8")
    return (line.split("\t") for line in text.splitlines() if not line.startswith("#"))


def _conditions() -> tuple[Condition, ...]:
    found = []
    for area, descriptor, term, written in rows("conditions"):
        names = tuple(name for name in written.split(";") if name)
        found.append(Condition(area, descriptor, term, names if ", " in term and names else (term, *names)))
    return tuple(found)


def _countries() -> Weights[Country]:
    cities: dict[str, list[City]] = {}
    for country, city, state, code, latitude, longitude in rows("cities"):
        cities.setdefault(country, []).append(City(city, state, code, float(latitude), float(longitude)))
    return Weights(
        [
            (Country(name, region, language, tuple(names.split(";")), tuple(cities[name])), float(share))
            for name, region, language, share, names in rows("countries")
        ]
    )


CONDITIONS = _conditions()
TREATMENTS = tuple(Treatment(*row) for row in rows("treatments"))
COUNTRIES = _countries()
PEOPLE = {
    language: People(tuple(given.split(";")), tuple(family.split(";"))) for language, given, family in rows("people")
}
SPONSORS: dict[str, tuple[str, ...]] = {}
for _class, _name in rows("sponsors"):
    SPONSORS[_class] = (*SPONSORS.get(_class, ()), _name)

TREATMENTS_OF = {area: tuple(t for t in TREATMENTS if t.area == area) for area in {t.area for t in TREATMENTS}}
_ABOVE = {ui: (term, tuple(above.split())) for ui, term, above in rows("mesh_parents")}


@cache
def ancestors(descriptor: str) -> tuple[tuple[str, str], ...]:
    """(descriptor, term) of everything above a descriptor, nearest first."""
    found: dict[str, str] = {}
    waiting = list(_ABOVE[descriptor][1])
    while waiting:
        above = waiting.pop(0)
        if above not in found:
            term, higher = _ABOVE[above]
            found[above] = term
            waiting += higher
    return tuple(found.items())
