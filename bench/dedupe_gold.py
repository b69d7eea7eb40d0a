"""Real pairs of records that are, or are not, the same trial: read from a folder of gold sets.

ICTRP's web export, as it came: its dates, target sizes, phases and countries are written differently by each register.
"""

import csv
import io
import json
import re
import subprocess
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

from actors.trials.comparable import (
    MOST_SPONSORS,
    Comparable,
    Record,
    comparable_of,
    countries,
    distinct,
    own_number,
    some_words,
)
from actors.trials.identity import mentions, parse, read_field, strongest
from actors.trials.reading.ctgov.study import read_study
from actors.trials.record import StudyType
from actors.trials.words import words

Label = Literal["duplicate", "same_euctr_number", "umbrella", "related", "unsure", "different"]
Row = Mapping[str, Any]

ICTRP = "ictrp"

_DATES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%B %d, %Y", "%B %Y", "%Y%m%d", "%d/%m/%Y")
_GROUP_SIZE = re.compile(r":\s*([0-9]{1,7})")
_EU_PHASE = re.compile(r"\(Phase (IV|I{1,3})\):\s*yes", re.IGNORECASE)
_PHASE = re.compile(r"\b(?:phase\s*-?\s*)?(iv|i{1,3}|[1-4])[ab]?\b", re.IGNORECASE)
_NUMERALS = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
_COUNTRY = re.compile(r";|,(?! ?(?:Islamic|Republic|Province|Democratic|United|Plurinational|Bolivarian|South|North))")


@dataclass(frozen=True, slots=True)
class Pair:
    a: str
    b: str
    label: Label
    evidence: str


@dataclass(frozen=True, slots=True)
class ByNumber:
    """A pair that people judged by hand; `listed`: in how many of the two records the other's number stood."""

    euctr: str
    other: str
    same: bool
    listed: int


def records(folder: Path) -> list[Comparable]:
    return [comparable_of_row(row) for row in rows(folder / "ictrp" / "ictrp_covid_latest.ndjson.zst")]


def pairs(folder: Path) -> list[Pair]:
    with (folder / "dedupe_gold" / "covid_pairs.csv").open(newline="") as file:
        return [_pair(row) for row in csv.DictReader(file)]


def by_number(folder: Path) -> list[ByNumber]:
    """IntoValue's pairs. Their priority says how they were found: 1 by both records, 2 by one, else by neither."""
    with (folder / "dedupe_gold" / "intovalue_manual_validation.csv").open(newline="") as file:
        return [
            ByNumber(
                row["trn1"], row["trn2"], row["is_true_crossreg"] == "TRUE", {"1": 2, "2": 1}.get(row["priority"], 0)
            )
            for row in csv.DictReader(file)
        ]


def secondary_ids(folder: Path) -> list[tuple[str, str]]:
    """Numbers of other registers in ClinicalTrials.gov's id fields, each with the field's name."""
    with (folder / "dedupe_gold" / "ctgov_secondary_ids.csv").open(newline="") as file:
        return [(row["other_id"], row["field"]) for row in csv.DictReader(file)]


def studies(folder: Path) -> dict[str, Row]:
    """IntoValue's table of studies, by number: titles, dates, enrolment."""
    text = b"".join(_lines(folder / "dedupe_gold" / "intovalue_registry_studies.csv.zst")).decode()
    return {row["id"]: row for row in csv.DictReader(io.StringIO(text))}


def rows(file: Path) -> Iterator[Row]:
    for line in _lines(file):
        yield json.loads(line)


