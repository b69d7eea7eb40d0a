"""The difference between two versions of a trial, field by field."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from actors.trials.history import Change, changes, is_same, plain
from actors.trials.reading.ctgov.study import read_study
from actors.trials.record import Design, Eligibility, MeshTerm, Site, Trial, When

TRIAL = Trial(
    registry="ctgov",
    registry_id="NCT09900001",
    url="https://clinicaltrials.gov/study/NCT09900001",
    title="Walking",
    status="recruiting",
    status_raw="RECRUITING",
    titles=(("de", "Gehen"),),
    start=When(date(2027, 2, 1), "month", False),
    verified=When(date(2026, 1, 1), "year"),
    enrolment=0,
    has_results=False,
    conditions=("Heart Attack", "Heart Failure"),
    mesh=(MeshTerm("D009203", "Myocardial Infarction", "condition"),),
    eligibility=Eligibility(criteria="Adults", min_age_days=6574, age_groups=("ADULT",)),
    sites=(Site(facility="One", city="Bern", latitude=0.0), Site(facility="Two")),
)


def test_a_plain_trial_leaves_out_what_is_not_stated_and_keeps_zero_and_false() -> None:
    """G02: a date is written as precise as it is."""
    assert plain(TRIAL) == {
        "registry": "ctgov",
        "registry_id": "NCT09900001",
        "url": "https://clinicaltrials.gov/study/NCT09900001",
        "title": "Walking",
        "status": "recruiting",
        "status_raw": "RECRUITING",
        "titles": [["de", "Gehen"]],
        "study_type": "unknown",
        "start": "2027-02",
        "start_actual": False,
        "verified": "2026",
        "has_results": False,
        "enrolment": 0,
        "conditions": ["Heart Attack", "Heart Failure"],
        "mesh": [{"ui": "D009203", "term": "Myocardial Infarction", "about": "condition", "ancestor": False}],
        "eligibility": {"criteria": "Adults", "min_age_days": 6574, "age_groups": ["ADULT"]},
        "sites": [{"facility": "One", "city": "Bern", "latitude": 0.0}, {"facility": "Two"}],
    }


def test_a_plain_trial_is_the_same_after_it_went_through_json() -> None:
    assert json.loads(json.dumps(plain(TRIAL))) == plain(TRIAL)
    assert list(plain(TRIAL)) == list(plain(replace(TRIAL)))


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (TRIAL, ()),
        (replace(TRIAL, title="Running"), (Change("title", "Walking", "Running"),)),
        (replace(TRIAL, title=None), (Change("title", "Walking", None),)),
        (replace(TRIAL, acronym="WALK"), (Change("acronym", None, "WALK"),)),
        (replace(TRIAL, acronym=""), ()),
        (replace(TRIAL, has_results=True), (Change("has_results", False, True),)),
        (replace(TRIAL, enrolment=None), (Change("enrolment", 0, None),)),
        (
            replace(TRIAL, status="completed", status_raw="COMPLETED"),
            (Change("status", "recruiting", "completed"), Change("status_raw", "RECRUITING", "COMPLETED")),
        ),
        (
            replace(TRIAL, start=When(date(2027, 2, 1), "day", True)),
            (Change("start", "2027-02", "2027-02-01"), Change("start_actual", False, True)),
        ),
        (
            replace(TRIAL, conditions=("Heart Failure", "Stroke")),
            (Change("conditions", ["Heart Attack"], ["Stroke"]),),
        ),
        (
            replace(TRIAL, conditions=("Heart Failure", "Heart Attack")),
            (Change("conditions", ["Heart Attack", "Heart Failure"], ["Heart Failure", "Heart Attack"]),),
        ),
        (
            replace(TRIAL, conditions=("Heart Attack", "Heart Attack", "Heart Failure")),
            (Change("conditions", [], ["Heart Attack"]),),
        ),
        (replace(TRIAL, keywords=("walk",)), (Change("keywords", [], ["walk"]),)),
        (replace(TRIAL, titles=()), (Change("titles", [["de", "Gehen"]], []),)),
        (
            replace(TRIAL, sites=(TRIAL.sites[0], Site(facility="Two", status_raw="COMPLETED"))),
            (Change("sites", [{"facility": "Two"}], [{"facility": "Two", "status_raw": "COMPLETED"}]),),
        ),
        (
            replace(TRIAL, eligibility=replace(TRIAL.eligibility, criteria="Children", sex="male")),
            (Change("eligibility.criteria", "Adults", "Children"), Change("eligibility.sex", None, "male")),
        ),
        (
            replace(TRIAL, eligibility=replace(TRIAL.eligibility, age_groups=("ADULT", "CHILD"))),
            (Change("eligibility.age_groups", [], ["CHILD"]),),
        ),
        (replace(TRIAL, design=Design(masking="DOUBLE")), (Change("design.masking", None, "DOUBLE"),)),
    ],
)
def test_changes_name_the_fields_that_differ(after: Trial, expected: tuple[Change, ...]) -> None:
    assert changes(plain(TRIAL), plain(after)) == expected
    assert is_same(plain(TRIAL), plain(after)) is (not expected)


def test_changes_do_not_depend_on_the_order_of_keys() -> None:
    after = replace(TRIAL, status="completed", title="Running", conditions=(), design=Design(model="PARALLEL"))
    shuffled = dict(reversed(list(plain(TRIAL).items())))
    assert changes(shuffled, plain(after)) == changes(plain(TRIAL), plain(after))


def test_a_field_that_a_later_version_no_longer_knows_is_named_too() -> None:
    assert changes(plain(TRIAL) | {"zeta": 1, "alpha": 2}, plain(TRIAL)) == (
        Change("alpha", 2, None),
        Change("zeta", 1, None),
    )


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "a", "b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=6,
)
PLAINS = st.dictionaries(st.sampled_from(["title", "sites", "design", "start", "other"]), VALUES, max_size=5)


@given(PLAINS, PLAINS)
def test_changes_forward_are_changes_back_turned_round(before: dict[str, object], after: dict[str, object]) -> None:
    forward, back = changes(before, after), changes(after, before)
    assert [(one.field, one.before, one.after) for one in forward] == [
        (one.field, one.after, one.before) for one in back
    ]


@given(PLAINS)
def test_nothing_changed_is_no_change(told: dict[str, object]) -> None:
    assert changes(told, json.loads(json.dumps(told))) == ()
    assert is_same(told, told)


def test_the_versions_of_real_trials_differ_in_the_fields_that_their_records_differ_in(
    shared_data: Path,
) -> None:
    path = shared_data / "ctgov_v2" / "versions.ndjson.zst"
    with path.open("rb") as file:
        lines = zstandard.ZstdDecompressor().stream_reader(file).read().splitlines()
    last: dict[str, bytes] = {}
    compared = 0
    for line in lines:
        nct = json.loads(line)["protocolSection"]["identificationModule"]["nctId"]
        if nct in last:
            _check_versions(last[nct], line)
            compared += 1
        last[nct] = line
    assert compared > 10


def _check_versions(before: bytes, after: bytes) -> None:
    old, new = json.loads(before)["protocolSection"], json.loads(after)["protocolSection"]
    named = {one.field for one in changes(plain(read_study(before)), plain(read_study(after)))}
    for field, path in {
        "status_raw": ("statusModule", "overallStatus"),
        "last_updated": ("statusModule", "lastUpdatePostDateStruct", "date"),
        "verified": ("statusModule", "statusVerifiedDate"),
        "completion": ("statusModule", "completionDateStruct", "date"),
        "enrolment": ("designModule", "enrollmentInfo", "count"),
        "conditions": ("conditionsModule", "conditions"),
        "eligibility.criteria": ("eligibilityModule", "eligibilityCriteria"),
        "title": ("identificationModule", "briefTitle"),
        "summary": ("descriptionModule", "briefSummary"),
    }.items():
        assert (field in named) is (_at(old, path) != _at(new, path)), (field, named)
    assert "registry_id" not in named


def _at(record: object, path: tuple[str, ...]) -> object:
    for name in path:
        record = record.get(name) if isinstance(record, dict) else None
    return record
