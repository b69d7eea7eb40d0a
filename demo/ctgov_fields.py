"""The `fields` parameter: a record cut down to the data that were asked for. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from demo.requests import BadRequest
from demo.source import Source

_IDENTIFICATION = "protocolSection.identificationModule"
_STATUS = "protocolSection.statusModule"
PIECES = {
    "NCTId": f"{_IDENTIFICATION}.nctId",
    "NCTIdAlias": f"{_IDENTIFICATION}.nctIdAliases",
    "OrgStudyId": f"{_IDENTIFICATION}.orgStudyIdInfo.id",
    "BriefTitle": f"{_IDENTIFICATION}.briefTitle",
    "OfficialTitle": f"{_IDENTIFICATION}.officialTitle",
    "Acronym": f"{_IDENTIFICATION}.acronym",
    "OverallStatus": f"{_STATUS}.overallStatus",
    "StudyFirstPostDate": f"{_STATUS}.studyFirstPostDateStruct.date",
    "LastUpdatePostDate": f"{_STATUS}.lastUpdatePostDateStruct.date",
    "LastUpdateSubmitDate": f"{_STATUS}.lastUpdateSubmitDate",
    "StartDate": f"{_STATUS}.startDateStruct.date",
    "CompletionDate": f"{_STATUS}.completionDateStruct.date",
    "LeadSponsorName": "protocolSection.sponsorCollaboratorsModule.leadSponsor.name",
    "Condition": "protocolSection.conditionsModule.conditions",
    "StudyType": "protocolSection.designModule.studyType",
    "Phase": "protocolSection.designModule.phases",
    "EnrollmentCount": "protocolSection.designModule.enrollmentInfo.count",
    "VersionHolder": "derivedSection.miscInfoModule.versionHolder",
    "HasResults": "hasResults",
}
_SECTIONS = (
    "protocolSection",
    "derivedSection",
    "resultsSection",
    "documentSection",
    "annotationSection",
    "hasResults",
)
_SWEPT = {"NCTId", "OverallStatus", "StudyFirstPostDate", "LastUpdatePostDate"}


def check(fields: Sequence[str]) -> None:
    """Raises BadRequest for a name that is neither a piece nor a path."""
    for name in fields:
        if name not in PIECES and name.split(".")[0] not in _SECTIONS:
            raise BadRequest(f"`fields` parameter has unknown value: {name}")


def reduced(source: Source, position: int, fields: Sequence[str]) -> bytes:
    known = _known(source, position, fields)
    study = known if known is not None else orjson.loads(source.body(position))
    made: dict[str, Any] = {}
    for name in fields:
        _copy(study, made, PIECES.get(name, name).split("."))
    return orjson.dumps(made)


def _known(source: Source, position: int, fields: Sequence[str]) -> dict[str, Any] | None:
    """A record of the data that the source knows without making it: a reconciliation sweep asks for no more."""
    asked = set(fields)
    if not asked <= _SWEPT:
        return None
    status = {
        "overallStatus": source.status(position) if "OverallStatus" in asked else "",
        "studyFirstPostDateStruct": {"date": source.posted(position)} if "StudyFirstPostDate" in asked else {},
        "lastUpdatePostDateStruct": {"date": source.updated(position)} if "LastUpdatePostDate" in asked else {},
    }
    named = {"nctId": source.nct(position)}
    return {"protocolSection": {"identificationModule": named, "statusModule": status}}


def _copy(source: Any, target: dict[str, Any], path: Sequence[str]) -> None:
    name, rest = path[0], path[1:]
    if not isinstance(source, dict) or source.get(name) in (None, ""):
        return
    if not rest:
        target[name] = source[name]
    else:
        inner = target.setdefault(name, {})
        _copy(source[name], inner, rest)
        if not inner:
            del target[name]
