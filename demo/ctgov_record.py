"""A truth as a study of ClinicalTrials.gov's API v2. No I/O."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

import orjson

from demo import ctgov_design, wording
from demo.ctgov_results import results
from demo.dice import Dice, few_dice, many_dice
from demo.outline import Kind
from demo.phrases import PHRASES
from demo.tables import Condition, ancestors
from demo.world import Site, Truth, World, person, truth

RECORD, _CONTACTS, _STOPPED = 3, 4, 5
_OPEN = frozenset({"RECRUITING", "NOT_YET_RECRUITING", "ENROLLING_BY_INVITATION"})
_ENDED = frozenset({"COMPLETED", "TERMINATED", "WITHDRAWN", "UNKNOWN"})

Json = dict[str, Any]


def record(world: World, index: int) -> bytes:
    """One study, encoded."""
    return orjson.dumps(study(world, truth(world, index)))


def study(world: World, of: Truth) -> Json:
    at = of.outline
    dice = many_dice(world.seed, at.index, RECORD)
    if at.status == "WITHHELD":
        return _withheld(world, of)
    fill = wording.details(dice, of)
    arms = ctgov_design.arms(dice, of, fill)
    outcomes = wording.outcomes(dice, fill)
    protocol: Json = {
        "identificationModule": _identification(dice, of),
        "statusModule": _status(world, of, monthly=dice.chance(0.3)),
        "sponsorCollaboratorsModule": _sponsors(dice, of),
        "oversightModule": ctgov_design.oversight(dice, of),
        "descriptionModule": _description(dice, fill),
        "conditionsModule": _conditions(dice, of),
        "designModule": ctgov_design.design(dice, of, ended=at.status in _ENDED),
        "armsInterventionsModule": arms,
        "outcomesModule": ctgov_design.outcomes_module(dice, outcomes),
        "eligibilityModule": ctgov_design.eligibility(dice, of, fill),
        "contactsLocationsModule": _contacts(world, of),
    }
    if dice.chance(0.38):
        protocol["referencesModule"] = _references(dice, fill)
    if dice.chance(0.6):
        protocol["ipdSharingStatementModule"] = _sharing(dice)
    made: Json = {
        "protocolSection": protocol,
        "derivedSection": _derived(world, of),
        "hasResults": at.results_posted is not None,
    }
    if at.results_posted is not None:
        made["resultsSection"] = results(world.seed, of, arms, outcomes)
    return made


@lru_cache(maxsize=20_000)
def iso(day: int) -> str:
    return date.fromordinal(day).isoformat()


def _identification(dice: Dice, of: Truth) -> Json:
    public, scientific = wording.titles(dice, of)
    others = _secondary_ids(dice, of)
    made: Json = {"nctId": of.nct}
    if of.obsolete:
        made["nctIdAliases"] = list(of.obsolete)
    made["orgStudyIdInfo"] = {"id": of.code}
    if others:
        made["secondaryIdInfos"] = others
    made["organization"] = {"fullName": of.sponsor.name, "class": of.sponsor.type}
    made["briefTitle"] = public
    made["officialTitle"] = scientific
    if of.acronym:
        made["acronym"] = of.acronym
    return made


def _secondary_ids(dice: Dice, of: Truth) -> list[Json]:
    """What stands in these fields really varies by sponsor: the type says little of what the number is."""
    found: list[Json] = []
    for other in of.registrations:
        kind = dice.roll()
        if not other.stated:
            continue
        match other.registry:
            case "euctr":
                found.append({"id": other.id, "type": "EUDRACT_NUMBER"})
            case "ctis" if kind < 0.4:
                found.append({"id": other.id, "type": "REGISTRY", "domain": "EU CT"})
            case "ctis" if kind < 0.7:
                found.append({"id": other.id, "type": "CTIS"})
            case _:
                found.append({"id": other.id, "type": "REGISTRY" if kind < 0.8 else "OTHER", "domain": "ISRCTN"})
    if dice.chance(0.03):
        found.append({"id": of.utn, "type": "REGISTRY", "domain": "UTN"})
    if dice.chance(0.05):
        grant = f"R{dice.pick(('01', '21', '34'))}{dice.pick(('HL', 'CA', 'AI', 'MH'))}{of.outline.index:06d}"
        found.append({"id": grant, "type": "NIH", "link": f"https://reporter.nih.gov/quickSearch/{grant}"})
    if dice.chance(0.08):
        found.append({"id": f"{dice.between(2000, 2025)}/{dice.between(1, 999)}", "type": "OTHER", "domain": "Ethics"})
    return found


def _status(world: World, of: Truth, *, monthly: bool) -> Json:
    at = of.outline
    old = at.posted < date(2017, 1, 18).toordinal()  # since then the registry says ACTUAL or ESTIMATED
    kind = "ESTIMATED" if old else "ACTUAL"
    today = world.first_day.toordinal() + world.day
    made: Json = {"statusVerifiedDate": iso(at.verified)[:7], "overallStatus": at.status}
    if at.last_known:
        made["lastKnownStatus"] = at.last_known
    if at.status in ("TERMINATED", "WITHDRAWN", "SUSPENDED"):
        made["whyStopped"] = few_dice(world.seed, at.index, _STOPPED).pick(PHRASES["stopped"])
    made["expandedAccessInfo"] = {"hasExpandedAccess": at.kind is Kind.EXPANDED_ACCESS}
    if at.kind is not Kind.EXPANDED_ACCESS:
        ended = at.status in _ENDED
        made["startDateStruct"] = _day(at.started, monthly, at.started <= today)
        made["primaryCompletionDateStruct"] = _day(at.primary_done, monthly, at.primary_done <= today and ended)
        made["completionDateStruct"] = _day(at.done, monthly, ended)
    made["studyFirstSubmitDate"] = iso(at.submitted)
    made["studyFirstSubmitQcDate"] = iso((at.submitted + at.posted) // 2)
    made["studyFirstPostDateStruct"] = {"date": iso(at.posted), "type": kind}
    if at.results_posted is not None:
        made["resultsFirstSubmitDate"] = iso(at.results_posted - 60)
        made["resultsFirstSubmitQcDate"] = iso(at.results_posted - 30)
        made["resultsFirstPostDateStruct"] = {"date": iso(at.results_posted), "type": "ACTUAL"}
    made["lastUpdateSubmitDate"] = iso(max(at.submitted, at.updated - 3))
    made["lastUpdatePostDateStruct"] = {"date": iso(at.updated), "type": kind}
    return made


def _day(day: int, monthly: bool, actual: bool) -> Json:
    text = iso(day)
    return {"date": text[:7] if monthly else text, "type": "ACTUAL" if actual else "ESTIMATED"}


def _sponsors(dice: Dice, of: Truth) -> Json:
    made: Json = {}
    if of.sponsor.type == "INDUSTRY" or dice.chance(0.4):
        made["responsibleParty"] = {"type": "SPONSOR"}
    else:
        made["responsibleParty"] = {
            "type": "PRINCIPAL_INVESTIGATOR",
            "investigatorFullName": of.leader,
            "investigatorTitle": "Professor",
            "investigatorAffiliation": of.sponsor.name,
        }
    made["leadSponsor"] = {"name": of.sponsor.name, "class": of.sponsor.type}
    if of.collaborators:
        made["collaborators"] = [{"name": party.name, "class": party.type} for party in of.collaborators]
    return made


def _description(dice: Dice, fill: dict[str, str]) -> Json:
    made = {"briefSummary": wording.summary(dice, fill)}
    if dice.chance(0.67):
        made["detailedDescription"] = wording.description(dice, fill)
    return made


def _conditions(dice: Dice, of: Truth) -> Json:
    made: Json = {"conditions": list(of.named)}
    if dice.chance(0.63):
        made["keywords"] = [*dice.several(PHRASES["keyword"], dice.between(1, 6)), of.treatments[0].name]
    return made


def _contacts(world: World, of: Truth) -> Json:
    """Sites, and while it recruits whom to call: on dice of their own, since the status may change."""
    dice = few_dice(world.seed, of.outline.index, _CONTACTS)
    status = of.outline.status
    made: Json = {}
    if status in _OPEN:
        made["centralContacts"] = [_contact(dice, of, of.sites[0])]
    made["overallOfficials"] = [{"name": of.leader, "affiliation": of.sponsor.name, "role": "PRINCIPAL_INVESTIGATOR"}]
    if status != "WITHDRAWN":
        made["locations"] = [_location(site, status) for site in of.sites]
        if status in _OPEN:
            made["locations"][0]["contacts"] = [_contact(dice, of, of.sites[0])]
    return made


def _contact(dice: Dice, of: Truth, site: Site) -> Json:
    """Names that were made up, at a domain and with a number that are reserved for examples."""
    return {
        "name": person(dice, site.country.language),
        "role": "CONTACT",
        "phone": f"+1 555 01{dice.between(0, 99):02d}",
        "email": f"trial{of.outline.index}@example.org",
    }


def _location(site: Site, status: str) -> Json:
    city = site.city
    made: Json = {"facility": site.facility}
    if status in _OPEN:
        made["status"] = status
    made["city"] = city.name
    if city.state:
        made["state"] = city.state
    made["zip"] = city.zip
    made["country"] = site.country.name
    made["geoPoint"] = {"lat": city.latitude, "lon": city.longitude}
    return made


def _references(dice: Dice, fill: dict[str, str]) -> Json:
    chosen = dice.several(PHRASES["reference"], dice.between(1, 4))
    return {"references": [{"type": "BACKGROUND", "citation": line.format_map(fill)} for line in chosen]}


def _sharing(dice: Dice) -> Json:
    if dice.chance(0.7):
        return {"ipdSharing": "NO"}
    return {
        "ipdSharing": "YES",
        "description": "De-identified data are shared with researchers whose proposal was approved.",
        "infoTypes": ["STUDY_PROTOCOL", "SAP"],
        "timeFrame": "From 6 months to 5 years after publication",
    }


def _derived(world: World, of: Truth) -> Json:
    made: Json = {"miscInfoModule": {"versionHolder": iso(world.first_day.toordinal() + world.day)}}
    made["conditionBrowseModule"] = _condition_terms(of.conditions)
    meshes = [{"id": t.descriptor, "term": t.name} for t in of.treatments if t.descriptor]
    if meshes:
        made["interventionBrowseModule"] = {"meshes": meshes}
    return made


def _condition_terms(conditions: tuple[Condition, ...]) -> Json:
    meshes = [{"id": condition.descriptor, "term": condition.term} for condition in conditions]
    above = {ui: term for condition in conditions for ui, term in ancestors(condition.descriptor)}
    made: Json = {"meshes": meshes}
    if above:
        made["ancestors"] = [{"id": ui, "term": term} for ui, term in above.items()]
    return made


def _withheld(world: World, of: Truth) -> Json:
    """What the registry shows of a device trial whose posting is delayed."""
    at = of.outline
    return {
        "protocolSection": {
            "identificationModule": {
                "nctId": of.nct,
                "orgStudyIdInfo": {"id": of.code},
                "organization": {"fullName": "[Redacted]"},
                "briefTitle": "[Trial of device that is not approved or cleared by the U.S. FDA]",
            },
            "statusModule": {
                "statusVerifiedDate": iso(at.verified)[:7],
                "overallStatus": "WITHHELD",
                "studyFirstSubmitDate": iso(at.submitted),
                "studyFirstPostDateStruct": {"date": iso(at.posted), "type": "ACTUAL"},
                "lastUpdateSubmitDate": iso(max(at.submitted, at.updated - 3)),
                "lastUpdatePostDateStruct": {"date": iso(at.updated), "type": "ACTUAL"},
            },
            "sponsorCollaboratorsModule": {"leadSponsor": {"name": "[Redacted]"}},
            "conditionsModule": {"conditions": ["[Redacted]"]},
            "designModule": {"studyType": at.kind.value},
        },
        "derivedSection": {"miscInfoModule": {"versionHolder": iso(world.first_day.toordinal() + world.day)}},
        "hasResults": False,
    }
