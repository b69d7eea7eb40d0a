"""Every real record of CTIS that we hold, against its own JSON read in another way.

They are as ctrdata stored them: the answer to `retrieve`, native, with members of the search's row beside them (which
may bear the names of native ones, as `ctStatus` does). Two shapes: before and since the relaunch of June 2024.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.registries import Found, Page, Request, UnreadableBody
from actors.registries.ctis import read
from actors.trials.history import plain
from actors.trials.pack import Source, pack_page
from actors.trials.record import Trial
from tests.registries.mutation import mutated

ADULTS = {"1": None, "2": "0-17 years", "3": "18-64 years", "4": "65+ years"}
OLD_STATUS = {"Authorised, not started": "not_yet_recruiting", "Ongoing, recruiting": "recruiting"}


def asked(number: str) -> Request:
    state = (("ask", "record"), ("query", "everything"), ("number", number))
    return Request(f"https://euclinicaltrials.eu/ctis-public-api/retrieve/{number}", state=state)


def _records(shared_data: Path) -> Iterator[tuple[bytes, dict[str, Any], Page]]:
    for line in (shared_data / "ctis" / "ctrdata_ctis.ndjson").read_bytes().splitlines():
        record = json.loads(line)
        yield line, record, read(asked(record["_id"]), line)


def test_every_real_record_is_read_and_none_is_refused(shared_data: Path) -> None:
    """G07: real records of both shapes mirror without error."""
    shapes = set()
    for line, record, page in _records(shared_data):
        assert page.refused == ()
        assert [one.raw for one in page.found] == [line]
        shapes.add("authorizedApplication" in record)
        packed = pack_page(
            page.found, (), Source("ctis", "https://x", datetime(2026, 1, 1).astimezone(), 1, "application/json")
        )
        assert (len(packed.trials), packed.refused) == (1, ())
    assert shapes == {True, False}


def test_every_real_record_says_what_its_json_says(shared_data: Path) -> None:
    for _, record, page in _records(shared_data):
        (one,) = page.found
        _check(one, record)


def _check(one: Found, record: dict[str, Any]) -> None:
    trial, today = one.trial, record.get("authorizedApplication")
    whole = today or record
    part_1 = whole["authorizedPartI"]
    details = part_1["trialDetails"]
    information, named = details["trialInformation"], details["clinicalTrialIdentifiers"]
    assert f"{trial.registry_id}-" == record["ctNumber"][:15]
    assert record["ctNumber"] in trial.url
    assert (trial.title, trial.official_title) == (named["publicTitle"], named["fullTitle"])
    assert trial.acronym == named["shortTitle"]
    translated = [one["attributeTranslation"] for one in named["fullTitleTranslations"]]
    assert set(translated) <= {title for _, title in trial.titles}
    assert trial.summary == information["trialObjective"]["mainObjective"]
    if today:
        assert record["ctPublicStatusCode"] == 4
        assert (trial.status, trial.status_raw) == ("recruiting", "4")
    else:
        assert (trial.status, trial.status_raw) == (OLD_STATUS[record["ctStatus"]], record["ctStatus"])
    _check_phase(trial, record, information)
    _check_dates(trial, record, information)
    _check_people(trial, whole, part_1)
    _check_plan(trial, information, part_1)
    _check_ids(trial, record, whole, named)
    assert json.loads(json.dumps(plain(trial))) == plain(trial)


def _check_phase(trial: Trial, record: dict[str, Any], information: dict[str, Any]) -> None:
    """The overview says in words what the record says in codes."""
    words = record["trialPhase"]
    told = {f"phase_{number}" for number, roman in enumerate(("I", "II", "III", "IV"), 1) if f"Phase {roman})" in words}
    if "Integrated" in words:
        told = {"phase_1", "phase_2"}
    assert set(trial.phases) == told
    assert trial.phases_raw == (information["trialCategory"]["trialPhase"],)


def _iso(text: str) -> str:
    return "-".join(reversed(text.split("/"))) if "/" in text else text[:10]


def _check_dates(trial: Trial, record: dict[str, Any], information: dict[str, Any]) -> None:
    planned = information["trialDuration"]
    started = record.get("startDateEU")
    assert str(trial.start) == _iso(started or planned["estimatedRecruitmentStartDate"])
    assert trial.start is not None
    assert trial.start.actual is bool(started)
    assert str(trial.completion) == planned.get("estimatedGlobalEndDate", planned["estimatedEndDate"])
    assert str(trial.last_updated) == _iso(record["lastUpdated"])
    if "submissionDate" in record:
        assert str(trial.first_submitted) == record["submissionDate"]


def _check_people(trial: Trial, whole: dict[str, Any], part_1: dict[str, Any]) -> None:
    (sponsor,) = [one for one in part_1["sponsors"] if one["primary"]]
    assert trial.sponsor == sponsor["organisation"]["name"]
    assert trial.sponsor_class == {True: "INDUSTRY", False: "OTHER"}[sponsor["organisation"]["commercial"]]
    assert {one.email for one in trial.contacts} == {
        one["functionalEmailAddress"] for one in (*sponsor["publicContacts"], *sponsor["scientificContacts"])
    }
    sites = [site for part in whole["authorizedPartsII"] for site in part["trialSites"]]
    places = [site["organisationAddressInfo"] for site in sites]
    assert {(one.facility, one.city, one.postcode, one.country) for one in trial.sites} == {
        (one["organisation"]["name"], one["address"]["city"], one["address"]["postcode"], one["address"]["countryName"])
        for one in places
    }
    assert {person.email for site in trial.sites for person in site.contacts} == {
        site["personInfo"]["email"] for site in sites
    }
    states = {one["mscName"] for one in whole["memberStatesConcerned"]}
    assert set(trial.countries) == states | {one["name"] for one in part_1.get("rowCountriesInfo", [])}
    counts = [part["recruitmentSubjectCount"] for part in whole["authorizedPartsII"]]
    assert (trial.enrolment, trial.enrolment_actual) == (sum(counts) + part_1["rowSubjectCount"], False)


def _check_plan(trial: Trial, information: dict[str, Any], part_1: dict[str, Any]) -> None:
    assert list(trial.conditions) == [one["medicalCondition"] for one in part_1["medicalConditions"]]
    products = [one["productDictionaryInfo"] for one in part_1["products"]]
    names = {name.lower() for one in trial.interventions for name in (one.name, *one.other_names)}
    for product in products:
        substance = product["activeSubstanceName"]
        assert substance in ("N/A", "") or substance.lower() in names
    assert not names & {"n/a", "-", ""}
    points = information["endPoint"]
    for kind in ("primary", "secondary"):
        told = [one["endPoint"] for one in points[f"{kind}EndPoints"]]
        assert [one.measure for one in trial.outcomes if one.kind == kind] == told
    criteria = information["eligibilityCriteria"]
    for kind in ("Inclusion", "Exclusion"):
        for one in criteria[f"principal{kind}Criteria"]:
            assert one[f"principal{kind}Criteria"].strip() in (trial.eligibility.criteria or "")
    subjects = information["populationOfTrialSubjects"]
    sexes = {(True, True): "all", (True, False): "female", (False, True): "male"}
    assert trial.eligibility.sex == sexes[subjects["isFemaleSubjects"], subjects["isMaleSubjects"]]
    ages = sorted({one["ageRangeCategory"] for one in subjects["ageRanges"]})
    assert list(trial.eligibility.age_groups) == [ADULTS[code] for code in ages]
    least, most = {"2": 0, "3": 18 * 365.25, "4": 65 * 365.25}, {"2": 17 * 365.25, "3": 64 * 365.25, "4": None}
    assert trial.eligibility.min_age_days == int(least[ages[0]])
    highest = most[ages[-1]]
    assert trial.eligibility.max_age_days == (None if highest is None else int(highest))


def _check_ids(trial: Trial, record: dict[str, Any], whole: dict[str, Any], named: dict[str, Any]) -> None:
    known = {(one.scheme, one.value): one.place for one in trial.ids}
    assert known["euct", record["ctNumber"][:14]] == "main"
    assert known["euct", record["ctNumber"]] == "alias"
    transitioned = (whole.get("eudraCt") or record.get("eudraCtInfo") or {}).get("eudraCtCode")
    assert transitioned is None or ("eudract", transitioned) in known
    secondary = named["secondaryIdentifyingNumbers"]
    if nct := secondary.get("nctNumber", {}).get("number"):
        assert known["nct", nct] == "secondary"
    for one in secondary["additionalRegistries"]:
        assert one["number"] in {value for _, value in known}


@settings(max_examples=150)
@given(data=st.data())
def test_a_record_changed_in_any_way_is_read_or_refused(shared_data: Path, data: st.DataObject) -> None:
    """G07: whatever a record holds, no other error comes of it."""
    lines = (shared_data / "ctis" / "ctrdata_ctis.ndjson").read_bytes().splitlines()
    line = data.draw(st.sampled_from([min(lines, key=len), lines[1]]))
    changed = json.dumps(data.draw(mutated(json.loads(line)))).encode()
    try:
        page = read(asked("2022-501142-30-00"), changed)
    except UnreadableBody:
        return
    assert len(page.found) + len(page.refused) + len(page.follow) == 1
    packed = pack_page(page.found, (), Source("ctis", "", datetime(2026, 1, 1).astimezone(), 1, "application/json"))
    assert len(packed.trials) + len(packed.refused) == len(page.found)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_refused_or_unreadable(body: bytes) -> None:
    try:
        page = read(asked("2022-501142-30-00"), body)
    except UnreadableBody:
        return
    assert page.found == ()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'"a text"}', "trailing"),
        (rb'{"ctNumber":"2022-501142-30-00","authorizedPartI":{"x":"\u0000"}}', "U\\+0000"),
        (b'{"ctNumber":"2022-501142-30-00","authorizedPartI":{"x":"\xff"}}', "UTF-8"),
        (b'{"ctNumber":"2022-501142-30-00"}', "Part I"),
        (b'{"ctNumber":"NCT01234567","authorizedPartI":{}}', "ctNumber"),
        (b'{"ctNumber":"2022-501142-31-00","authorizedPartI":{}}', "asked for"),
        (b'{"ctNumber":"2022-501142-30-00","publishDate":"31/02/2024","authorizedPartI":{}}', "publishDate"),
        (b'{"ctNumber":"2022-501142-30-00","authorizedPartI":{"rowSubjectCount":99999999999}}', "rowSubjectCount"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason_and_number(body: bytes, reason: str) -> None:
    page = read(asked("2022-501142-30-00"), body)
    (refused,) = page.refused
    assert refused.registry_id == "2022-501142-30"
    assert refused.raw == body
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(refused.reason)
