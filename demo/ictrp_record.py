"""A truth as a row of ICTRP's export: fewer data, in the words and dates of the register that it is from. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from demo.dice import Dice, many_dice
from demo.holdings import seed_of
from demo.ictrp_copies import Copy, copies
from demo.listing import Listing
from demo.outline import Kind
from demo.registers import CTGOV, Register
from demo.rewording import reworded
from demo.telling import Telling, telling_of
from demo.world import Truth, World

_ICTRP = 73
COLUMNS = (
    "TrialID", "Last_Refreshed_on", "Public_title", "Scientific_title", "Acronym", "Primary_sponsor",
    "Date_registration", "Date_registration3", "Export_date", "Source_Register", "web_address", "Recruitment_Status",
    "other_records", "Inclusion_agemin", "Inclusion_agemax", "Inclusion_gender", "Date_enrollement", "Target_size",
    "Study_type", "Study_design", "Phase", "Countries", "Contact_Firstname", "Contact_Lastname", "Contact_Address",
    "Contact_Email", "Contact_Tel", "Contact_Affiliation", "Inclusion_Criteria", "Exclusion_Criteria", "Condition",
    "Intervention", "Primary_outcome", "results_date_posted", "results_date_completed", "results_url_link",
    "Retrospective_flag", "Bridging_flag_truefalse", "Bridged_type", "results_yes_no",
)  # fmt: skip
DATES = ("Date_registration", "Date_enrollement", "results_date_posted", "results_date_completed")
_PADDED = 400  # characters that titles of some registers are padded to
_TERMINATED = frozenset({"COMPLETED", "TERMINATED", "WITHDRAWN", "UNKNOWN", "ACTIVE_NOT_RECRUITING", "SUSPENDED"})

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Listed:
    number: str
    refreshed: date
    row: partial[Row]


def from_world(world: World) -> Listing[Listed]:
    def of_day(day: int | None) -> Sequence[Listed]:
        today = world.on(world.day if day is None else day)
        return [Listed(one.number, refreshed(one), partial(row, today, one)) for one in copies(today)]

    return Listing(f"{world!r} ictrp", of_day)


def refreshed(copy: Copy) -> date:
    """A copy is taken on a Monday after its record has changed."""
    changed = copy.entry.updated
    return date.fromordinal(changed - (changed - 1) % 7)


def row(world: World, copy: Copy) -> Row:
    entry, register = copy.entry, copy.register
    told = telling_of(world, entry)
    of, at = told.of, told.of.outline
    dice = many_dice(seed_of(world, entry.index), entry.index, _ICTRP + len(copy.number))
    public, scientific = _titles(told, register, dice)
    registered = date.fromordinal(entry.registered)
    least, most = _AGES.get(register.name, _plain_ages)(of)
    made = dict.fromkeys(COLUMNS, "") | {
        "TrialID": copy.number,
        "Last_Refreshed_on": f"{refreshed(copy):%-d %B %Y}",
        "Public_title": public,
        "Scientific_title": scientific,
        "Acronym": of.acronym or "",
        "Primary_sponsor": of.sponsor.name,
        "Date_registration": registered.strftime(register.days),
        "Date_registration3": f"{registered:%Y%m%d}",
        "Export_date": f"{world.first_day.month}/{world.first_day.day}/{world.first_day.year} 6:53:35 PM",
        "Source_Register": register.shown,
        "web_address": register.address.format(entry.id),
        "Recruitment_Status": _status(of, register),
        "other_records": "Yes" if copy.bridged else "No",
        "Inclusion_agemin": least,
        "Inclusion_agemax": most,
        "Inclusion_gender": _gender(of, register),
        "Date_enrollement": _enrolled(at.started, register),
        "Target_size": _size(told, register),
        "Study_type": _type(at.kind, register),
        "Study_design": "Allocation: Randomised. Assignment: Parallel" if of.against else "Single arm study",
        "Phase": _phase(of, register),
        "Countries": ";".join(dict.fromkeys(site.country.name for site in of.sites)),
        "Contact_Firstname": of.leader.partition(" ")[0],
        "Contact_Lastname": of.leader.partition(" ")[2],
        "Contact_Address": f"1 Example Street, {of.sites[0].city.name}",
        "Contact_Email": f"trial{at.index}@example.org",
        "Contact_Tel": "+1 555 0100",
        "Contact_Affiliation": of.sponsor.name,
        "Inclusion_Criteria": "Inclusion criteria: " + _lines(told.included),
        "Exclusion_Criteria": "Exclusion criteria: " + _lines(told.excluded),
        "Condition": ";".join(of.named) + ";" * (register.name == "chictr"),
        "Intervention": _arms(told, register),
        "Primary_outcome": ";".join(one.measure.replace(";", ",") for one in told.primary),
        "Retrospective_flag": "Yes" if entry.registered > at.started else "No",
        "Bridging_flag_truefalse": str(copy.bridged),
        "Bridged_type": "parent    " if copy.bridged else " " * 10,
        "results_yes_no": "Yes" if at.results_posted else "",
    }
    if at.results_posted:
        made["results_date_posted"] = date.fromordinal(at.results_posted).strftime(register.days)
    return made


def _titles(told: Telling, register: Register, dice: Dice) -> tuple[str, str]:
    if register is CTGOV:
        return told.public, told.scientific
    public = reworded(told.public, dice, sentence=dice.chance(0.4))
    scientific = reworded(told.scientific, dice, acronym=told.of.acronym)
    if register.name in ("chictr", "ctri") and dice.chance(0.3):
        scientific = scientific.ljust(_PADDED)
    return public, scientific


def _status(of: Truth, register: Register) -> str:
    if register.name == "euctr":
        return "Not Recruiting" if of.outline.status in _TERMINATED else "Authorised"
    if of.outline.status == "NOT_YET_RECRUITING" and register.name == "chictr":
        return "Pending"
    return "Not Recruiting" if of.outline.status in _TERMINATED else "Recruiting"


Ages = tuple[str, str]


def _plain_ages(of: Truth) -> Ages:
    return tuple("" if age is None else f"{age} Years" for age in of.ages)  # type: ignore[return-value]  # a pair


def _written(form: str, none: Ages) -> Callable[[Truth], Ages]:
    def ages(of: Truth) -> Ages:
        least, most = of.ages
        return (
            none[0] if least is None else form.format(least),
            none[1] if most is None else form.format(most),
        )

    return ages


_AGES: dict[str, Callable[[Truth], Ages]] = {
    "chictr": _written("{}", ("", "")),
    "ctri": _written("{}.00 Year(s)", ("", "")),
    "drks": _written("{} Years", ("no minimum age", "no maximum age")),
    "actrn": _written("{} Years", ("No limit", "No limit")),
    "irct": _written("{} years", ("no limit", "no limit")),
    "jprn": _written("{}age old", ("Not applicable", "Not applicable")),
    "cris": _written("{}(Year)", ("No Limit", "No Limit")),
    "rebec": _written("{}Y", ("0", "0")),
    "euctr": lambda of: ("", ""),
    "isrctn": lambda of: ("", ""),
}
_GENDERS = {
    "drks": "Both, male and female",
    "actrn": "Both males and females",
    "jprn": "Male and Female",
    "euctr": "<br>Female: yes<br>Male: yes<br>",
    "ctgov": "All",
}


def _gender(of: Truth, register: Register) -> str:
    if of.sex == "ALL":
        return _GENDERS.get(register.name, "Both")
    if register.name == "euctr":
        return f"<br>Female: {'yes' if of.sex == 'FEMALE' else 'no'}<br>Male: {'yes' if of.sex == 'MALE' else 'no'}<br>"
    return of.sex.title()


def _enrolled(started: int, register: Register) -> str:
    day = date.fromordinal(started)
    return f"{day:%B %Y}" if register is CTGOV and started % 3 else day.strftime(register.days)


def _size(told: Telling, register: Register) -> str:
    planned = told.of.outline.planned
    if register.name != "chictr" or planned < 2 or len(told.arms) < 2:
        return str(planned)
    half = planned // 2
    return f"Group A:{half};Group B:{planned - half};"


def _type(kind: Kind, register: Register) -> str:
    word = "Observational" if kind is Kind.OBSERVATIONAL else "Interventional"
    if register.name == "chictr":
        return f"{word} study"
    return f"{word} clinical trial of medicinal product" if register.name == "euctr" else word


_EU_PHASES = (
    "Human pharmacology (Phase I)",
    "Therapeutic exploratory (Phase II)",
    "Therapeutic confirmatory - (Phase III)",
    "Therapeutic use (Phase IV)",
)


def _phase(of: Truth, register: Register) -> str:
    phases = [one.removeprefix("EARLY_").removeprefix("PHASE") for one in of.phases if one != "NA"]
    if register.name == "euctr":
        said = (f"{name}: {'yes' if str(at) in phases else 'no'}" for at, name in enumerate(_EU_PHASES, start=1))
        return "\n".join(said)
    if not phases:
        return {"actrn": "Not Applicable", "jprn": "Not selected"}.get(register.name, "N/A")
    return "-".join(phases) if register.name in ("chictr", "irct") else "Phase " + "/Phase ".join(phases)


def _arms(told: Telling, register: Register) -> str:
    names = [one.name for one in told.of.treatments]
    if register.name == "chictr":
        return "".join(f"Group {letter}:{name};" for letter, name in zip("ABCDEFGH", names, strict=False))
    return ";".join(names) if register is CTGOV else " <br>".join(names)


def _lines(lines: Sequence[str]) -> str:
    return "_x000D_<br>".join(f"{at}. {line}" for at, line in enumerate(lines, start=1)).replace("\\", "")
