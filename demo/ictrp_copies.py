"""Which records ICTRP has copies of: all of the registers that only it shows, some of the others. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from demo.dice import happens
from demo.euctr_record import COUNTRIES
from demo.holdings import Entry, entries, hash_of, indexes, seed_of, truth_for
from demo.registers import CTGOV, CTIS, EUCTR, ISRCTN, MIRRORED, REGISTERS, Register
from demo.world import Truth, World

_COPIED, _BRIDGED = 71, 72
SHARES = {CTGOV.name: 0.12, EUCTR.name: 0.35, CTIS.name: 0.3, ISRCTN.name: 0.6}
CHILDREN_LEFT_OUT = 0.5  # of records that name another one that is copied: it is their parent


@dataclass(frozen=True, slots=True)
class Copy:
    number: str
    """As ICTRP writes it."""
    register: Register
    entry: Entry
    bridged: bool
    """Whether ICTRP knows of another record of the trial."""


def copies(world: World) -> Iterator[Copy]:
    """In the order of trials, those that only ICTRP has last."""
    taken: set[str] = set()
    for index in indexes(world):
        for copy in copies_of(world, index):
            if copy.number not in taken:
                taken.add(copy.number)
                yield copy


def copies_of(world: World, index: int) -> list[Copy]:
    of, held = truth_for(world, index), entries(world, index)
    if of.outline.status == "WITHHELD":
        return []
    seed = seed_of(world, index)
    there = [one for one in held if one.register not in MIRRORED or _is_copied(seed, one)]
    found = []
    for entry in there:
        parents = [one for one in there if one.id in entry.states]
        if parents and happens(seed, hash_of(entry.id), _BRIDGED, CHILDREN_LEFT_OUT):
            continue
        children = any(entry.id in one.states for one in there)
        register = REGISTERS[entry.register]
        found.append(Copy(register.prefix + entry.id + _suffix(of, register), register, entry, bridged=children))
    return found


def _is_copied(seed: int, entry: Entry) -> bool:
    return happens(seed, hash_of(entry.id), _COPIED, SHARES[entry.register])


def _suffix(of: Truth, register: Register) -> str:
    """The country of the one protocol that ICTRP shows of a trial of EU CTR."""
    if register is not EUCTR:
        return ""
    names = (site.country.name for site in of.sites)
    return "-" + next((COUNTRIES[name][0] for name in names if name in COUNTRIES), "Outside-EU/EEA")
