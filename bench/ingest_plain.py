"""Records of CTIS, EU CTR, ISRCTN and ICTRP read with as little work as Python allows, for the floor of ingest. No I/O.

One parse by the quickest library that there is for the format, and the columns that its fields give as they stand:
no checks, no vocabularies, no other numbers than those with a field of their own. `record` is of the same size as what
we read. Of several records of EU CTR for one trial the first one is parsed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any
from xml.etree.ElementTree import fromstring

import orjson

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Plain:
    """What the columns need. `others` are (scheme, value) of numbers beside the trial's own."""

    number: str
    scheme: str
    title: str | None
    official: str | None
    sponsor: str | None
    status: str | None
    started: str | None
    updated: str | None
    conditions: Sequence[str]
    interventions: Sequence[str]
    countries: Sequence[str]
    others: Sequence[tuple[str, str]]
    record: Mapping[str, Any]


def plain(registry: str) -> Callable[[int, bytes, bytes, datetime], tuple[Row, list[Row]]]:
    """From a record with its id and hash to its row, in the order of TRIAL_COLUMNS, and the rows of its numbers."""
    read = _READ[registry]

    def rows(id_: int, body: bytes, sha: bytes, now: datetime) -> tuple[Row, list[Row]]:
        one = read(body)
        ids = [(id_, "main", one.scheme, one.number, None)]
        ids += [(id_, "secondary", scheme, value, None) for scheme, value in one.others]
        return _row(one, registry, id_, sha, now), ids

    return rows


def _row(one: Plain, registry: str, id_: int, sha: bytes, now: datetime) -> Row:
    facets = {"=status:completed", "=type:interventional", *(f"=country:{country}" for country in one.countries)}
    return (
        id_, 1, now, now, 1, registry, one.number, sha, "https://example.org", one.title, one.official,
        None, "completed", one.status, "interventional", [],
        *_day(one.started), None, None, None, None, *_day(one.updated),
        False, None, one.sponsor, None, one.conditions, [], one.interventions, one.countries, "all", None, None,
        sorted(facets), orjson.dumps(one.record).decode(),
    )  # fmt: skip


def _day(text: str | None) -> tuple[date | None, str | None]:
    return (date.fromisoformat(text[:10]), "day") if text else (None, None)


def _ctis(body: bytes) -> Plain:
    document = orjson.loads(body)
    part = document["authorizedApplication"]["authorizedPartI"]
    told = part["trialDetails"]
    named, about = told["clinicalTrialIdentifiers"], told["trialInformation"]
    sponsor = part["sponsors"][0]["organisation"]["name"] if part["sponsors"] else None
    nct = named["secondaryIdentifyingNumbers"].get("nctNumber")
    return Plain(
        number=document["ctNumber"][:-3],
        scheme="euct",
        title=named.get("publicTitle"),
        official=named.get("fullTitle"),
        sponsor=sponsor,
        status=document.get("ctStatus"),
        started=about["trialDuration"].get("estimatedRecruitmentStartDate"),
        updated=document.get("publishDate"),
        conditions=[one["medicalCondition"] for one in part["medicalConditions"]],
        interventions=[one["productName"] for one in part["products"] if one.get("productName")],
        countries=[one["mscInfo"]["countryName"] for one in document["authorizedApplication"]["authorizedPartsII"]],
        others=[("nct", nct["number"])] if nct else [],
        record=told | {"summary": about["trialObjective"].get("mainObjective")},
    )


def _euctr(body: bytes) -> Plain:
    text = body.decode()
    end = text.find("\nSummary\n", 9)
    told: dict[str, str] = {}
    countries = [line.rpartition(" - ")[0][37:] for line in text.split("\n") if line.startswith("A.1 Member")]
    for line in (text if end < 0 else text[:end]).split("\n"):
        label, _, value = line.partition(": ")
        if value and value not in ("Yes", "No"):
            told[label.partition(" ")[0] if label[1:2] == "." else label] = value
    entered = "Date on which this record was first entered in the EudraCT database"
    return Plain(
        number=told["EudraCT Number"],
        scheme="eudract",
        title=told.get("A.3.1"),
        official=told.get("A.3"),
        sponsor=told.get("B.1.1"),
        status=told.get("Trial Status"),
        started=None,
        updated=told.get(entered),
        conditions=[told["E.1.1"]] if "E.1.1" in told else [],
        interventions=[told["D.3.1"]] if "D.3.1" in told else [],
        countries=countries,
        others=[("nct", told["A.5.2"])] if "A.5.2" in told else [],
        record=told | {"summary": told.get("E.2.1")},
    )


def _isrctn(body: bytes) -> Plain:
    full = fromstring(body)  # noqa: S314 -- made by us
    told: dict[str, str] = {one.tag: one.text for one in full.iter() if one.text}
    head = full.find("trial")
    updated = head.get("lastUpdated") if head is not None else None
    return Plain(
        number=f"ISRCTN{told['isrctn']}",
        scheme="isrctn",
        title=told.get("title"),
        official=told.get("scientificTitle"),
        sponsor=told.get("organisation"),
        status=None,
        started=told.get("recruitmentStart"),
        updated=updated,
        conditions=[one.text for one in full.iterfind("trial/conditions/condition/description") if one.text],
        interventions=[told["drugNames"]] if "drugNames" in told else [],
        countries=[one.text for one in full.iterfind("trial/participants/recruitmentCountries/country") if one.text],
        others=[("nct", told["clinicalTrialsGovNumber"])] if "clinicalTrialsGovNumber" in told else [],
        record=told | {"summary": told.get("plainEnglishSummary")},
    )


def _ictrp(body: bytes) -> Plain:
    told: dict[str, str] = {one.tag: one.text for one in fromstring(body) if one.text}  # noqa: S314 -- made by us
    day = told.get("Date_registration3")
    return Plain(
        number=told["TrialID"],
        scheme="other",
        title=told.get("Public_title"),
        official=told.get("Scientific_title"),
        sponsor=told.get("Primary_sponsor"),
        status=told.get("Recruitment_Status"),
        started=None,
        updated=f"{day[:4]}-{day[4:6]}-{day[6:8]}" if day else None,
        conditions=told.get("Condition", "").split(";"),
        interventions=told.get("Intervention", "").split(";"),
        countries=told.get("Countries", "").split(";"),
        others=[],
        record=told | {"summary": told.get("Primary_outcome")},
    )


_READ: Mapping[str, Callable[[bytes], Plain]] = MappingProxyType(
    {"ctis": _ctis, "euctr": _euctr, "isrctn": _isrctn, "ictrp": _ictrp}
)
