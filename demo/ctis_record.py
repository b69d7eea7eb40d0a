"""A truth as a trial of CTIS: what its search lists of it, and what `retrieve` says. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import orjson

from demo import ctis_parts
from demo.ctis_words import PHASES, STATUSES, ages_of, areas, code_of, day_first, member_states, phase_of, region_of
from demo.dice import many_dice, mix
from demo.holdings import Entry, seed_of, truth_for
from demo.rewording import reworded
from demo.telling import Telling, telling_of
from demo.world import Truth, World

_CTIS, _AGAIN = 41, 42
RESUBMITTED = 0.05
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Listed:
    """A trial in the search. `overview` and `body` are made when they are needed."""

    number: str
    status: int
    updated: date
    published: date
    decided: date
    overview: partial[Json]
    body: partial[bytes]


def listed(world: World, entry: Entry) -> Sequence[Listed]:
    """One, or two where it was refused first and submitted again under the same number with another ending."""
    status = code_of(truth_for(world, entry.index))
    if mix(seed_of(world, entry.index), entry.index, _AGAIN) % 1000 >= RESUBMITTED * 1000:
        return (_listed(world, entry, entry.id, status),)
    again = entry.id[:-2] + "01"
    return (_listed(world, entry, entry.id, 11), _listed(world, entry, again, status))


def _listed(world: World, entry: Entry, number: str, status: int) -> Listed:
    decided = date.fromordinal(entry.registered)
    updated = date.fromordinal(entry.updated)
    return Listed(
        number=number,
        status=status,
        updated=updated,
        published=updated,
        decided=decided,
        overview=partial(overview, world, entry, number, status),
        body=partial(body, world, entry, number, status),
    )


def overview(world: World, entry: Entry, number: str, status: int) -> Json:
    told, titles = _told(world, entry)
    of = told.of
    made: Json = {
        "ctNumber": number,
        "ctStatus": status,
        "ctTitle": titles[1],
        "shortTitle": of.acronym or of.code,
        "conditions": ", ".join(of.named),
        "trialCountries": [f"{name}:{status}" for name in member_states(of)],
        "decisionDateOverall": day_first(entry.registered),
        "decisionDate": ", ".join(f"{name[:2].upper()}: {day_first(entry.registered)}" for name in member_states(of)),
        "therapeuticAreas": areas(of),
        "sponsor": of.sponsor.name,
        "sponsorType": ctis_parts.sponsor_types(of),
        "trialPhase": PHASES[phase_of(of)],
        "endPoint": "; ".join(one.measure for one in told.secondary),
        "primaryEndPoint": "; ".join(one.measure for one in told.primary),
        "product": ", ".join(treatment.name for treatment in of.treatments),
        "ageGroup": ", ".join(name for _, name in ages_of(of)),
        "ageRangeSecondary": [""],
        "gender": {"ALL": "Female, Male", "FEMALE": "Female", "MALE": "Male"}[of.sex],
        "trialRegion": region_of(of),
        "totalNumberEnrolled": str(of.outline.enrolment),
        "resultsFirstReceived": "Yes" if of.outline.results_posted else "No",
        "lastUpdated": day_first(entry.updated),
        "lastPublicationUpdate": day_first(entry.updated),
    }
    if status in (4, 5, 6, 7, 8):
        made["startDateEU"] = day_first(of.outline.started)
    if status == 8:
        made["endDateEU"] = made["endDate"] = day_first(of.outline.done)
    return made


def _told(world: World, entry: Entry) -> tuple[Telling, tuple[str, str]]:
    """What it says, and its (public, full) title here."""
    told = telling_of(world, entry)
    dice = many_dice(seed_of(world, entry.index), entry.index, _CTIS)
    acronym = told.of.acronym
    return told, (reworded(told.public, dice, sentence=True), reworded(told.scientific, dice, acronym=acronym))


def body(world: World, entry: Entry, number: str, status: int) -> bytes:
    told, (public, full) = _told(world, entry)
    of, at = told.of, told.of.outline
    part_one = ctis_parts.part_one(told, entry)
    named = part_one["trialDetails"]["clinicalTrialIdentifiers"]
    translated = ctis_parts.translations(told)
    named |= {"fullTitle": full, "fullTitleTranslations": translated, "publicTitle": public}
    moved: Json = {"isTransitioned": False}
    if entry.moved_from:
        moved = {"isTransitioned": True, "eudraCtCode": entry.moved_from}
    decided = date.fromordinal(entry.registered)
    states = member_states(of)
    made: Json = {
        "ctNumber": number,
        "ctStatus": {11: "Not authorised", 12: "Cancelled", 8: "Ended"}.get(status, "Authorised"),
        "decisionDate": f"{decided}T19:56:21.977",
        "publishDate": f"{date.fromordinal(entry.updated)}T18:45:21.525511428",
        "ctPublicStatusCode": status,
        "authorizedApplication": {
            "authorizedPartI": part_one,
            "authorizedPartsII": [ctis_parts.part_two(told, entry, name, status) for name in states],
            "applicationInfo": [_application(of, number, decided)],
            "trialGlobalEnd": [],
            "memberStatesConcerned": [
                _concerned(name, at.index * 10 + place, decided, status) for place, name in enumerate(states)
            ],
            "eudraCt": moved,
        },
        "events": ctis_parts.events(told, states, STATUSES[status]),
        "results": {},
        "documents": [],
        "trialRegion": {1: "EEA only", 2: "Non-EEA only", 3: "In both EEA and non-EEA"}[region_of(of)],
        "trialRegionCode": region_of(of),
        "correctiveMeasures": [],
    }
    if status in (4, 5, 6, 7, 8):
        made["startDateEU"] = str(date.fromordinal(at.started))
    return orjson.dumps(made)


def _application(of: Truth, number: str, decided: date) -> Json:
    return {
        "id": of.outline.index + 1,
        "type": "INITIAL",
        "status": "Authorised",
        "ctNumber": number,
        "submissionDate": str(date.fromordinal(of.outline.submitted)),
        "decisionDate": str(decided),
    }


def _concerned(state: str, key: int, decided: date, status: int) -> Json:
    at = f"{decided}T19:56:21.977"
    return {
        "mscName": state,
        "mscId": key,
        "firstDecisionDate": at,
        "lastDecisionDate": at,
        "mscPublicStatusCode": status,
    }
