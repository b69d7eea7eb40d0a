"""Real trials of EU CTR, kept in files: the register's full text as it came, or text again of ctrdata's JSON."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from demo.euctr_record import COUNTRIES, THIRD, Listed, Protocol
from demo.listing import Listing
from demo.record_files import is_a, lines, text_of

_START = re.compile(r"^Summary\s*\nEudraCT Number: ", re.MULTILINE)
_CODES = {"UK": "GB", "Czech": "CZ", "Estonia": "EE", "Latvia": "LV", "Lithuania": "LT", "Slovakia": "SK"}
_CODES |= {"Slovenia": "SI", "Croatia": "HR", "Cyprus": "CY", "Malta": "MT", "Iceland": "IS", "Luxembourg": "LU"}
_HEAD = {
    "x4_clinical_trial_type": "Clinical Trial Type",
    "x5_trial_status": "Trial Status",
    "x6_date_on_which_this_record_was_first_entered_in_the_eudract_database": (
        "Date on which this record was first entered in the EudraCT database"
    ),
}
_LANGUAGE = re.compile(r"_([a-z]{2})$")


def from_directory(directory: Path) -> Listing[Listed]:
    """All trials of the directory's *.txt, *.ndjson and *.json; raises ValueError when there is none."""
    kept: dict[str, list[Protocol]] = {}
    for path in sorted(directory.iterdir(), key=lambda path: (not is_a(path, ".txt"), path.name)):
        known = {(number, one.code) for number, ones in kept.items() for one in ones}
        for number, text in _texts(path):
            protocol = _protocol(text)
            if (number, protocol.code) not in known:  # within a file a country may be there twice, as in the register
                kept.setdefault(number, []).append(protocol)
    if not kept:
        raise ValueError(f"no records (*.txt of full text, *.ndjson, *.json) in {directory}")
    version = hashlib.sha256(repr([one.text() for ones in kept.values() for one in ones]).encode())
    records = [_listed(number, ones) for number, ones in kept.items()]
    return Listing(version.hexdigest(), lambda _: records)


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    """(EudraCT number, text) of each protocol of a file."""
    if is_a(path, ".txt"):
        body = text_of(path).decode()
        starts = [found.start() for found in _START.finditer(body)]
        texts = [body[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]
    elif is_a(path, ".ndjson", ".json"):
        texts = [as_text(document) for document in lines(path)]
    else:
        return
    for text in texts:
        yield _field(text, "EudraCT Number"), text


def _field(text: str, label: str) -> str:
    found = re.search(rf"{re.escape(label)}: ?(.*)", text)
    return found[1].strip() if found else ""


def _protocol(text: str) -> Protocol:
    entered = _field(text, "first entered in the EudraCT database")
    link = re.search(r"/ctr-search/trial/[\d-]+/(\w+)", text)
    code = link[1].upper() if link else _code(_field(text, "A.1 Member State Concerned"))
    return Protocol(code, _field(text, "Trial Status"), _day(entered), partial(str, text))


def _code(authority: str) -> str:
    country = authority.partition(" - ")[0].strip()
    return _CODES.get(country.split(" ")[0]) or COUNTRIES.get(country, (THIRD, ""))[0]


def _day(text: str) -> date:
    return date.fromisoformat(text[:10]) if re.match(r"\d{4}-\d\d-\d\d", text) else date(2004, 5, 1)


def _listed(number: str, protocols: Sequence[Protocol]) -> Listed:
    text = protocols[0].text()
    entered = [one.entered for one in protocols]
    return Listed(
        number=number,
        started=min(entered),
        changed=max(entered),
        title=_field(text, "A.3 Full title of the trial"),
        sponsor=_field(text, "B.1.1 Name of Sponsor"),
        sponsor_code=_field(text, "A.4.1 Sponsor's protocol code number"),
        condition=_field(text, "E.1.1 Medical condition(s) being investigated"),
        ages="Adults",
        gender="Male, Female",
        has_results=False,
        protocols=tuple(protocols),
    )


def _slug(label: str) -> str:
    """The name that ctrdata gives to a field."""
    plain = re.sub(r"[^a-z0-9 _]", "", label.lower().replace("/ ", " "))
    return plain.strip().replace(" ", "_")


def _labels() -> Mapping[str, tuple[int, str]]:
    """Place and name of each field, by ctrdata's name for it."""
    text = files("demo").joinpath("data", "euctr_labels.txt").read_text("utf-8")
    named = [line for line in text.splitlines() if not line.startswith("#")]
    return {_slug(line): (place, line) for place, line in enumerate(named)}


LABELS = _labels()


def as_text(document: Mapping[str, Any]) -> str:
    """A protocol's full text from ctrdata's JSON: what is missing there is missing here too."""
    code = str(document["_id"])[15:]
    number = document.get("a2_eudract_number") or str(document["_id"])[:14]
    place = code.lower() if code == THIRD else code
    head = [
        "Summary",
        f"EudraCT Number: {number}",
        *(f"{label}: {document[name] or ''}" for name, label in _HEAD.items() if name in document),
        f"Link: https://www.clinicaltrialsregister.eu/ctr-search/trial/{number}/{place}/",
        "",
    ]
    fields = sorted(_fields(document))
    return "\n".join([*head, *(line for _, line in fields), "", "", ""])


def _fields(document: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """(place, line) of each field that says something; those of one sponsor or medicine stay together."""
    for name, value in document.items():
        if isinstance(value, list):
            members = [member for member in value if isinstance(member, dict)]
            for at, member in enumerate(members, start=1):
                inner = sorted(_fields(member))
                if inner:
                    head = {"b1_sponsor": f"Sponsor {at}\n", "dimp": f"D.IMP: {at}\n"}.get(name, "")
                    yield inner[0][0], head + "\n".join(line for _, line in inner)
            continue
        found = _known(name)
        if found is not None and value not in (None, ""):
            place, label = found
            yield place, f"{label} {value}" if label.endswith("?") else f"{label}: {value}"


def _known(name: str) -> tuple[int, str] | None:
    if name in LABELS:
        return LABELS[name]
    language = _LANGUAGE.search(name)
    plain = LABELS.get(name[: language.start()]) if language else None
    return (plain[0], f"{plain[1]} ({language[1]})") if plain and language else None
