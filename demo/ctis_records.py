"""Real trials of CTIS, kept in files, as its server lists and retrieves them.

ctrdata keeps a trial's record and its row of the search as one document: here it is both again.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from demo.ctis_record import Listed
from demo.ctis_words import STATUSES
from demo.listing import Listing
from demo.record_files import is_a, lines

_ADDED = frozenset({"_id", "ctrname", "record_last_import"})
_ROW = (
    "ctNumber", "ctStatus", "ctTitle", "shortTitle", "startDateEU", "conditions", "trialCountries", "decisionDate",
    "decisionDateOverall", "therapeuticAreas", "sponsor", "sponsorType", "trialPhase", "endPoint", "product",
    "ageGroup", "gender", "trialRegion", "totalNumberEnrolled", "primaryEndPoint", "resultsFirstReceived",
    "lastUpdated", "lastPublicationUpdate", "endDateEU", "endDate",
)  # fmt: skip
_CODES = {text: code for code, text in STATUSES.items()} | {"Authorised, not started": 2, "Halted": 6, "Authorised": 2}
_NO_DAY = date(2023, 1, 31)  # when the register opened

Json = dict[str, Any]


def from_directory(directory: Path) -> Listing[Listed]:
    """All trials of the directory's *.ndjson and *.json; raises ValueError when there is none."""
    kept: dict[str, Listed] = {}
    for path in sorted(directory.iterdir()):
        if is_a(path, ".ndjson", ".json"):
            for document in lines(path):
                one = _listed(document)
                kept.setdefault(one.number, one)
    if not kept:
        raise ValueError(f"no records (*.ndjson, *.json) in {directory}")
    version = hashlib.sha256(b"".join(one.body() for one in kept.values())).hexdigest()
    return Listing(version, lambda _: list(kept.values()))


def _listed(document: Json) -> Listed:
    number = str(document.get("ctNumber") or document["_id"])
    record = {name: value for name, value in document.items() if name not in _ADDED}
    status = _status(document)
    updated = _day(document.get("lastUpdated"))
    published = _day(document.get("lastPublicationUpdate")) if document.get("lastPublicationUpdate") else updated
    decided = _day(document.get("decisionDateOverall") or document.get("decisionDate"))
    row = {name: document[name] for name in _ROW if document.get(name) is not None}
    row |= {"ctNumber": number, "ctStatus": status, "lastUpdated": f"{updated:%d/%m/%Y}"}
    row["lastPublicationUpdate"] = f"{published:%d/%m/%Y}"
    return Listed(number, status, updated, published, decided, partial(dict, row), partial(orjson.dumps, record))


def _status(document: Json) -> int:
    for name in ("ctPublicStatusCode", "ctStatus"):
        value = document.get(name)
        if isinstance(value, int):
            return value
    return _CODES.get(str(document.get("ctStatus")), 1)


def _day(text: object) -> date:
    """Of DD/MM/YYYY or YYYY-MM-DD, the first that there is."""
    found = re.search(r"(\d{4})-(\d\d)-(\d\d)|(\d\d)/(\d\d)/(\d{4})", str(text or ""))
    if found is None:
        return _NO_DAY
    if found[1]:
        return date(int(found[1]), int(found[2]), int(found[3]))
    return date(int(found[6]), int(found[5]), int(found[4]))
