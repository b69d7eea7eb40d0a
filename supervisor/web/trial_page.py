"""A trial as its page shows it: facts in groups, texts in paragraphs. No I/O."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlsplit

from actors.trials.marks import plain
from actors.trials.record import Arm, Identifier, Intervention, MeshTerm, Outcome, Party, Reference, Site, Trial
from actors.trials.shown import Row
from supervisor.web.differences import Pieces, compared, cut
from supervisor.web.wording import age, field_name, number, words

_PARAGRAPH = re.compile(r"\n\s*\n|\r\n\s*\r\n")
SHORT_VALUE = 40  # characters; it is read at a glance, and not marked word by word
MOST_COMPARED = 50  # items of a list that changed
WORDED = frozenset({"status", "study_type", "phases", "eligibility.sex"})  # closed vocabularies
ITEMS_SHOWN = 8  # of these, unfolded
MINOR = ("latitude", "longitude", "postcode")  # told of an item only where they changed
CONDITIONS_SHOWN = 4  # in a list of trials
INTERVENTIONS_SHOWN = 3
MAY_LIE_AHEAD = frozenset({"start", "primary_completion", "completion"})


@dataclass(frozen=True, slots=True)
class Fact:
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class ChangeShown:
    """A field that changed: what was and what is stated, each value in pieces, what differs marked."""

    name: str
    before: tuple[Pieces, ...]
    after: tuple[Pieces, ...]


_PARTS = {
    "interventions": Intervention, "arms": Arm, "outcomes": Outcome, "sites": Site, "mesh": MeshTerm, "ids": Identifier,
    "references": Reference, "collaborators": Party,
}  # fmt: skip


def complete(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record with None for all that it does not state."""
    whole: dict[str, Any] = {one.name: record.get(one.name) for one in fields(Trial)} | dict(record)
    for name, kind in _PARTS.items():
        names = [one.name for one in fields(kind)]
        # What an earlier adapter read holds some of these as bare texts: their first datum.
        parts = [part if isinstance(part, Mapping) else {names[0]: part} for part in whole[name] or []]
        whole[name] = [dict.fromkeys(names) | dict(part) for part in parts]
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
        ("Collaborators", ", ".join(party["name"] for party in record.get("collaborators") or ())),
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
    return [plain(part.strip()) for part in _PARAGRAPH.split(text or "") if part.strip()]


def places(record: Mapping[str, Any]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Sites by country, in the order of the record."""
    by_country: dict[str, list[Mapping[str, Any]]] = {}
    for site in record.get("sites") or ():
        by_country.setdefault(site.get("country") or "Country not stated", []).append(site)
    return list(by_country.items())


def change(field: str, before: object, after: object) -> ChangeShown:
    if field.endswith("_age_days"):
        return _age_change(field, before, after)
    old, new = _items(before), _items(after)
    if field in WORDED:
        old, new = [words(str(item)) for item in old], [words(str(item)) for item in new]
    if len(old) != len(new) or len(old) > MOST_COMPARED:
        return ChangeShown(field_name(field), *(tuple(cut(_told(item)) for item in items) for items in (old, new)))
    pairs = [_compared(*pair) for pair in zip(old, new, strict=True)]
    return ChangeShown(field_name(field), tuple(one for one, _ in pairs), tuple(other for _, other in pairs))


def _compared(before: object, after: object) -> tuple[Pieces, Pieces]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        same = {name for name in MINOR if before.get(name) == after.get(name)}
        before, after = [{k: v for k, v in one.items() if k not in same} for one in (before, after)]
    old, new = _told(before), _told(after)
    return (cut(old), cut(new)) if max(len(old), len(new)) <= SHORT_VALUE else compared(old, new)


def _age_change(field: str, before: object, after: object) -> ChangeShown:
    """Two ages that are written alike are told with their days."""
    days = [value for value in (before, after) if isinstance(value, int)]
    alike = len(days) == 2 and age(days[0]) == age(days[1])
    told = [
        (cut(age(value) + (f" ({number(value)} days)" if alike else "")),) if isinstance(value, int) else ()
        for value in (before, after)
    ]
    return ChangeShown(field_name(field.removesuffix("_days")), told[0], told[1])


def conditions(trial: Row) -> tuple[tuple[Pieces, ...], bool]:
    """The first of a trial's conditions and those that were found, and whether there are more."""
    told = [
        one
        for place, one in enumerate(trial.marked_conditions)
        if place < CONDITIONS_SHOWN or any(piece.marked for piece in one)
    ]
    return tuple(told), len(told) < len(trial.marked_conditions)


def interventions(trial: Row) -> tuple[tuple[Pieces, ...], bool]:
    """The first of a trial's interventions that were found, and whether more were."""
    return trial.interventions[:INTERVENTIONS_SHOWN], len(trial.interventions) > INTERVENTIONS_SHOWN


def is_link(url: str) -> bool:
    """Whether a source's address may be a link: nothing that a browser would run."""
    try:
        return urlsplit(url).scheme in ("http", "https")
    except ValueError:
        return False


def _items(value: object) -> list[object]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _told(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case Mapping():
            return "; ".join(f"{name.replace('_', ' ')}: {_told(part)}" for name, part in value.items())
        case list():
            return ", ".join(_told(part) for part in value)
        case _:
            return plain(str(value))


def _when(record: Mapping[str, Any], name: str) -> str | None:
    if not record.get(name):
        return None
    expected = " (expected)" if name in MAY_LIE_AHEAD and record.get(f"{name}_actual") is False else ""
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
