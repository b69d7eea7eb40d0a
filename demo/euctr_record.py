"""A truth as a trial of EU CTR: one protocol for each country, as the full text download has them. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from demo.dice import Dice, many_dice
from demo.euctr_sections import conditions, end, medicines, population, review, sponsors
from demo.holdings import Entry, moves_to_ctis, seed_of, truth_for
from demo.rewording import reworded
from demo.telling import Telling, telling_of
from demo.world import Truth, World

_EUCTR = 61
COUNTRIES = {
    "Austria": ("AT", "Austria - BASG"),
    "Belgium": ("BE", "Belgium - FPS Health-DGM"),
    "Bulgaria": ("BG", "Bulgaria - Drug Agency"),
    "Czechia": ("CZ", "Czechia - SUKL"),
    "Denmark": ("DK", "Denmark - DHMA"),
    "Finland": ("FI", "Finland - Fimea"),
    "France": ("FR", "France - ANSM"),
    "Germany": ("DE", "Germany - BfArM"),
    "Greece": ("GR", "Greece - EOF"),
    "Hungary": ("HU", "Hungary - National Institute of Pharmacy"),
    "Ireland": ("IE", "Ireland - HPRA"),
    "Italy": ("IT", "Italy - Italian Medicines Agency"),
    "Netherlands": ("NL", "Netherlands - Competent Authority"),
    "Norway": ("NO", "Norway - NOMA"),
    "Poland": ("PL", "Poland - Office for Medicinal Products"),
    "Portugal": ("PT", "Portugal - INFARMED"),
    "Romania": ("RO", "Romania - National Agency for Medicines and Medical Devices"),
    "Spain": ("ES", "Spain - AEMPS"),
    "Sweden": ("SE", "Sweden - MPA"),
    "United Kingdom": ("GB", "UK - MHRA"),
}
THIRD = "3RD"
UNDATED = 0.02  # of the trials, in lists
Titles = tuple[str, str]
"""The full one, and the one for lay people."""
_STATUSES = {
    "COMPLETED": "Completed",
    "TERMINATED": "Prematurely Ended",
    "WITHDRAWN": "Prematurely Ended",
    "SUSPENDED": "Temporarily Halted",
}
_LEFT = date(2021, 1, 1).toordinal()
"""What still ran in Great Britain then has no status any more."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """One country's: its code, its status as lists show it, when it came in, its text when that is needed."""

    code: str
    status: str
    entered: date
    text: partial[str]


@dataclass(frozen=True, slots=True)
class Listed:
    number: str
    started: date | None
    """The start date of lists, by which a search is narrowed; a few have none."""
    changed: date
    title: str
    sponsor: str
    sponsor_code: str
    condition: str
    ages: str
    gender: str
    has_results: bool
    protocols: tuple[Protocol, ...]

    def text(self) -> str:
        return "".join(one.text() for one in self.protocols)


def listed(world: World, entry: Entry) -> Sequence[Listed]:
    of = truth_for(world, entry.index)
    dice = many_dice(seed_of(world, entry.index), entry.index, _EUCTR)
    told = telling_of(world, entry)
    titles = reworded(told.scientific, dice, acronym=of.acronym), reworded(told.public, dice, sentence=True)
    protocols = tuple(_protocol(world, entry, dice, titles, *country) for country in _countries(of, dice))
    bands = (("Children", 0, 17), ("Adults", 18, 64), ("Elderly", 65, 200))
    least, most = of.ages[0] or 0, 200 if of.ages[1] is None else of.ages[1]
    return (
        Listed(
            number=entry.id,
            started=None if dice.chance(UNDATED) else min(one.entered for one in protocols),
            changed=date.fromordinal(entry.updated),
            title=titles[0],
            sponsor=of.sponsor.name,
            sponsor_code=of.code,
            condition=", ".join(of.named),
            ages=", ".join(name for name, low, high in bands if low <= most and high >= least),
            gender={"ALL": "Male, Female", "FEMALE": "Female", "MALE": "Male"}[of.sex],
            has_results=of.outline.results_posted is not None,
            protocols=protocols,
        ),
    )


