"""Which register holds which record of which trial, and what the record states of the others. No I/O."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from demo import identifiers
from demo.dice import few_dice, happens
from demo.elsewhere import foreign, foreign_indexes, foreign_seed, is_gone, national_register
from demo.outline import Kind
from demo.registers import CTGOV, CTIS, ELSEWHERE, EUCTR, REGISTERS
from demo.world import Truth, World, is_present, size, truth

_TWIN, _DAYS, _STATES = 21, 22, 23
NATIONAL_TWINS = 0.10  # of the trials with a site where there is a national register
NAMES_NCT, NAMES_OTHER = 0.45, 0.25  # how often a record states another's number, where the law asks for none
_OPEN = frozenset({"RECRUITING", "NOT_YET_RECRUITING", "ACTIVE_NOT_RECRUITING", "ENROLLING_BY_INVITATION"})
_TRANSITION = date(2025, 1, 30).toordinal()
"""What still ran then in the EU had to move from EU CTR to CTIS."""

_FIRST_IN_EUCTR = date(2004, 5, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of one register. Days are ordinals."""

    register: str
    id: str
    index: int
    """Of its trial."""
    states: tuple[str, ...]
    """Numbers of other registers that it names."""
    registered: int
    updated: int
    moved_from: str | None = None
    """The EudraCT number that a record of CTIS had before."""


def seed_of(world: World, index: int) -> int:
    return world.seed if index < ELSEWHERE else foreign_seed(world)


@lru_cache(maxsize=4_000)
def truth_for(world: World, index: int) -> Truth:
    return truth(world, index) if index < ELSEWHERE else foreign(world, index).truth


@lru_cache(maxsize=4)
def holdings(world: World) -> Mapping[str, Sequence[Entry]]:
    """By register, ClinicalTrials.gov aside; some 60 microseconds a trial the first time."""
    held: dict[str, list[Entry]] = defaultdict(list)
    taken: set[str] = set()
    for index in indexes(world):
        for entry in entries(world, index):
            if entry.register != CTGOV.name and entry.id not in taken:
                taken.add(entry.id)
                held[entry.register].append(entry)
    return held


def indexes(world: World) -> Iterator[int]:
    """Of all trials of today, whoever has them; one that ClinicalTrials.gov has removed is still elsewhere."""
    yield from range(size(world))
    yield from (index for index in foreign_indexes(world) if not is_gone(world, index))


def entries(world: World, index: int) -> list[Entry]:
    """Every record of a trial, the one of ClinicalTrials.gov first where it has it."""
    of = truth_for(world, index)
    numbers = _numbers(world, index, of)
    dice = few_dice(seed_of(world, index), index, _DAYS)
    found = []
    for name, number, before in numbers:
        if name == CTGOV.name:
            if is_present(world, index):
                found.append(Entry(name, number, index, (), of.outline.posted, of.outline.updated))
            continue
        states = _states(world, of, number, [one for _, one, _ in numbers if one != number])
        lag, later = dice.between(-60, 200), dice.between(0, 30)
        today = world.first_day.toordinal()
        registered = min(of.outline.submitted + lag, today - 1)
        if name == EUCTR.name:
            registered = max(registered, _FIRST_IN_EUCTR)
        quiet = max(registered, min(of.outline.updated + later, today - 1))
        updated = of.outline.updated if of.outline.revision else quiet
        found.append(Entry(name, number, index, states, registered, max(updated, registered), before))
    return found


def _numbers(world: World, index: int, of: Truth) -> list[tuple[str, str, str | None]]:
    """(register, number, the number it had before) of every record."""
    found: list[tuple[str, str, str | None]] = [(CTGOV.name, of.nct, None)] if of.nct else []
    found += [(one.registry, one.id, None) for one in of.registrations]
    if of.outline.status == "WITHHELD":
        return found[:1]
    national = national_register(of)
    if of.nct and national and happens(world.seed, index, _TWIN, NATIONAL_TWINS):
        on = date.fromordinal(of.outline.submitted)
        found.append((national.name, REGISTERS[national.name].number(index, on), None))
    eudract = next((number for name, number, _ in found if name == EUCTR.name), None)
    if eudract and moves_to_ctis(of):
        found.append((CTIS.name, identifiers.eu_ct(index, 2024), eudract))
    return found


def moves_to_ctis(of: Truth) -> bool:
    """Whether it still ran in the EU when what did had to move."""
    at = of.outline
    return at.status in _OPEN and at.done > _TRANSITION and at.kind is Kind.INTERVENTIONAL


def _states(world: World, of: Truth, number: str, others: Sequence[str]) -> tuple[str, ...]:
    """Its own draws for each number, so that which of two records names the other is left to chance."""
    dice = few_dice(seed_of(world, of.outline.index), hash_of(number), _STATES)
    named = [one for one in others if dice.chance(NAMES_NCT if one.startswith("NCT") else NAMES_OTHER)]
    misleading = foreign(world, of.outline.index).states if of.outline.index >= ELSEWHERE else None
    return (*named, misleading) if misleading else tuple(named)


def hash_of(text: str) -> int:
    """The same on every run, unlike `hash`."""
    value = 0
    for byte in text.encode():
        value = (value * 131 + byte) & 0xFFFFFFFF
    return value
