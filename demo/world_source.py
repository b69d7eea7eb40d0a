"""A generated world as a source of ClinicalTrials.gov records, made as they are asked for."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cached_property

from demo import identifiers
from demo.ctgov_record import iso, record
from demo.outline import posted_day
from demo.source import Held, Moved, Source
from demo.world import World, born, is_present, outline_of, present, size, truth


class WorldSource:
    """Nothing is computed before it is asked for: a world of 600,000 trials starts at once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._dated: tuple[Sequence[int], Sequence[str]] | None = None
        """Last updates and statuses by position, once prepared."""

    @property
    def version(self) -> str:
        return f"{self.world!r}"

    @property
    def timestamp(self) -> str:
        return f"{self.world.first_day + timedelta(days=self.world.day)}T14:00:00"

    def on(self, day: int | None) -> Source:
        return self if day in (None, self.world.day) else WorldSource(self.world.on(day or 0))

    def positions(self) -> Sequence[int]:
        return self._present

    @cached_property
    def _present(self) -> Sequence[int]:
        return present(self.world)

    def body(self, position: int) -> bytes:
        return record(self.world, position)

    def bodies(self, positions: Sequence[int]) -> bytes:
        return b",".join([record(self.world, position) for position in positions])

    def find(self, nct: str) -> Held | Moved | None:
        place = identifiers.place(nct)
        if place is None or not is_present(self.world, place.index):
            return None
        if not place.obsolete:
            return Held(place.index)
        of = truth(self.world, place.index)
        return Moved(of.nct) if nct in of.obsolete else None

    def nct(self, position: int) -> str:
        return identifiers.nct(position)

    def posted(self, position: int) -> str:
        first_day = self.world.first_day.toordinal()
        since = born(self.world, position)
        return iso(posted_day(position, first_day) if since is None else first_day + since)

    def updated(self, position: int) -> str:
        day = self._dated[0][position] if self._dated else outline_of(self.world, position).updated
        return iso(day)

    def status(self, position: int) -> str:
        return self._dated[1][position] if self._dated else outline_of(self.world, position).status

    def prepare(self) -> None:
        """Some 20 s for 600,000 trials."""
        if self._dated is None:
            updated, statuses = array("I"), []
            for index in range(size(self.world)):
                at = outline_of(self.world, index)
                updated.append(at.updated)
                statuses.append(at.status)
            self._dated = updated, statuses


def world_of(trials: int, *, seed: int = 1, day: int = 0, first_day: date | None = None) -> WorldSource:
    world = World(trials, seed, day)
    return WorldSource(world if first_day is None else World(trials, seed, day, first_day))
