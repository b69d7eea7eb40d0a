"""Searches as people ask for them: places and meanings are looked up where they are known, then trials are found."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from actors.mesh import store as mesh
from actors.trials import search as ask
from actors.trials.facets import folded
from actors.trials.finding import answer, store
from actors.trials.finding.asking import Meaning
from actors.trials.finding.describing import is_description
from actors.trials.finding.grid import Circle, Point
from actors.trials.finding.kept import Lately, on_one
from actors.trials.semantic import answer as semantic
from actors.trials.semantic.answer import Mode

_COORDINATES = re.compile(r"\s*(-?\d{1,3}(?:\.\d+)?)\s*[,; ]\s*(-?\d{1,3}(?:\.\d+)?)\s*")
MOST_OTHERS = 5
MOST_MEANINGS = 12
_MEANINGS = Lately[tuple[Meaning, ...]](2_000, 30.0)  # another year of MeSH is meant within half a minute


@dataclass(frozen=True, slots=True)
class Wanted:
    """A search whose place, as it was typed, is still to be looked up; with `expand`, also what its words mean.

    `mode`: by its text, by likeness to it, or by both; without a text there is no likeness.
    """

    search: ask.Search
    near: str | None = None
    within_km: float = 50.0
    expand: bool = True
    mode: Mode = "text"

    @property
    def by_likeness(self) -> bool:
        return self.mode != "text" and bool(self.search.text.strip())


async def find(db: store.Database, wanted: Wanted, *, values: bool = False) -> ask.Results:
    """Raises BadSearch."""
    if wanted.mode != "text" and wanted.by_likeness:
        search, meanings = await settled(db, wanted)
        return await semantic.search(db, search, wanted.mode, meanings)
    async with on_one(db) as one:
        search, meanings = await settled(one, wanted)
        found = await answer.search(one, search, meanings=meanings, values=values)
        return replace(found, facets=await _named(one, found.facets)) if values else found


async def rows_beyond(db: store.Database, wanted: Wanted, most: int) -> int | None:
    """How many rows an export has where that is more than `most`, else None. Raises BadSearch."""
    if wanted.by_likeness or not await store.has_more_than(db, most):
        return None
    search, meanings = await settled(db, wanted)
    rows = await answer.count_everything(db, search, meanings)
    return rows if rows > most else None


async def everything(db: answer.Exporting, wanted: Wanted) -> AsyncIterator[Sequence[Any]]:
    """All that is found, some rows at a time, by our id. Raises BadSearch."""
    if wanted.by_likeness:
        raise ask.BadSearch(
            "mode", f"{wanted.mode}: what is found by likeness is a list of 200 at most, told page by page; an export "
            "has all that have the words: leave mode out, or say mode=text",
        )  # fmt: skip
    search, meanings = await settled(db, wanted)
    async for rows in answer.everything(db, search, meanings):
        yield rows


async def settled(db: store.Database, wanted: Wanted) -> tuple[ask.Search, tuple[Meaning, ...]]:
    """The search with its place, and what its words mean. Raises BadSearch."""
    search = wanted.search
    if wanted.near:
        search = replace(search, near=await place(db, wanted.near, wanted.within_km))
    elif search.order == "distance":
        raise ask.BadSearch("near", "an order by distance needs a place, such as Vienna or 48.2,16.37")
    if len(search.text) > ask.LONGEST_TEXT or "\0" in search.text:
        return search, ()  # refused, or read without it
    return search, await meanings_of(db, search.text) if wanted.expand or "mesh:" in search.text else ()


async def meanings_of(db: store.Database, text: str) -> tuple[Meaning, ...]:
    """What the words of a text name in MeSH."""
    if not text.strip():
        return ()
    if (known := _MEANINGS.get(db, text)) is not None:
        return known
    found = await mesh.expand(db, text.encode(errors="replace").decode())
    most = MOST_MEANINGS if is_description(text) else None
    meanings = tuple(Meaning(text[one.start : one.end], one.ui, one.name, one.how) for one in found[:most])
    _MEANINGS.keep(db, text, meanings)
    return meanings


async def place(db: store.Database, text: str, within_km: float) -> ask.Near:
    """Coordinates, or a city (and its country) as registries' records place it. Raises BadSearch."""
    if match := _COORDINATES.fullmatch(text):
        center = Point(float(match[1]), float(match[2]))
        if not (-90 <= center.lat <= 90 and -180 <= center.lon <= 180):
            raise ask.BadSearch("near", f"{text!r} is not on the earth: expected latitude,longitude such as 48.2,16.37")
        return ask.Near(Circle(center, within_km), f"{center.lat:g}, {center.lon:g}")
    city, _, country = (part.strip() for part in _storable(text).partition(","))
    cities = await store.places(db, folded(city), folded(country) or None)
    if not cities:
        raise ask.BadSearch("near", f"no site that we know lies in {text!r}: expected a city, or latitude,longitude")
    first, *others = cities
    named = tuple(f"{one.shown}, {one.country}" for one in others[:MOST_OTHERS] if one.country)
    name = f"{first.shown}, {first.country}" if first.country else first.shown
    return ask.Near(Circle(Point(first.lat, first.lon), within_km), name, named)


def _storable(text: str) -> str:
    return text.replace("\0", " ").encode(errors="replace").decode()


async def suggest(db: store.Database, beginning: str, limit: int = 10) -> list[store.Suggestion]:
    """What somebody who types this may mean: headings of MeSH, then numbers, names and cities."""
    plain = folded(_storable(beginning))
    if len(plain) < 2:
        return []
    found = [
        store.Suggestion("mesh", one.name, one.trials, None if one.term == one.name else one.term)
        for one in await mesh.suggest(db, plain, limit // 2)
    ]
    known = {one.text.casefold() for one in found}
    others = [one for one in await store.suggest(db, plain, limit) if one.text.casefold() not in known]
    return [*found, *others][:limit]


async def _named(db: store.Database, facets: ask.Facets) -> ask.Facets:
    """MeSH headings with their names; those that are not known any more are left out."""
    codes: Sequence[ask.Value] = facets.values.get("mesh", ())
    if not codes:
        return facets
    known = await mesh.stands(db, [one.value for one in codes])
    named = tuple(replace(one, name=known[one.value].name) for one in codes if one.value in known)
    return replace(facets, values={**facets.values, "mesh": named})
