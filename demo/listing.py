"""The records of a register on one of its days, listed when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from demo.holdings import Entry, holdings
from demo.world import World

R = TypeVar("R")


class Listing(Generic[R]):
    """`list_of` gives the records of a day; it may take seconds for a big world, and is asked once for each day."""

    def __init__(self, version: str, list_of: Callable[[int | None], Sequence[R]], day: int | None = None) -> None:
        self.version, self._list_of, self._day = f"{version} {day}", list_of, day
        self._named = version

    @cached_property
    def records(self) -> Sequence[R]:
        return self._list_of(self._day)

    def on(self, day: int | None) -> Listing[R]:
        return self if day == self._day else Listing(self._named, self._list_of, day)


@dataclass(frozen=True, slots=True)
class _OfWorld(Generic[R]):
    world: World
    register: str
    render: Callable[[World, Entry], Sequence[R]]

    def __call__(self, day: int | None) -> Sequence[R]:
        world = self.world.on(self.world.day if day is None else day)
        return [one for entry in holdings(world).get(self.register, ()) for one in self.render(world, entry)]


def of_world(world: World, register: str, render: Callable[[World, Entry], Sequence[R]]) -> Listing[R]:
    """A register of the world; `render` makes what is listed of each record, and leaves its body for later."""
    return Listing(f"{world!r} {register}", _OfWorld(world, register, render))
