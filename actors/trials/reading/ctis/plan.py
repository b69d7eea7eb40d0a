"""What a trial of CTIS does, and with whom: products, arms, end points, subjects. No I/O."""

import re
from collections.abc import Iterator
from typing import Any

from actors.trials.normalise import DAYS_PER
from actors.trials.reading.ctis.loose_json import Loose
from actors.trials.reading.ctis.words import AGES, HEALTHY, NOTHING, ROLES, SCOPES
from actors.trials.record import Arm, Eligibility, Intervention, Outcome, Sex

NAMES = ("productName", "scientificProductName")
IN_DICTIONARY = ("prodName", "activeSubstanceName", "sponsorProductCode")
_FORM_CODE = re.compile(r"PHF[0-9A-Z]+")  # of a dictionary that is not published
OTHER_NAMES = ("activeSubstanceName", "activeSubstanceOtherDescriptiveName", "sponsorProductCode", "atcName")


def interventions(part_1: Loose) -> tuple[Intervention, ...]:
    """Products, each once for what it is here; then devices that come with them."""
    found: dict[Intervention, None] = {}
    for product in part_1.each("products"):
        if (one := _product(product)) is not None:
            found[one] = None
        for device in product.each("devices"):
            if name := _said(device.text("tradeName")) or _said(device.text("description")):
                found[Intervention(name, "Device", _said(device.text("description")))] = None
    return tuple(found)


def _product(given: Loose) -> Intervention | None:
    known = given.at("productDictionaryInfo")
    names = [*(given.text(name) for name in NAMES), *(known.text(name) for name in IN_DICTIONARY)]
    names += [given.text("jsonActiveSubstanceNames"), given.text("sponsorProductCodeEdit"), known.text("atcName")]
    name = next((said for text in names if (said := _said(text))), None)
    if name is None:
        return None
    others = [*(known.text(other) for other in OTHER_NAMES), given.text("sponsorProductCodeEdit")]
    forms = (_said(given.text("pharmaceuticalFormDisplay")), _said(known.text("pharmForm")))
    form = next((one for one in forms if one and not _FORM_CODE.fullmatch(one)), None)
    told = [form, *(_said(route) for route in given.texts("routes"))]
    return Intervention(
        name=name,
        kind=ROLES.get(given.text("mpRoleInTrial") or ""),
        description=", ".join(dict.fromkeys(text for text in told if text)) or None,
        other_names=_other_than(name, others),
    )


def _other_than(name: str, texts: list[str | None]) -> tuple[str, ...]:
    found: dict[str, str] = {name.lower(): name}
    for text in texts:
        if said := _said(text):
            found.setdefault(said.lower(), said)
    return tuple(found.values())[1:]


def arms(part_1: Loose) -> tuple[Arm, ...]:
    periods = part_1.each("trialDetails", "protocolInformation", "studyDesign", "periodDetails")
    given = [arm for period in periods for arm in period.each("armDetails")]
    named = [Arm(title, None, arm.text("description")) for arm in given if (title := arm.text("title"))]
    return tuple(dict.fromkeys(named))


def outcomes(information: Loose) -> tuple[Outcome, ...]:
    primary = information.each("endPoint", "primaryEndPoints")
    secondary = information.each("endPoint", "secondaryEndPoints")
    first = [Outcome("primary", text) for one in primary if (text := one.text("endPoint"))]
    return (*first, *(Outcome("secondary", text) for one in secondary if (text := one.text("endPoint"))))


def purpose(information: Loose) -> str | None:
    """The scopes of the trial, by name."""
    codes = [one.text("code") or "" for one in information.each("trialObjective", "trialScopes")]
    return ", ".join(dict.fromkeys(SCOPES[code] for code in sorted(codes) if code in SCOPES)) or None


def eligibility(record: Loose, information: Loose) -> Eligibility:
    subjects = information.at("populationOfTrialSubjects")
    groups = [name.lower() for one in subjects.each("clinicalTrialGroups") if (name := one.text("name"))]
    return Eligibility(
        criteria=_criteria(information.at("eligibilityCriteria")),
        sex=_sex(subjects),
        sex_raw=record.text("gender"),
        healthy_volunteers=any(HEALTHY in name for name in groups) if groups else None,
        **_ages(subjects),
    )


def _criteria(given: Loose) -> str | None:
    """As one text, in the form of the registry's page: the inclusion criteria, then the exclusion criteria."""
    parts = []
    for heading, name in (("Inclusion Criteria", "Inclusion"), ("Exclusion Criteria", "Exclusion")):
        listed = [one.text(f"principal{name}Criteria") for one in given.each(f"principal{name}Criteria")]
        if told := [text.strip() for text in listed if text]:
            parts.append(f"{heading}:\n" + "\n".join(f"{number}. {text}" for number, text in enumerate(told, 1)))
    return "\n\n".join(parts) or None


def _sex(subjects: Loose) -> Sex | None:
    match subjects.flag("isFemaleSubjects"), subjects.flag("isMaleSubjects"):
        case True, True:
            return "all"
        case True, _:
            return "female"
        case _, True:
            return "male"
    return None


def _ages(subjects: Loose) -> dict[str, Any]:
    """The span of the age groups; years as days are what "64 Years" is elsewhere."""
    codes = sorted(set(_age_codes(subjects)))
    if not codes:
        return {}
    (youngest, low, _), (oldest, _, high) = AGES[codes[0]], AGES[codes[-1]]
    return {
        "min_age_days": None if low is None else int(low * DAYS_PER["year"]),
        "max_age_days": None if high is None else int(high * DAYS_PER["year"]),
        "min_age_raw": youngest,
        "max_age_raw": oldest,
        "age_groups": tuple(AGES[code][0] for code in codes),
    }


def _age_codes(subjects: Loose) -> Iterator[str]:
    for one in (*subjects.each("ageRanges"), *subjects.each("ageRangeSecondaryIds")):
        code = one.text("ageRangeCategory") or one.text("ageRangeCategoryCode")
        if code in AGES:
            yield code


def _said(text: str | None) -> str | None:
    return None if text is None or text.strip().lower() in NOTHING else text
