"""`python -m demo truth`: which records of the world are of the same trial, and which only look so.

A line of JSON for each trial: `{"trial", "records": [{"registry", "id"}, …]}`; then one for each trap:
`{"trap", "trial", "like"}`, two trials that are not the same.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import orjson

from demo.ctis_record import listed
from demo.elsewhere import foreign, foreign_indexes, is_gone
from demo.holdings import entries, holdings, indexes
from demo.ictrp_copies import copies
from demo.registers import CTIS, MIRRORED
from demo.world import FIRST_DAY, World


@dataclass(frozen=True, slots=True)
class Held:
    registry: str
    """As triald's own name for what it mirrors: ctgov, ctis, euctr, isrctn, ictrp."""
    id: str


@dataclass(frozen=True, slots=True)
class Cluster:
    trial: str
    """Its number in the first register that has it."""
    records: tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class Mistaken:
    """Two trials that are not the same, by a number of each, and why one might think so."""

    trap: str
    trial: str
    like: str


def clusters(world: World) -> Iterator[Cluster]:
    """Every trial that any of the five registries shows today."""
    there = {entry.id for held in holdings(world).values() for entry in held}
    copied: dict[int, list[Held]] = {}
    for copy in copies(world):
        copied.setdefault(copy.entry.index, []).append(Held("ictrp", copy.number))
    for index in indexes(world):
        found: list[Held] = []
        for entry in entries(world, index):
            if entry.register == CTIS.name and entry.id in there:
                found += [Held(CTIS.name, one.number) for one in listed(world, entry)]
            elif entry.register in MIRRORED and (entry.register == "ctgov" or entry.id in there):
                found.append(Held(entry.register, entry.id))
        found += copied.get(index, [])
        if found:
            yield Cluster(found[0].id, tuple(found))


def traps(world: World) -> Iterator[Mistaken]:
    for index in foreign_indexes(world):
        found = foreign(world, index)
        if found.trap is None or found.like is None or is_gone(world, index):
            continue
        held, other = entries(world, index), entries(world, found.like)
        if held and other:
            yield Mistaken(found.trap.value, held[0].id, other[0].id)


def run(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m demo truth", description="Which records are of the same trial.")
    parser.add_argument("--trials", type=int, default=2_000, help="of the world, on day 0")
    parser.add_argument("--seed", type=int, default=1, help="which world")
    parser.add_argument("--today", type=date.fromisoformat, default=FIRST_DAY, help="the date of world day 0")
    parser.add_argument("--day", type=int, default=0, help="the world's day")
    given = parser.parse_args(arguments)
    try:
        world = World(given.trials, given.seed, given.day, given.today)
    except ValueError as error:
        parser.error(str(error))
    for one in (*clusters(world), *traps(world)):
        sys.stdout.buffer.write(orjson.dumps(one) + b"\n")
    return 0
