"""Trials of the world that ClinicalTrials.gov does not have, and those among them that mislead. No I/O.

Such a trial j has the index `ELSEWHERE + j` and a seed of its own. Some are traps for whoever looks for duplicates:
they look like a trial that ClinicalTrials.gov has, and are another one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import lru_cache

from demo import identifiers
from demo.dice import Weights, few_dice, mix
from demo.outline import Kind, Outline, is_removed, outline
from demo.registers import BY_COUNTRY, CTIS, ELSEWHERE, EUCTR, ISRCTN, Register
from demo.tables import COUNTRIES, Country
from demo.world import Registration, Truth, World, born, outline_of, truth, truth_of

SHARE = 0.16  # of the trials that ClinicalTrials.gov has
_FOREIGN, _HOME, _TRAP = 11, 12, 13


class Trap(StrEnum):
    UMBRELLA = "umbrella"
    """The sponsor's number is one that it has given to another trial as well."""
    OTHER_PHASE = "same_title_other_phase"
    """The next trial of the same treatment, by the same sponsor under the same title, in another phase."""
    NEAR_NUMBER = "near_number"
    """States an NCT number that nobody has, with the digits of one that somebody has."""


@dataclass(frozen=True, slots=True)
class Foreign:
    truth: Truth
    trap: Trap | None
    like: int | None
    """The index of the trial that it is taken for."""
    states: str | None
    """A number that it states beside those that are true."""


_HOMES = Weights([("eu", 40.0), ("isrctn", 20.0), ("national", 40.0)])
_TRAPS: Weights[Trap | None] = Weights(
    [(None, 84.0), (Trap.UMBRELLA, 6.0), (Trap.OTHER_PHASE, 6.0), (Trap.NEAR_NUMBER, 4.0)]
)


def _where(names: frozenset[str] | None, region: str = "") -> Weights[Country]:
    weights = zip(COUNTRIES.values, (COUNTRIES.sums[0], *_steps()), strict=True)
    return Weights([(c, w) for c, w in weights if c.region == region or (names is not None and c.name in names)])


def _steps() -> list[float]:
    return [after - before for before, after in zip(COUNTRIES.sums, COUNTRIES.sums[1:], strict=False)]


_HOME_COUNTRIES = {
    "eu": _where(None, "eu"),
    "isrctn": _where(frozenset({"United Kingdom", "Pakistan", "Uganda", "Kenya", "Vietnam", "Ireland"})),
    "national": _where(frozenset(BY_COUNTRY)),
}


def foreign_indexes(world: World) -> range:
    """Of all that have ever been; no new ones come in."""
    return range(ELSEWHERE, ELSEWHERE + round(world.trials * SHARE))


def foreign_seed(world: World) -> int:
    return mix(world.seed, 0, _FOREIGN)


def is_gone(world: World, index: int) -> bool:
    return is_removed(foreign_seed(world), index, world.day, world.rates)


def foreign_outline(world: World, index: int) -> Outline:
    """Never of expanded access, which is registered at ClinicalTrials.gov alone; in the EU's registers a trial."""
    home = _home(world, index)
    for attempt in range(64):
        at = outline(foreign_seed(world) + attempt, index, None, world.first_day.toordinal(), world.day, world.rates)
        observes = at.kind is Kind.OBSERVATIONAL and home == "eu"
        if at.kind is not Kind.EXPANDED_ACCESS and at.status != "WITHHELD" and not observes:
            return at
    raise AssertionError("no outline fits")  # one in 10^38


def _home(world: World, index: int) -> str:
    return few_dice(foreign_seed(world), index, _HOME).weigh(_HOMES)


def _other(world: World, index: int) -> int | None:
    """A trial that ClinicalTrials.gov has, to be taken for."""
    like = mix(foreign_seed(world), index // 2, _TRAP) % max(world.trials, 1)
    if not world.trials or born(world, like) is not None:
        return None
    at = outline_of(world, like)
    return like if at.kind is Kind.INTERVENTIONAL and at.status != "WITHHELD" else None


@lru_cache(maxsize=4_000)
def foreign(world: World, index: int) -> Foreign:
    at = foreign_outline(world, index)
    made = truth_of(foreign_seed(world), at, _HOME_COUNTRIES[_home(world, index)])
    made = replace(made, nct="", obsolete=())
    trap = few_dice(foreign_seed(world), index // 2, _TRAP).weigh(_TRAPS)  # traps come in pairs
    like = _other(world, index) if trap else None
    states = None
    if trap and like is not None:
        other = truth(world, like)
        match trap:
            case Trap.UMBRELLA:
                made = replace(made, code=other.code, sponsor=other.sponsor)
            case Trap.OTHER_PHASE:
                made = _next_of(made, other, index)
            case Trap.NEAR_NUMBER:
                states = near(other.nct)
    registrations = _registrations(made, _home(world, index))
    return Foreign(replace(made, registrations=registrations), trap if like is not None else None, like, states)


def _next_of(made: Truth, other: Truth, index: int) -> Truth:
    phases = [one for one in (("PHASE2",), ("PHASE3",), ("PHASE4",)) if one != other.phases]
    return replace(
        made,
        conditions=other.conditions,
        named=other.named,
        treatments=other.treatments,
        against=other.against,
        sponsor=other.sponsor,
        phases=phases[index % 2],
        group=other.group,
        ages=other.ages,
    )


def national_register(of: Truth) -> Register | None:
    """Of the first country in which it has a site that has a register of its own."""
    return next((BY_COUNTRY[site.country.name] for site in of.sites if site.country.name in BY_COUNTRY), None)


def near(nct: str) -> str:
    """NCT08000123 becomes NCT80001230: a zero has moved, and no such number has been given."""
    return f"NCT{nct[4:]}0"


def _registrations(made: Truth, home: str) -> tuple[Registration, ...]:
    """Where it is registered, the first one first; `stated` says nothing here."""
    at = made.outline
    on = date.fromordinal(at.submitted)
    in_europe = any(site.country.region == "eu" for site in made.sites)
    national = national_register(made)
    found: list[Registration] = []
    if home == "eu" and in_europe and on.year >= 2023:
        found.append(Registration(CTIS.name, identifiers.eu_ct(at.index, on.year), stated=False))
    elif home == "eu" and in_europe and on.year >= 2004:
        found.append(Registration(EUCTR.name, identifiers.eudract(at.index, on.year), stated=False))
    elif home == "national" and national is not None:
        found.append(Registration(national.name, national.number(at.index, on), stated=False))
    if not found or at.index % 7 == 0:  # one in seven is in two registers
        found.append(Registration(ISRCTN.name, identifiers.isrctn(at.index), stated=False))
    return tuple(found)
