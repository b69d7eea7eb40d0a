"""The parts of a trial of CTIS: what holds everywhere (part I), and what in each member state (part II). No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from demo.ctis_words import ages_of, areas, member_states, phase_of
from demo.holdings import Entry
from demo.registers import ELSEWHERE
from demo.telling import LANGUAGES, Telling
from demo.wording import FIELDS, Outcome
from demo.world import Party, Site, Truth

Json = dict[str, Any]
_LANGUAGE_CODES = {"fr": (10, "French"), "de": (11, "German"), "es": (22, "Spanish"), "el": (5, "Greek")}
_LANGUAGE_CODES |= {"pt": (20, "Portuguese"), "it": (14, "Italian")}
_COUNTRY_CODES = {"France": 2012, "Belgium": 2002, "Germany": 2013}


def sponsor_types(of: Truth) -> str:
    """Said once for each sponsor, with commas between."""
    kinds = [_organisation(party)["type"] for party in (of.sponsor, *of.collaborators)]
    return ", ".join(kinds)


def translations(told: Telling) -> list[Json]:
    languages = dict.fromkeys(site.country.language for site in told.of.sites if site.country.region == "eu")
    found = []
    for language in languages:
        title = told.translated(language) if language in LANGUAGES else None
        if title is not None:
            code, name = _LANGUAGE_CODES[language]
            found.append({"id": code, "attributeTranslation": title, "language": code, "languageDescription": name})
    return found


def _organisation(party: Party) -> Json:
    commercial = party.type == "INDUSTRY"
    kind = "Pharmaceutical company" if commercial else "Hospital/Clinic/Other health care facility"
    return {
        "type": kind,
        "typeCode": "9" if commercial else "8",
        "name": party.name,
        "commercial": commercial,
        "businessKey": f"ORG-1{sum(party.name.encode()) * 7919 % 100_000_000:08d}",
    }


def _numbers(of: Truth, entry: Entry) -> Json:
    made: Json = {"additionalRegistries": []}
    for place, number in enumerate(entry.states):
        stated = {"id": of.outline.index * 10 + place, "number": number}
        if number.startswith("NCT"):
            made["nctNumber"] = stated
        elif number.startswith("ISRCTN"):
            made["isrctnNumber"] = stated
        elif number != entry.moved_from:
            made["additionalRegistries"].append(stated | {"otherRegistryName": "Other", "ctRegistryCode": "6"})
    if of.outline.index % 9 == 0 and of.outline.index < ELSEWHERE:
        made["whoUniversalTrialNumber"] = {"id": of.outline.index, "number": of.utn}
    return made


def _numbered(texts: Sequence[str], name: str) -> list[Json]:
    return [
        {"id": at, "number": at, name: text, f"{name}Translations": []}
        for at, text in enumerate((text.replace("\\", "") for text in texts), start=1)
    ]


def _end_points(outcomes: Sequence[Outcome], *, primary: bool) -> list[Json]:
    return [
        {"id": at, "number": at, "endPoint": f"{one.measure} ({one.frame})", "isPrimary": primary}
        for at, one in enumerate(outcomes, start=1)
    ]


def part_one(told: Telling, entry: Entry) -> Json:
    """What holds for the trial in every member state."""
    of, at = told.of, told.of.outline
    countries = dict.fromkeys(site.country.name for site in of.sites if site.country.region not in ("eu", "eea"))
    return {
        "id": at.index,
        "rowSubjectCount": at.planned - sum(subjects_in(of, name) for name in member_states(of)),
        "rowCountriesInfo": [{"name": name} for name in countries],
        "products": [_product(at.index * 10 + place, one.name) for place, one in enumerate(of.treatments)],
        "trialDetails": {
            "clinicalTrialIdentifiers": {
                "shortTitle": of.acronym or of.code,
                "publicTitleTranslations": [],
                "secondaryIdentifyingNumbers": _numbers(of, entry),
            },
            "trialInformation": _information(told),
            "protocolInformation": {"studyDesign": {"periodDetails": [_period(told)]}},
            "scientificAdviceAndPip": {"scientificAdvices": [], "paediatricInvestigationPlan": []},
            "associatedClinicalTrials": [],
        },
        "therapeuticAreas": [{"code": "14", "name": name} for name in areas(of)],
        "medicalConditions": _conditions(of),
        "sponsors": [_sponsor(of)],
        "isLowIntervention": False,
    }


def _information(told: Telling) -> Json:
    of, at = told.of, told.of.outline
    return {
        "trialCategory": {"isLowIntervention": False, "trialPhase": phase_of(of), "trialCategory": "2"},
        "medicalCondition": {
            "partIMedicalConditions": [one | {"medicalConditionTranslations": []} for one in _conditions(of)]
        },
        "trialObjective": {"mainObjective": told.summary, "mainObjectiveTranslations": []},
        "eligibilityCriteria": {
            "principalInclusionCriteria": _numbered(told.included, "principalInclusionCriteria"),
            "principalExclusionCriteria": _numbered(told.excluded, "principalExclusionCriteria"),
        },
        "endPoint": {
            "primaryEndPoints": _end_points(told.primary, primary=True),
            "secondaryEndPoints": _end_points(told.secondary, primary=False),
        },
        "trialDuration": {
            "estimatedRecruitmentStartDate": str(date.fromordinal(at.started)),
            "estimatedEndDate": str(date.fromordinal(at.done)),
        },
        "sourceOfMonetarySupport": [{"id": at.index, "organisationName": of.sponsor.name}],
        "populationOfTrialSubjects": _population(of),
        "individualParticipantData": {},
    }


def _conditions(of: Truth) -> list[Json]:
    return [
        {"id": place, "medicalCondition": name, "isConditionRareDisease": False} for place, name in enumerate(of.named)
    ]


def _population(of: Truth) -> Json:
    return {
        "ageRanges": [
            {"id": place, "ageRangeCategoryCode": code, "ageRangeCategory": code}
            for place, (code, _) in enumerate(ages_of(of))
        ],
        "ageRangeSecondaryIds": [],
        "clinicalTrialGroups": [{"code": "2", "name": "Patients"}],
        "isFemaleSubjects": of.sex != "MALE",
        "isMaleSubjects": of.sex != "FEMALE",
        "isVulnerablePopulationSelected": False,
    }


def _period(told: Telling) -> Json:
    return {
        "id": told.of.outline.index,
        "title": "Treatment",
        "allocationMethod": "1" if told.of.against else "2",
        "armDetails": [
            {"id": place, "title": label, "description": text} for place, (label, text) in enumerate(told.arms)
        ],
    }


def _sponsor(of: Truth) -> Json:
    index, sponsor = of.outline.index, _organisation(of.sponsor)
    contact = {
        "type": "Public",
        "functionalName": "Trial Office",
        "functionalEmailAddress": f"trial{index}@example.org",
        "telephone": "+33 1 99 00 00 00",
        "organisation": sponsor,
    }
    return {
        "id": index,
        "primary": True,
        "publicContacts": [contact],
        "scientificContacts": [],
        "thirdParties": [],
        "organisation": sponsor,
        "addresses": [{"organisation": sponsor, "address": _address(of.sites[0])}],
        "isCommercial": sponsor["commercial"],
        "commercial": "Commercial" if sponsor["commercial"] else "Non-Commercial",
    }


def _product(key: int, name: str) -> Json:
    return {
        "id": key,
        "part1MpRoleTypeCode": "1",
        "productDictionaryInfo": {
            "prodName": name.upper(),
            "activeSubstanceName": name.upper(),
            "atcCode": "-",
            "productSubstances": [{"actSubstName": name.upper(), "actSubstOrigin": "Chemical"}],
        },
        "mpRoleInTrial": "1",
        "routes": ["ORAL USE"],
        "productName": name,
        "jsonActiveSubstanceNames": name.lower(),
    }


def _address(site: Site) -> Json:
    return {
        "oneLine": "1 Example Street",
        "addressLine1": "1 Example Street",
        "city": site.city.name,
        "postcode": site.city.zip,
        "country": _COUNTRY_CODES.get(site.country.name, 2099),
        "countryName": site.country.name,
    }


def subjects_in(of: Truth, country: str) -> int:
    """By its share of the sites; what is left is recruited in the rest of the world."""
    here = sum(site.country.name == country for site in of.sites)
    return of.outline.planned * here // len(of.sites)


def part_two(told: Telling, entry: Entry, country: str, status: int) -> Json:
    """One member state's."""
    of, at = told.of, told.of.outline
    sites = [site for site in of.sites if site.country.name == country]
    started = str(date.fromordinal(at.started))
    runs = status in (3, 4, 5, 6, 7, 8)
    return {
        "id": at.index,
        "mscInfo": {
            "countryName": country,
            "mscName": country,
            "trialStatus": "Authorised",
            "firstDecisionDate": str(date.fromordinal(entry.registered)),
            "trialRecruitmentPeriod": [{"id": 1, "recruitmentStartDate": started}] if runs else [],
            "hasRecruitmentStarted": runs,
        },
        "decisionDate": str(date.fromordinal(entry.registered)),
        "recruitmentSubjectCount": subjects_in(of, country),
        "trialSites": [
            {
                "id": place,
                "organisationAddressInfo": {
                    "organisation": {
                        "name": site.facility,
                        "type": "Hospital/Clinic/Other health care facility",
                        "commercial": False,
                    },
                    "address": _address(site),
                    "phone": "+33 1 99 00 00 00",
                    "email": f"site{place}@example.org",
                },
                "personInfo": {"firstName": of.leader.partition(" ")[0], "lastName": of.leader.partition(" ")[2]},
                "departmentName": FIELDS[of.conditions[0].area],
            }
            for place, site in enumerate(sites)
        ],
    }


def events(told: Telling, states: Sequence[str], status: str) -> Json:
    started = str(date.fromordinal(told.of.outline.started))
    happened = [{"notificationType": "START_OF_TRIAL", "date": started}]
    if status == "Ended":
        happened.append({"notificationType": "END_OF_TRIAL", "date": str(date.fromordinal(told.of.outline.done))})
    return {
        "temporaryHaltList": [],
        "trialEvents": [{"mscId": place, "mscName": name, "events": happened} for place, name in enumerate(states)],
        "unexpectedEvents": [],
        "seriousBreaches": [],
        "urgentSafetyMeasures": [],
    }
