"""The world: trials that never were, each made from (seed, index) alone, so that a big one takes no memory. No I/O.

A *truth* is the trial as it really is. A registry's record is a truth rendered in that registry's shape, with that
registry's words (`ctgov_record`); a truth with several registrations has a record in several registries. Every index
below `size(world)` is registered at ClinicalTrials.gov, and about one in eleven somewhere else too; trials that are
only elsewhere are in `elsewhere`, and who holds which record in `holdings`.

The world has days. Between two of them some trials change, some come in and some are taken out of the register;
day 0 is complete and untouched.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from demo import identifiers
from demo.dice import Dice, Weights, many_dice
from demo.outline import Kind, Outline, Rates, is_removed, outline
from demo.tables import CONDITIONS, COUNTRIES, PEOPLE, SPONSORS, TREATMENTS_OF, City, Condition, Country, Treatment

_TRUTH = 2
FIRST_DAY = date(2026, 1, 5)
_RATES = Rates()


@dataclass(frozen=True, slots=True)
class World:
    trials: int
    """How many there are on day 0."""
    seed: int = 1
    day: int = 0
    first_day: date = FIRST_DAY
    rates: Rates = _RATES

    def __post_init__(self) -> None:
        if not 0 <= size(self) <= identifiers.MOST_TRIALS:
            raise ValueError(f"a world holds 0 to {identifiers.MOST_TRIALS} trials, not {size(self)}")

    def on(self, day: int) -> World:
        return replace(self, day=day)


@dataclass(frozen=True, slots=True)
class Registration:
    registry: str
    id: str
    stated: bool
    """Whether the ClinicalTrials.gov record states the number; nearly half do not."""


@dataclass(frozen=True, slots=True)
class Site:
    facility: str
    city: City
    country: Country


@dataclass(frozen=True, slots=True)
class Party:
    name: str
    type: str
    """The class as ClinicalTrials.gov names it: INDUSTRY, OTHER, NIH, …"""


@dataclass(frozen=True, slots=True)
class Truth:
    outline: Outline
    nct: str
    """Empty where ClinicalTrials.gov does not have it."""
    obsolete: tuple[str, ...]
    registrations: tuple[Registration, ...]
    """Elsewhere than at ClinicalTrials.gov."""
    utn: str
    """Its Universal Trial Number, stated or not."""
    code: str
    """The sponsor's own number for the trial."""
    acronym: str | None
    conditions: tuple[Condition, ...]
    named: tuple[str, ...]
    """The conditions as this sponsor writes them."""
    treatments: tuple[Treatment, ...]
    against: str | None
    """The comparator; None in a trial of one arm."""
    phases: tuple[str, ...]
    sponsor: Party
    collaborators: tuple[Party, ...]
    sites: tuple[Site, ...]
    leader: str
    group: str
    """Whom it enrols, in words: 'adults', 'children', …"""
    ages: tuple[int | None, int | None]
    sex: str


def size(world: World) -> int:
    """How many trials have ever been in the register, the removed ones too."""
    return world.trials + world.day * _born_a_day(world)