def comparable_of_row(row: Row) -> Comparable:
    """What is compared of one row of ICTRP's export."""
    record = row["TrialID"]
    register, trial = own_number(ICTRP, record)
    own = [claim for claim in read_field(record) if claim.id == parse(record)]
    titles = (row.get("Public_title"), row.get("Scientific_title"))
    said = [claim for text in titles for claim in mentions(text)]
    return Comparable(
        record=Record(ICTRP, record),
        register=register,
        trial=trial,
        titles=distinct(words(title) for title in titles),
        acronym=words(row.get("Acronym")),
        sponsors=distinct([words(row.get("Primary_sponsor"))]),
        registered=_day(row.get("Date_registration3")),
        start=_day(row.get("Date_enrollement")),
        countries=countries(_COUNTRY.split(row.get("Countries") or "")),
        conditions=some_words((row.get("Condition") or "").split(";")),
        interventions=some_words([row.get("Intervention") or ""]),
        enrolment=_size(row.get("Target_size")),
        phases=_phases(row.get("Phase") or ""),
        study_type=_study_type(row.get("Study_type") or ""),
        claims=strongest([*own, *said, *read_field(row.get("SecondaryIDs"))]),
    )


def _pair(row: Mapping[str, str]) -> Pair:
    a, b = sorted((row["record_a"], row["record_b"]))
    label: Label = row["label"]  # type: ignore[assignment]  # the file's own words
    return Pair(a, b, label, row["evidence"])


def _lines(file: Path) -> list[bytes]:
    shown = subprocess.run(["zstd", "--long=27", "-dc", str(file)], capture_output=True, check=True)
    return shown.stdout.splitlines(keepends=True)


def _day(text: str | None) -> date | None:
    for form in _DATES if text else ():
        try:
            return datetime.strptime((text or "").strip(), form).date()
        except ValueError:
            continue
    return None


def _size(text: str | None) -> int | None:
    """ChiCTR writes "Experimental group:30;Control group:30;"."""
    if not text:
        return None
    return (int(text) if text.strip().isdigit() else sum(map(int, _GROUP_SIZE.findall(text)))) or None


def _phases(text: str) -> tuple[int, ...]:
    """EU CTR writes a sentence for each phase; IRCT's export has dates where "2-3" was meant."""
    if "(Phase I)" in text:
        found: Sequence[str] = _EU_PHASE.findall(text)
    else:
        found = [] if re.match(r"\d{4}-", text) else _PHASE.findall(text)
    return tuple(sorted({_NUMERALS.get(one.lower()) or int(one) for one in found}))


def _study_type(text: str) -> StudyType:
    kind = text.lower()
    if kind.startswith("intervention"):
        return "interventional"
    return "observational" if kind.startswith("observational") else "unknown"


def sister_records(folder: Path) -> list[Comparable]:
    """Real records of ClinicalTrials.gov, of both formats: two numbers of one register are two trials."""
    found = {}
    for line in _lines(folder / "ctgov_v2" / "studies.ndjson.zst"):
        one = comparable_of(read_study(line))
        found[one.record.id] = one
    archive = b"".join(_lines(folder / "ctgov_xml" / "legacy_xml.tar.zst"))
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            if body := tar.extractfile(member) if member.name.endswith(".xml") else None:
                one = _of_legacy_xml(ElementTree.parse(body).getroot())  # noqa: S314  # files of our own
                found.setdefault(one.record.id, one)
    return [found[number] for number in sorted(found)]


def _of_legacy_xml(study: ElementTree.Element) -> Comparable:
    def text(path: str) -> str | None:
        return study.findtext(path)

    def texts(path: str) -> list[str]:
        return [one.text for one in study.iterfind(path) if one.text]

    number = text("id_info/nct_id") or ""
    register, trial = own_number("ctgov", number)
    sponsors = (*texts("sponsors/lead_sponsor/agency"), *texts("sponsors/collaborator/agency"))
    return Comparable(
        record=Record("ctgov", number),
        register=register,
        trial=trial,
        titles=distinct([words(text("brief_title")), words(text("official_title"))]),
        acronym=words(text("acronym")),
        sponsors=distinct(words(name) for name in sponsors[:MOST_SPONSORS]),
        registered=_day(text("study_first_submitted")),
        start=_day(text("start_date")),
        countries=countries(texts("location_countries/country")),
        conditions=some_words(texts("condition")),
        interventions=some_words(texts("intervention/intervention_name")),
        enrolment=_size(text("enrollment")),
        phases=_phases(text("phase") or ""),
        study_type=_study_type(text("study_type") or ""),
    )