def _countries(of: Truth, dice: Dice) -> list[tuple[str, str]]:
    """(country, code) of each protocol; trials that also run elsewhere have one for all of that in a few cases."""
    names = dict.fromkeys(site.country.name for site in of.sites)
    found = [(name, COUNTRIES[name][0]) for name in names if name in COUNTRIES]
    if not found or (len(found) < len(names) and dice.chance(0.2)):
        found.append(("Outside EU/EEA", THIRD))
    return sorted(found, key=lambda pair: pair[1])


def status_of(of: Truth, code: str) -> str:
    if code == THIRD:
        return ""
    ended = _STATUSES.get(of.outline.status)
    if code == "GB" and of.outline.done > _LEFT:
        return "GB - no longer in EU/EEA"
    return ended or ("Completed" if of.outline.status == "UNKNOWN" else "Ongoing")


def _protocol(world: World, entry: Entry, dice: Dice, titles: Titles, country: str, code: str) -> Protocol:
    status = status_of(truth_for(world, entry.index), code)
    if status == "Ongoing" and moves_to_ctis(truth_for(world, entry.index)):
        status = "Trial now transitioned"
    entered = entry.registered + dice.between(0, 90)
    make = partial(_text, world, entry, titles, country, code, status, entered)
    return Protocol(code, status, date.fromordinal(entered), make)


def _text(world: World, entry: Entry, titles: Titles, country: str, code: str, status: str, entered: int) -> str:
    told = telling_of(world, entry)
    authority = COUNTRIES[country][1] if country in COUNTRIES else "Outside EU/EEA"
    place = code.lower() if code == THIRD else code
    lines = [
        "Summary",
        f"EudraCT Number: {entry.id}",
        f"Sponsor's Protocol Code Number: {told.of.code}",
        f"National Competent Authority: {authority}",
        f"Clinical Trial Type: {'Outside EU/EEA' if code == THIRD else 'EEA CTA'}",
        f"Trial Status: {status}",
        f"Date on which this record was first entered in the EudraCT database: {date.fromordinal(entered)}",
        f"Link: https://www.clinicaltrialsregister.eu/ctr-search/trial/{entry.id}/{place}/",
        "",
        *_titles(told, entry, titles, country, authority),
        "",
        *sponsors(told.of),
        "",
        *medicines(told.of),
        "",
        *conditions(told, country),
        "",
        *population(told.of, country),
        "",
        "G. Investigator Networks to be involved in the Trial",
        "",
        *review(entered),
        "",
        *end(told.of, status),
        "",
        "",
    ]
    return "\n".join(lines)


def _titles(told: Telling, entry: Entry, titles: Titles, country: str, authority: str) -> list[str]:
    of = told.of
    language = next((site.country.language for site in of.sites if site.country.name == country), "en")
    translated = told.translated(language)
    stated = {number[:3]: number for number in entry.states}
    lines = [
        "A. Protocol Information",
        f"A.1 Member State Concerned: {authority}",
        f"A.2 EudraCT number: {entry.id}",
        f"A.3 Full title of the trial: {titles[0]}",
    ]
    if translated:
        lines.append(f"A.3 Full title of the trial ({language}): {translated}")
    lines.append(
        f"A.3.1 Title of the trial for lay people, in easily understood, i.e. non-technical, language: {titles[1]}"
    )
    if of.acronym:
        lines.append(f"A.3.2 Name or abbreviated title of the trial where available: {of.acronym}")
    lines.append(f"A.4.1 Sponsor's protocol code number: {of.code}")
    if "ISR" in stated:
        lines.append(f"A.5.1 ISRCTN (International Standard Randomised Controlled Trial) number: {stated['ISR']}")
    if "NCT" in stated:
        lines.append(f"A.5.2 US NCT (ClinicalTrials.gov registry) number: {stated['NCT']}")
    others = [number for start, number in stated.items() if start not in ("ISR", "NCT")]
    if others:
        lines.append(f"A.5.4 Other Identifiers: {', '.join(others)}")
    return [
        *lines,
        "A.7 Trial is part of a Paediatric Investigation Plan: No",
        "A.8 EMA Decision number of Paediatric Investigation Plan:",
    ]