def _born_a_day(world: World) -> int:
    return -int(-world.trials * world.rates.born // 1)


def born(world: World, index: int) -> int | None:
    """The world day on which a trial was first posted, None if before day 0."""
    return None if index < world.trials else (index - world.trials) // _born_a_day(world) + 1


def is_present(world: World, index: int) -> bool:
    return 0 <= index < size(world) and not is_removed(world.seed, index, world.day, world.rates)


def present(world: World) -> Sequence[int]:
    """The indexes of all trials in the register today, ascending."""
    everything = range(size(world))
    if world.day == 0:
        return everything
    return array("I", (i for i in everything if not is_removed(world.seed, i, world.day, world.rates)))


def outline_of(world: World, index: int) -> Outline:
    return outline(world.seed, index, born(world, index), world.first_day.toordinal(), world.day, world.rates)


_PHASES: Weights[tuple[str, ...]] = Weights(
    [
        (("NA",), 37.0),
        (("PHASE1",), 15.0),
        (("EARLY_PHASE1",), 2.0),
        (("PHASE1", "PHASE2"), 6.0),
        (("PHASE2",), 20.0),
        (("PHASE2", "PHASE3"), 3.0),
        (("PHASE3",), 11.0),
        (("PHASE4",), 6.0),
    ]
)
_CLASSES = Weights(
    [
        ("OTHER", 66.0),
        ("INDUSTRY", 26.0),
        ("NIH", 2.5),
        ("OTHER_GOV", 2.5),
        ("FED", 1.0),
        ("NETWORK", 1.4),
        ("INDIV", 0.4),
        ("UNKNOWN", 0.1),
        ("AMBIG", 0.1),
    ]
)
_GROUPS: Weights[tuple[str, tuple[int | None, int | None]]] = Weights(
    [
        (("adults", (18, None)), 44.0),
        (("adult patients", (18, 75)), 22.0),
        (("younger adults", (18, 45)), 6.0),
        (("older adults", (65, None)), 8.0),
        (("children", (2, 12)), 6.0),
        (("adolescents", (12, 17)), 4.0),
        (("children and adolescents", (None, 17)), 4.0),
        (("patients", (None, None)), 6.0),
    ]
)
_SEX = Weights([("ALL", 87.0), ("FEMALE", 9.0), ("MALE", 4.0)])
_AGAINST = ("Placebo", "Standard of care", "Usual care", "No intervention", "Active comparator", "Sham")
_ACRONYM_PARTS = ("VIT", "CARE", "NOVA", "REST", "OPTI", "PRO", "HELI", "TRI", "MAX", "SOL", "ARC", "ECHO")


def truth(world: World, index: int) -> Truth:
    """Of a trial that ClinicalTrials.gov has."""
    return truth_of(world.seed, outline_of(world, index), COUNTRIES)


def truth_of(seed: int, at: Outline, homes: Weights[Country]) -> Truth:
    """What a trial is beside its dates; it is led from one of `homes`."""
    index = at.index
    dice = many_dice(seed, index, _TRUTH)
    main = dice.pick(CONDITIONS)
    conditions = (main, *_beside(dice, main))
    treatments = tuple(dice.several(TREATMENTS_OF[main.area], dice.pick((1, 1, 1, 1, 2, 2, 2, 3, 4))))
    sites = _sites(dice, _site_count(dice, at), homes)
    sponsor = _sponsor(dice, sites[0])
    group, ages = dice.weigh(_GROUPS)
    return Truth(
        outline=at,
        nct=identifiers.nct(index),
        obsolete=(identifiers.obsolete_nct(index),) if dice.chance(0.03) else (),
        registrations=_registrations(dice, at, sites),
        utn=identifiers.utn(index),
        code=_code(dice, index),
        acronym=_acronym(dice) if dice.chance(0.28) else None,
        conditions=conditions,
        named=tuple(dice.pick(condition.names) for condition in conditions),
        treatments=treatments,
        against=dice.pick(_AGAINST) if at.kind is Kind.INTERVENTIONAL and dice.chance(0.68) else None,
        phases=_phases(dice, treatments) if at.kind is Kind.INTERVENTIONAL else (),
        sponsor=sponsor,
        collaborators=tuple(_sponsor(dice, site) for site in sites[1:4] if dice.chance(0.5)),
        sites=sites,
        leader=person(dice, sites[0].country.language),
        group=group,
        ages=ages,
        sex="FEMALE" if main.area == "women" else dice.weigh(_SEX),
    )


def _beside(dice: Dice, main: Condition) -> tuple[Condition, ...]:
    others = (dice.pick(CONDITIONS) for _ in range(dice.pick((0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 5))))
    return tuple({other.term: other for other in others if other.term != main.term}.values())


def _phases(dice: Dice, treatments: tuple[Treatment, ...]) -> tuple[str, ...]:
    medicine = any(t.type in ("DRUG", "BIOLOGICAL", "GENETIC") for t in treatments)
    drawn = dice.weigh(_PHASES)
    return drawn if medicine else ("NA",)


def _site_count(dice: Dice, at: Outline) -> int:
    """Mostly one; a long tail up to hundreds, longer for big trials."""
    if at.status == "WITHDRAWN" or dice.chance(0.58):
        return 1
    return min(1 + int(dice.spread(4.5, 1.4)), 2 + at.planned // 2, 300)


def _sites(dice: Dice, count: int, homes: Weights[Country]) -> tuple[Site, ...]:
    home = dice.weigh(homes)
    abroad = count > 4 and dice.chance(0.45)
    sites = []
    for _ in range(count):
        country = dice.weigh(COUNTRIES) if abroad and dice.chance(0.6) else home
        city = dice.pick(country.cities)
        sites.append(Site(dice.pick(country.facilities).format(city=city.name), city, country))
    return tuple(sites)


def _sponsor(dice: Dice, site: Site) -> Party:
    kind = dice.weigh(_CLASSES)
    return Party(site.facility if kind == "OTHER" else dice.pick(SPONSORS[kind]), kind)


def person(dice: Dice, language: str) -> str:
    people = PEOPLE[language]
    return f"{dice.pick(people.given)} {dice.pick(people.family)}"


def _code(dice: Dice, index: int) -> str:
    letters = "".join(dice.pick("ABCDEFGHKLMNPRSTVXZ") for _ in range(dice.between(2, 4)))
    return dice.pick((f"{letters}-{index:06d}", f"{index % 100_000:05d}/{letters}", f"{letters}{index}-301"))


def _acronym(dice: Dice) -> str:
    return dice.pick(_ACRONYM_PARTS) + dice.pick(("", "-", "")) + dice.pick(_ACRONYM_PARTS)


def _registrations(dice: Dice, at: Outline, sites: tuple[Site, ...]) -> tuple[Registration, ...]:
    """One trial in eleven is registered elsewhere too, where its sites are; a few of these in two places."""
    elsewhere, stated, twice = dice.chance(0.09), dice.chance(0.55), dice.chance(0.15)
    if not elsewhere:
        return ()
    year = date.fromordinal(at.submitted).year
    regions = {site.country.region for site in sites}
    found = []
    if "eu" in regions and year >= 2004:
        if year >= 2023:
            found.append(Registration("ctis", identifiers.eu_ct(at.index, year), stated))
        else:
            found.append(Registration("euctr", identifiers.eudract(at.index, year), stated))
    if not found or twice:
        found.append(Registration("isrctn", identifiers.isrctn(at.index), stated))
    return tuple(found)
