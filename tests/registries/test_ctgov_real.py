"""Every real study of ClinicalTrials.gov that we hold, against its own JSON read in another way."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard

from actors.registries import Found, Page
from actors.registries.ctgov import first, read
from actors.trials.history import plain
from actors.trials.record import Trial, When
from actors.trials.results import Results

FILES = ["studies.ndjson.zst", "versions.ndjson.zst"]


def _lines(shared_data: Path, name: str) -> list[bytes]:
    with (shared_data / "ctgov_v2" / name).open("rb") as file:
        return zstandard.ZstdDecompressor().stream_reader(file).read().splitlines()


def _pages(lines: list[bytes]) -> Iterator[tuple[list[bytes], Page]]:
    for at in range(0, len(lines), 1000):
        part = lines[at : at + 1000]
        yield part, read(first(None)[0], b'{"studies":[' + b",\n".join(part) + b"]}")


@pytest.mark.parametrize("name", FILES)
def test_every_real_study_is_read_and_none_is_refused(shared_data: Path, name: str) -> None:
    for lines, page in _pages(_lines(shared_data, name)):
        assert page.refused == ()
        assert [one.raw for one in page.found] == lines


@pytest.mark.parametrize("name", FILES)
def test_every_real_study_says_what_its_json_says(shared_data: Path, name: str) -> None:
    seen = 0
    for _, page in _pages(_lines(shared_data, name)):
        for one in page.found:
            _check(one)
            seen += 1
    assert seen > 30


def _check(one: Found) -> None:
    trial, study = one.trial, json.loads(one.raw)
    protocol = study["protocolSection"]
    ident, dates = protocol["identificationModule"], protocol["statusModule"]
    design, words = protocol.get("designModule", {}), protocol.get("conditionsModule", {})
    assert trial.registry_id == ident["nctId"]
    assert trial.url.endswith(ident["nctId"])
    assert trial.title == ident["briefTitle"]
    assert trial.status_raw == dates["overallStatus"]
    assert trial.status == dates["overallStatus"].lower()
    assert trial.study_type == design.get("studyType", "unknown").lower()
    assert list(trial.phases_raw) == design.get("phases", [])
    assert len(trial.phases) == len(trial.phases_raw)
    assert trial.enrolment == design.get("enrollmentInfo", {}).get("count")
    assert list(trial.conditions) == words.get("conditions", [])
    assert list(trial.keywords) == words.get("keywords", [])
    assert trial.sponsor == protocol["sponsorCollaboratorsModule"]["leadSponsor"]["name"]
    assert trial.has_results == study.get("hasResults")
    _check_dates(trial, dates)
    _check_ids(trial, ident)
    _check_sites(trial, protocol.get("contactsLocationsModule", {}).get("locations", []))
    _check_lists(trial, protocol)
    _check_mesh(trial, study.get("derivedSection", {}))
    _check_people(trial, protocol)
    _check_results(trial.results, study.get("resultsSection"))
    assert json.loads(json.dumps(plain(trial))) == plain(trial)


def _check_dates(trial: Trial, dates: dict[str, Any]) -> None:
    structs = {
        "start": "startDateStruct",
        "primary_completion": "primaryCompletionDateStruct",
        "completion": "completionDateStruct",
        "first_posted": "studyFirstPostDateStruct",
        "last_updated": "lastUpdatePostDateStruct",
        "results_posted": "resultsFirstPostDateStruct",
    }
    for field, name in structs.items():
        when: When | None = getattr(trial, field)
        struct = dates.get(name)
        assert (str(when) if when else None) == (struct["date"] if struct else None)
        if when and struct:
            assert when.actual is {"ACTUAL": True, "ESTIMATED": False, None: None}[struct.get("type")]
    for field, name in {"first_submitted": "studyFirstSubmitDate", "verified": "statusVerifiedDate"}.items():
        when = getattr(trial, field)
        assert (str(when) if when else None) == dates.get(name)


def _check_ids(trial: Trial, ident: dict[str, Any]) -> None:
    by_place = {place: [one.value for one in trial.ids if one.place == place] for place in ("main", "alias")}
    assert by_place == {"main": [ident["nctId"]], "alias": ident.get("nctIdAliases", [])}
    secondary = ident.get("secondaryIdInfos", [])
    assert len([one for one in trial.ids if one.place == "secondary"]) == len(secondary)
    for given in secondary:
        if given.get("type") in ("EUDRACT_NUMBER", "CTIS"):
            assert any(one.scheme in ("eudract", "euct") and one.value in given["id"] for one in trial.ids)


def _check_sites(trial: Trial, locations: list[dict[str, Any]]) -> None:
    assert len(trial.sites) == len(locations)
    countries: list[str] = []
    for site, location in zip(trial.sites, locations, strict=True):
        point = location.get("geoPoint", {})
        assert (site.latitude, site.longitude) == (point.get("lat"), point.get("lon"))
        assert (site.facility, site.city, site.country) == (
            location.get("facility"),
            location.get("city"),
            location.get("country"),
        )
        if location.get("country") and location["country"] not in countries:
            countries.append(location["country"])
    assert list(trial.countries) == countries


def _check_lists(trial: Trial, protocol: dict[str, Any]) -> None:
    arms = protocol.get("armsInterventionsModule", {})
    assert [one.name for one in trial.interventions] == [one["name"] for one in arms.get("interventions", [])]
    assert [one.label for one in trial.arms] == [one["label"] for one in arms.get("armGroups", [])]
    outcomes = protocol.get("outcomesModule", {})
    for kind in ("primary", "secondary", "other"):
        told = [one["measure"] for one in outcomes.get(f"{kind}Outcomes", [])]
        assert [one.measure for one in trial.outcomes if one.kind == kind] == told
    papers = protocol.get("referencesModule", {}).get("references", [])
    assert {(one.pmid, one.kind, one.citation) for one in trial.references} == {
        (one.get("pmid"), one.get("type"), one.get("citation")) for one in papers
    }
    rules = protocol.get("eligibilityModule", {})
    assert trial.eligibility.criteria == rules.get("eligibilityCriteria")
    assert (trial.eligibility.sex or "").upper() == rules.get("sex", "")
    assert (trial.eligibility.sex_raw, trial.eligibility.population) == (rules.get("sex"), rules.get("studyPopulation"))
    for days, age in (
        (trial.eligibility.min_age_days, rules.get("minimumAge")),
        (trial.eligibility.max_age_days, rules.get("maximumAge")),
    ):
        assert (days is None) is (age is None)
        if days is not None and age.split()[1].startswith("Year"):
            assert int(age.split()[0]) == round(days / 365.25)


def _check_mesh(trial: Trial, derived: dict[str, Any]) -> None:
    told = [
        (term["id"], term["term"], about, name == "ancestors")
        for about in ("condition", "intervention")
        for name in ("meshes", "ancestors")
        for term in derived.get(f"{about}BrowseModule", {}).get(name, [])
    ]
    assert [(one.ui, one.term, one.about, one.ancestor) for one in trial.mesh] == told


def _check_people(trial: Trial, protocol: dict[str, Any]) -> None:
    module = protocol.get("contactsLocationsModule", {})
    for people, told in ((trial.contacts, "centralContacts"), (trial.officials, "overallOfficials")):
        assert [(one.name, one.role, one.email, one.affiliation) for one in people] == [
            tuple(one.get(name) for name in ("name", "role", "email", "affiliation")) for one in module.get(told, [])
        ]
    at_sites = [person.name for site in trial.sites for person in site.contacts]
    assert at_sites == [one.get("name") for place in module.get("locations", []) for one in place.get("contacts", [])]
    parties = protocol["sponsorCollaboratorsModule"].get("collaborators", [])
    assert [(one.name, one.kind) for one in trial.collaborators] == [(one["name"], one.get("class")) for one in parties]
    ipd = protocol.get("ipdSharingStatementModule", {})
    assert (trial.sharing.plan, trial.sharing.description) == (ipd.get("ipdSharing"), ipd.get("description"))
    assert list(trial.sharing.documents) == ipd.get("infoTypes", [])
    masking = protocol.get("designModule", {}).get("designInfo", {}).get("maskingInfo", {})
    assert list(trial.design.masked) == masking.get("whoMasked", [])
    assert trial.last_known_status_raw == protocol["statusModule"].get("lastKnownStatus")
    links = [one["link"] for one in protocol["identificationModule"].get("secondaryIdInfos", []) if "link" in one]
    assert set(links) <= {one.link for one in trial.ids}


def _check_results(results: Results | None, section: dict[str, Any] | None) -> None:
    """Compared by their sums, reckoned from the JSON in another way."""
    assert (results is None) is (section is None)
    if results is None or section is None:
        return
    measures = section["outcomeMeasuresModule"]["outcomeMeasures"]
    assert [(one.kind, one.title, one.time_frame) for one in results.measures] == [
        (one["type"], one["title"], one["timeFrame"]) for one in measures
    ]
    assert [one.p_value for measure in results.measures for one in measure.analyses] == [
        one.get("pValue") for measure in measures for one in measure.get("analyses", [])
    ]
    values = [
        it["value"]
        for measure in measures
        for class_ in measure.get("classes", [])
        for category in class_.get("categories", [])
        for it in category["measurements"]
    ]
    assert len([value for measure in results.measures for value in measure.values]) + results.left_out == len(values)
    if not results.left_out:
        assert [value.value for measure in results.measures for value in measure.values] == values
    events = section["adverseEventsModule"]
    assert sum(one.serious or 0 for one in results.harmed) == sum(
        one.get("seriousNumAffected", 0) for one in events["eventGroups"]
    )
    assert (results.serious_kinds or 0, results.other_kinds or 0) == (
        len(events.get("seriousEvents", [])), len(events.get("otherEvents", [])),
    )  # fmt: skip
    stones = [stone for period in section["participantFlowModule"]["periods"] for stone in period["milestones"]]
    for name in ("started", "completed"):
        told = [one for stone in stones if stone["type"] == name.upper() for one in stone["achievements"]]
        assert sum(getattr(one, name) or 0 for one in results.flow) == sum(int(one["numSubjects"]) for one in told)
