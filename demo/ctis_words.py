"""The codes of CTIS and the words for them, and which of them a trial has. No I/O."""

from __future__ import annotations

from datetime import date

from demo.wording import FIELDS
from demo.world import Truth

STATUSES = {
    1: "Under evaluation",
    2: "Authorised, recruitment pending",
    3: "Authorised, recruiting",
    4: "Ongoing, recruiting",
    5: "Ongoing, recruitment ended",
    6: "Temporarily halted",
    7: "Suspended",
    8: "Ended",
    9: "Expired",
    10: "Revoked",
    11: "Not authorised",
    12: "Cancelled",
}
PHASES = {
    "3": "Human pharmacology (Phase I)- Other",
    "9": "Phase I and Phase II (Integrated)- Other",
    "4": "Therapeutic exploratory (Phase II)",
    "10": "Phase II and Phase III (Integrated)",
    "5": "Therapeutic confirmatory  (Phase III)",
    "6": "Therapeutic use (Phase IV)",
}
_PHASE_CODES = {
    ("PHASE1",): "3",
    ("EARLY_PHASE1",): "3",
    ("PHASE1", "PHASE2"): "9",
    ("PHASE2",): "4",
    ("PHASE2", "PHASE3"): "10",
    ("PHASE3",): "5",
}
_CODES = {
    "NOT_YET_RECRUITING": 2,
    "RECRUITING": 4,
    "ENROLLING_BY_INVITATION": 3,
    "ACTIVE_NOT_RECRUITING": 5,
    "SUSPENDED": 6,
    "WITHDRAWN": 12,
    "UNKNOWN": 9,
}
_AREAS = {
    "heart": "Diseases [C] - Cardiovascular Diseases [C14]",
    "cancer": "Diseases [C] - Neoplasms [C04]",
    "blood": "Diseases [C] - Hemic and Lymphatic Diseases [C15]",
    "lung": "Diseases [C] - Respiratory Tract Diseases [C08]",
    "infection": "Diseases [C] - Bacterial Infections and Mycoses [C01]",
    "brain": "Diseases [C] - Nervous System Diseases [C10]",
    "mind": "Psychiatry and Psychology [F] - Mental Disorders [F03]",
    "metabolism": "Diseases [C] - Nutritional and Metabolic Diseases [C18]",
    "gut": "Diseases [C] - Digestive System Diseases [C06]",
}


def day_first(day: int) -> str:
    return f"{date.fromordinal(day):%d/%m/%Y}"


def code_of(of: Truth) -> int:
    return _CODES.get(of.outline.status, 8)


def phase_of(of: Truth) -> str:
    return _PHASE_CODES.get(of.phases, "6")


def member_states(of: Truth) -> list[str]:
    """Of the EEA, where it has sites, the first one first."""
    return list(dict.fromkeys(site.country.name for site in of.sites if site.country.region in ("eu", "eea")))


def areas(of: Truth) -> list[str]:
    area = of.conditions[0].area
    return [_AREAS.get(area, f"Diseases [C] - {FIELDS[area].capitalize()} [C23]")]


def ages_of(of: Truth) -> list[tuple[str, str]]:
    """(code, words) of each group that may take part."""
    least, most = of.ages[0] or 0, 200 if of.ages[1] is None else of.ages[1]
    bands = (("2", "0-17 years", 0, 17), ("3", "18-64 years", 18, 64), ("4", "65+ years", 65, 200))
    return [(code, name) for code, name, low, high in bands if low <= most and high >= least]


def region_of(of: Truth) -> int:
    inside = {site.country.region in ("eu", "eea") for site in of.sites}
    return 3 if inside == {True, False} else 1
