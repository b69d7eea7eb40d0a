"""A trial as its page shows it: facts in groups, texts in paragraphs. No I/O."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlsplit

from actors.trials.record import Arm, Identifier, Intervention, MeshTerm, Outcome, Site, Trial
from supervisor.web.wording import age, field_name, number, words

_PARAGRAPH = re.compile(r"\n\s*\n|\r\n\s*\r\n")
LONGEST_VALUE = 600  # characters of a changed value; the whole is in the record


@dataclass(frozen=True, slots=True)
class Fact:
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class ChangeShown:
    """A field that changed, in words; None is not stated."""

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    is_list: bool


_PARTS = {
    "interventions": Intervention, "arms": Arm, "outcomes": Outcome, "sites": Site, "mesh": MeshTerm, "ids": Identifier,
}  # fmt: skip


def complete(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record with None for all that it does not state."""
    whole: dict[str, Any] = {one.name: record.get(one.name) for one in fields(Trial)} | dict(record)
    for name, kind in _PARTS.items():
        whole[name] = [{one.name: None for one in fields(kind)} | part for part in whole[name] or []]
    return whole


def facts(record: Mapping[str, Any]) -> list[Fact]:
    """What stands at the top; a datum that the source does not state is left out."""
    design, eligibility = record.get("design") or {}, record.get("eligibility") or {}
    found = [
        ("Study type", words(record["study_type"]) if record.get("study_type") else None),
        ("Phase", ", ".join(words(phase) for phase in record.get("phases") or ())),
        ("Start", _when(record, "start")),
        ("Primary completion", _when(record, "primary_completion")),
        ("Completion", _when(record, "completion")),
        ("Enrolment", _enrolment(record)),
        ("Sponsor", _joined(record.get("sponsor"), record.get("sponsor_class"))),
        ("Collaborators", ", ".join(record.get("collaborators") or ())),
        ("Allocation", _worded(design.get("allocation"))),
        ("Model", _worded(design.get("model"))),
        ("Purpose", _worded(design.get("purpose"))),
        ("Masking", _worded(design.get("masking"))),
        ("Sex", words(eligibility["sex"]) if eligibility.get("sex") else None),
        ("Ages", _ages(eligibility)),
        ("Healthy volunteers", _yes_or_no(eligibility.get("healthy_volunteers"))),
        ("Results posted", _when(record, "results_posted")),
        ("First submitted", _when(record, "first_submitted")),
        ("Last updated", _when(record, "last_updated")),
        ("Why stopped", record.get("why_stopped")),
    ]
    return [Fact(name, str(value)) for name, value in found if value]


def paragraphs(text: str | None) -> list[str]:
    return [part.strip() for part in _PARAGRAPH.split(text or "") if part.strip()]


def places(record: Mapping[str, Any]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Sites by country, in the order of the record."""
    by_country: dict[str, list[Mapping[str, Any]]] = {}
    for site in record.get("sites") or ():
        by_country.setdefault(site.get("country") or "Country not stated", []).append(site)
    return list(by_country.items())


def change(field: str, before: object, after: object) -> ChangeShown:
    is_list = isinstance(before, list) or isinstance(after, list)
    return ChangeShown(field_name(field), _values(before), _values(after), is_list)


def is_link(url: str) -> bool:
    """Whether a source's address may be a link: nothing that a browser would run."""
    try:
        return urlsplit(url).scheme in ("http", "https")
    except ValueError:
        return False


def _values(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(_short(item) for item in value) if isinstance(value, list) else (_short(value),)


def _short(value: object) -> str:
    match value:
        case bool():
            text = "yes" if value else "no"
        case Mapping():
            text = "; ".join(f"{name.replace('_', ' ')}: {_short(part)}" for name, part in value.items())
        case list():
            text = ", ".join(_short(part) for part in value)
        case _:
            text = str(value)
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"


def _when(record: Mapping[str, Any], name: str) -> str | None:
    if not record.get(name):
        return None
    expected = " (expected)" if record.get(f"{name}_actual") is False else ""
    return f"{record[name]}{expected}"


def _enrolment(record: Mapping[str, Any]) -> str | None:
    if record.get("enrolment") is None:
        return None
    kind = {True: " (actual)", False: " (expected)", None: ""}[record.get("enrolment_actual")]
    return number(record["enrolment"]) + kind


def _ages(eligibility: Mapping[str, Any]) -> str | None:
    low, high = eligibility.get("min_age_days"), eligibility.get("max_age_days")
    match low, high:
        case None, None:
            return None
        case None, _:
            return f"up to {age(high)}"
        case _, None:
            return f"{age(low)} and older"
        case _:
            return f"{age(low)} to {age(high)}"


def _yes_or_no(value: bool | None) -> str | None:
    return None if value is None else "Accepted" if value else "Not accepted"


def _joined(name: str | None, kind: str | None) -> str | None:
    return f"{name} ({_worded(kind)})" if name and kind else name


def _worded(value: str | None) -> str | None:
    """`ACTIVE_COMPARATOR` is "Active comparator"; short ones such as NIH are names."""
    return words(value.lower()) if value and value.isupper() and len(value) > 3 else value
