"""One study of ClinicalTrials.gov, from its bytes to a trial or to the reason why not."""

import copy
import json
import pickle
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.registries import Page, UnreadableBody
from actors.registries.ctgov import first, read
from actors.trials.history import plain
from actors.trials.reading.ctgov.results import CUT, LONGEST, MOST_GROUPS, MOST_MEASURES, MOST_VALUES
from actors.trials.record import (
    Arm,
    Contact,
    Design,
    Eligibility,
    ExpandedAccess,
    Identifier,
    Intervention,
    MeshTerm,
    Outcome,
    Party,
    Reference,
    Sharing,
    Site,
    Trial,
    When,
)
from actors.trials.results import Analysis, Flow, Harmed, Measured, Results, Value

RECORDED = (Path(__file__).parents[1] / "recorded" / "ctgov_study.json").read_bytes()
SECTION = "protocolSection"
LEFT = b'{"protocolSection":{"identificationModule":{"nctId":"NCT00000001"}}}'
RIGHT = b'{ "protocolSection" : {"identificationModule": {"nctId": "NCT00000003"}} }'


def page(*studies: bytes) -> Page:
    return read(first(None)[0], b'{"totalCount": 3, "studies": [' + b" ,\n".join(studies) + b"]}")


def trial(study: object) -> Trial:
    answer = page(json.dumps(study).encode())
    assert answer.refused == ()
    return answer.found[0].trial


def with_module(name: str, content: object) -> dict[str, Any]:
    return {SECTION: {"identificationModule": {"nctId": "NCT00000002"}, name: content}}


def test_every_module_is_read() -> None:
    read_trial = trial(json.loads(RECORDED))
    assert read_trial == Trial(
        registry="ctgov",
        registry_id="NCT09900001",
        url="https://clinicaltrials.gov/study/NCT09900001",
        title="Walking After a Heart Attack",
        status="terminated",
        status_raw="TERMINATED",
        last_known_status="recruiting",
        last_known_status_raw="RECRUITING",
        official_title="A Randomised Trial of Walking After Myocardial Infarction – über alle Grenzen",
        acronym="WALK",
        ids=(
            Identifier("nct", "NCT09900001", "main"),
            Identifier("nct", "NCT09900002", "alias"),
            Identifier("eudract", "2019-001234-56", "organisation"),
            Identifier("euct", "2023-512345-67-00", "secondary", "OTHER: European Medicines Agency"),
            Identifier("other", "R01HL000001", "secondary", "NIH", "https://reporter.example/R01HL000001"),
            Identifier("other", "WHO-UTN U1111-1234-5678 (old)", "secondary", "REGISTRY: ICTRP"),
            Identifier("utn", "U1111-1234-5678", "text", "REGISTRY: ICTRP"),
        ),
        summary="Walking is compared with usual care.",
        description="In detail.",
        why_stopped="Slow recruitment",
        study_type="interventional",
        study_type_raw="INTERVENTIONAL",
        phases=("phase_2", "phase_3"),
        phases_raw=("PHASE2", "PHASE3"),
        design=Design("RANDOMIZED", "PARALLEL", "TREATMENT", "DOUBLE", ("PARTICIPANT", "INVESTIGATOR")),
        start=When(date(2024, 2, 1), "month", True),
        primary_completion=When(date(2027, 2, 1), "month", False),
        completion=When(date(2028, 1, 1), "year"),
        first_submitted=When(date(2023, 12, 24), "day"),
        first_posted=When(date(2024, 1, 2), "day", False),
        last_updated=When(date(2026, 7, 1), "day", True),
        verified=When(date(2026, 5, 1), "month"),
        results_posted=When(date(2026, 6, 30), "day", True),
        has_results=True,
        enrolment=240,
        enrolment_actual=True,
        sponsor="Example University",
        sponsor_class="OTHER",
        collaborators=(Party("Example Foundation", "NETWORK"), Party("Example AG", "INDUSTRY")),
        conditions=("Heart Attack", "Heart Failure"),
        keywords=("walking",),
        interventions=(Intervention("Walking", "BEHAVIORAL", "30 minutes", ("Steps",)),),
        arms=(
            Arm("Walking", "EXPERIMENTAL", "Daily", ("Behavioral: Walking",)),
            Arm("Usual care", "NO_INTERVENTION"),
        ),
        outcomes=(
            Outcome("primary", "Death", "Of any cause", "1 year"),
            Outcome("secondary", "Distance", None, "6 months"),
            Outcome("other", "Mood"),
        ),
        mesh=(
            MeshTerm("D009203", "Myocardial Infarction", "condition"),
            MeshTerm("D017202", "Myocardial Ischemia", "condition", True),
            MeshTerm("D016138", "Walking", "intervention"),
        ),
        eligibility=Eligibility(
            criteria="Inclusion Criteria:\n\n* Heart attack",
            sex="female",
            sex_raw="FEMALE",
            min_age_days=182,
            max_age_days=29220,
            min_age_raw="6 Months",
            max_age_raw="80 Years",
            healthy_volunteers=False,
            age_groups=("CHILD", "ADULT", "OLDER_ADULT"),
            population="Women of the ward",
            sampling="PROBABILITY_SAMPLE",
        ),
        countries=("Switzerland", "France"),
        sites=(
            Site(
                "Example Hospital", "Bern", None, "3010", "Switzerland", "RECRUITING", 46.94809, 7.44744,
                (Contact("D. Nobody", "PRINCIPAL_INVESTIGATOR"),),
            ),
            Site(city="Lyon", country="France"),
            Site("Clinic Two", "Basel", "BS", None, "Switzerland"),
        ),
        contacts=(
            Contact("B. Nobody", "CONTACT", None, "+1 555 0100 ext. 7", "walk@example.org"),
            Contact("C. Nobody", "CONTACT"),
        ),
        officials=(Contact("A. Nobody", "STUDY_CHAIR", "Example University"),),
        references=(
            Reference("10000001", "BACKGROUND", "One."),
            Reference(None, "RESULT", "Not in PubMed."),
            Reference("10000002", "RESULT", "Two."),
            Reference("10000001", "DERIVED", "One again."),
        ),
        sharing=Sharing("YES", "On request", ("STUDY_PROTOCOL", "SAP"), "5 years", "Researchers", "https://data.example"),
        expanded_access=ExpandedAccess(available=True, number="NCT09900003", status_raw="AVAILABLE"),
        results=RESULTS,
    )  # fmt: skip


RESULTS = Results(
    flow=[
        Flow("First month", "Walking", 120, 110),
        Flow("First month", "Usual care", 120),
        Flow("Follow-up", "Walking", 0),
    ],
    measures=[
        Measured(
            kind="PRIMARY",
            title="Distance",
            time_frame="6 months",
            unit="metres",
            parameter="MEAN",
            dispersion="Standard Deviation",
            groups=["Walking", "Usual care"],
            values=[
                Value(0, "Week 4 · Women", "420.5", spread="10.1"),
                Value(1, "Week 4 · Women", "NA", lower="380", upper="400"),
                Value(1, None, "1"),
            ],
            analyses=[Analysis([0, 1], "ANCOVA", "<0.001", "Mean Difference", "20.5", "95", "10", "31")],
        ),
        Measured("SECONDARY", "Mood"),
    ],
    harmed=[Harmed("Walking", 0, 120, 3, 120, 30, 119), Harmed("Usual care", serious=4, serious_at_risk=120)],
    harm_time_frame="1 year",
    harm_threshold_percent="5",
    serious_kinds=1,
    other_kinds=0,
)


def test_results_are_plain_with_their_zeros_and_without_what_is_not_stated() -> None:
    told: Any = plain(trial(json.loads(RECORDED)))["results"]
    assert told["flow"][2] == {"period": "Follow-up", "group": "Walking", "started": 0}
    assert told["measures"][0]["values"][2] == {"group": 1, "value": "1"}
    assert told["measures"][1] == {"kind": "SECONDARY", "title": "Mood"}
    assert told["harmed"][1] == {"group": "Usual care", "serious": 4, "serious_at_risk": 120}
    assert json.loads(json.dumps(told)) == told


def test_results_beyond_their_bounds_are_left_out_and_counted() -> None:
    groups = [{"id": f"OG{number}", "title": "g" * 2 * LONGEST} for number in range(MOST_GROUPS + 1)]
    values = [{"measurements": [{"groupId": "OG0", "value": "1"}] * (MOST_VALUES + 5)}]
    measure = {"title": "Pain", "groups": groups, "classes": [{"categories": values}]}
    section = {"outcomeMeasuresModule": {"outcomeMeasures": [measure, measure, *[{"title": "x"}] * MOST_MEASURES]}}
    results = trial({SECTION: {"identificationModule": {"nctId": "NCT00000002"}}, "resultsSection": section}).results
    assert results is not None
    assert [len(one.values) for one in results.measures[:2]] == [MOST_VALUES, 0]
    assert results.measures[0].groups[0] == "g" * (LONGEST - 1) + CUT
    assert results.left_out == 2 + 2 * 1 + 5 + (MOST_VALUES + 5)


def test_what_a_study_does_not_state_is_none_or_empty_and_nothing_is_made_up() -> None:
    assert trial({SECTION: {"identificationModule": {"nctId": "NCT00000002"}}}) == Trial(
        registry="ctgov",
        registry_id="NCT00000002",
        url="https://clinicaltrials.gov/study/NCT00000002",
        title=None,
        status="unknown",
        status_raw=None,
        ids=(Identifier("nct", "NCT00000002", "main"),),
    )


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ("ACTIVE_NOT_RECRUITING", "active_not_recruiting"),
        ("COMPLETED", "completed"),
        ("ENROLLING_BY_INVITATION", "enrolling_by_invitation"),
        ("NOT_YET_RECRUITING", "not_yet_recruiting"),
        ("RECRUITING", "recruiting"),
        ("SUSPENDED", "suspended"),
        ("TERMINATED", "terminated"),
        ("WITHDRAWN", "withdrawn"),
        ("AVAILABLE", "available"),
        ("NO_LONGER_AVAILABLE", "no_longer_available"),
        ("TEMPORARILY_NOT_AVAILABLE", "temporarily_not_available"),
        ("APPROVED_FOR_MARKETING", "approved_for_marketing"),
        ("WITHHELD", "withheld"),
        ("UNKNOWN", "unknown"),
        ("PAUSED_BY_MOON", "unknown"),
        ("recruiting", "unknown"),
        ("", "unknown"),
    ],
)
def test_every_documented_status_is_known_and_the_raw_value_is_kept(raw: str, status: str) -> None:
    """G02: upper-case values of the API are mapped, anything else is `unknown`, the raw value is kept."""
    read_trial = trial(with_module("statusModule", {"overallStatus": raw}))
    assert (read_trial.status, read_trial.status_raw) == (status, raw)


@pytest.mark.parametrize(
    ("raw", "phases"),
    [
        (["NA"], ("not_applicable",)),
        (["EARLY_PHASE1"], ("early_phase_1",)),
        (["PHASE1"], ("phase_1",)),
        (["PHASE1", "PHASE2"], ("phase_1", "phase_2")),
        (["PHASE2", "PHASE3"], ("phase_2", "phase_3")),
        (["PHASE3"], ("phase_3",)),
        (["PHASE4"], ("phase_4",)),
        (["PHASE9"], ()),
        ([], ()),
    ],
)
def test_every_documented_phase_is_known_and_the_raw_value_is_kept(raw: list[str], phases: tuple[str, ...]) -> None:
    read_trial = trial(with_module("designModule", {"phases": raw}))
    assert (read_trial.phases, read_trial.phases_raw) == (phases, tuple(raw))


@pytest.mark.parametrize(
    ("raw", "study_type"),
    [
        ("INTERVENTIONAL", "interventional"),
        ("OBSERVATIONAL", "observational"),
        ("EXPANDED_ACCESS", "expanded_access"),
        ("DREAM", "unknown"),
    ],
)
def test_every_documented_study_type_is_known(raw: str, study_type: str) -> None:
    read_trial = trial(with_module("designModule", {"studyType": raw}))
    assert (read_trial.study_type, read_trial.study_type_raw) == (study_type, raw)


@pytest.mark.parametrize(("raw", "sex"), [("ALL", "all"), ("FEMALE", "female"), ("MALE", "male"), ("?", None)])
def test_every_documented_sex_is_known_and_the_raw_value_is_kept(raw: str, sex: str | None) -> None:
    rules = trial(with_module("eligibilityModule", {"sex": raw})).eligibility
    assert (rules.sex, rules.sex_raw) == (sex, raw)


@pytest.mark.parametrize("text", ["2027", "2027-02", "2027-02-14"])
@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("startDateStruct", "start"),
        ("primaryCompletionDateStruct", "primary_completion"),
        ("completionDateStruct", "completion"),
        ("studyFirstPostDateStruct", "first_posted"),
        ("lastUpdatePostDateStruct", "last_updated"),
        ("resultsFirstPostDateStruct", "results_posted"),
    ],
)
def test_dates_keep_their_precision_and_whether_they_have_happened(name: str, field: str, text: str) -> None:
    """G02: partial dates of every dated field round-trip."""
    for word, actual in (("ACTUAL", True), ("ESTIMATED", False), (None, None)):
        read_trial = trial(with_module("statusModule", {name: {"date": text, "type": word}}))
        when = getattr(read_trial, field)
        assert (str(when), when.actual) == (text, actual)


HEAD = b'{"protocolSection":{"identificationModule":{"nctId":"NCT00000002"'


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (HEAD + rb',"briefTitle":"a\u0000b"}}}', "U+0000"),
        (HEAD + rb'}},"resultsSection":"\u0000"}', "U+0000"),
        (HEAD + rb',"briefTitle":"\ud800"}}}', "surrogate"),
        (HEAD + rb',"briefTitle":"\udc00x"}}}', "surrogate"),
        (HEAD + rb'}},"unread":"\udfff]},{"}', "surrogate"),
        (HEAD + b',"briefTitle":"\xff"}}}', "UTF-8: byte 80"),
        (HEAD + b'}},"unread":"\xed\xa0\x80"}', "UTF-8"),
        (HEAD + b',"briefTitle":"\x01"}}}', "invalid character"),
        (HEAD + rb',"briefTitle":"\q"}}}', "invalid escape"),
        (HEAD + b'}},"unread":01}', "malformed"),
        (HEAD + b'}},"unread":' + b"[" * 9999 + b"]" * 9999 + b"}", "too deep"),
    ],
)  # fmt: skip
def test_a_study_that_cannot_be_kept_is_set_aside_with_its_reason_and_the_others_go_on(raw: bytes, reason: str) -> None:
    answer = page(LEFT, raw, RIGHT)
    assert [one.raw for one in answer.found] == [LEFT, RIGHT]
    (refused,) = answer.refused
    assert reason in refused.reason
    assert (refused.raw, refused.registry_id) == (raw, "NCT00000002")
    assert answer.total == 3


def test_an_escaped_backslash_before_u0000_is_no_nul() -> None:
    raw = rb'{"protocolSection":{"identificationModule":{"nctId":"NCT00000002","briefTitle":"C:\\u0000"}}}'
    assert page(raw).found[0].trial.title == r"C:\u0000"


def test_letters_of_every_script_are_kept() -> None:
    raw = (
        '{"protocolSection":{"identificationModule":{"nctId":"NCT00000002",'
        '"briefTitle":"Ärzte 試験 😀 \\ud83d\\ude00"}}}'
    ).encode()
    found = page(LEFT, raw, RIGHT).found
    assert found[1].trial.title == "Ärzte 試験 😀 😀"
    assert found[1].raw == raw


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"{}", "protocolSection"),
        (b"[]", "Expected `object`, got `array`"),
        (b"null", "Expected `object`, got `null`"),
        (b"7", "Expected `object`, got `int`"),
        (b'"study"', "Expected `object`, got `str`"),
        (b'{"protocolSection":[]}', "`$.protocolSection`"),
        (b'{"protocolSection":{}}', "identificationModule"),
        (b'{"protocolSection":{"identificationModule":{}}}', "nctId"),
        (b'{"protocolSection":{"identificationModule":{"nctId":7}}}', "nctId"),
        (b'{"protocolSection":{"identificationModule":{"nctId":""}}}', "nctId"),
        (b'{"protocolSection":{"identificationModule":{"nctId":"NCT123"}}}', "'NCT123' is not NCT and eight digits"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("salvaged", [False, True])
def test_a_study_without_its_essentials_is_set_aside(raw: bytes, reason: str, salvaged: bool) -> None:
    broken = rb'{"a":"\ud800"}' if salvaged else b"{}"
    answer = page(LEFT, raw, RIGHT, broken)
    assert [one.raw for one in answer.found] == [LEFT, RIGHT]
    assert answer.refused[0].raw == raw
    assert reason in answer.refused[0].reason


@pytest.mark.parametrize(
    ("module", "content", "path"),
    [
        ("statusModule", {"overallStatus": 7}, "$.protocolSection.statusModule.overallStatus"),
        ("statusModule", [], "$.protocolSection.statusModule"),
        ("statusModule", {"startDateStruct": "2027"}, "$.protocolSection.statusModule.startDateStruct"),
        ("statusModule", {"startDateStruct": {"date": "soon"}}, "$.protocolSection.statusModule.startDateStruct.date"),
        ("statusModule", {"statusVerifiedDate": "2027-13"}, "$.protocolSection.statusModule.statusVerifiedDate"),
        ("conditionsModule", {"conditions": "Stroke"}, "$.protocolSection.conditionsModule.conditions"),
        ("conditionsModule", {"conditions": ["Stroke", 7]}, "$.protocolSection.conditionsModule.conditions[1]"),
        ("designModule", {"enrollmentInfo": {"count": "many"}}, "$.protocolSection.designModule.enrollmentInfo.count"),
        ("designModule", {"enrollmentInfo": {"count": -1}}, "$.protocolSection.designModule.enrollmentInfo.count"),
        ("designModule", {"enrollmentInfo": {"count": 2**31}}, "$.protocolSection.designModule.enrollmentInfo.count"),
        ("contactsLocationsModule", {"locations": [{"geoPoint": {"lat": 91}}]}, "geoPoint.lat"),
        ("eligibilityModule", {"healthyVolunteers": "yes"}, "$.protocolSection.eligibilityModule.healthyVolunteers"),
        ("contactsLocationsModule", {"centralContacts": [{"phone": 7}]}, "centralContacts[0].phone"),
        ("referencesModule", {"references": [{"citation": []}]}, "references[0].citation"),
    ],
)  # fmt: skip
def test_a_field_of_another_type_sets_the_study_aside_with_its_path(module: str, content: object, path: str) -> None:
    answer = page(LEFT, json.dumps(with_module(module, content)).encode(), RIGHT)
    assert len(answer.found) == 2
    assert path in answer.refused[0].reason
    assert answer.refused[0].registry_id == "NCT00000002"


def test_the_bytes_of_each_study_are_kept_as_they_came() -> None:
    pretty = RECORDED.strip()
    answer = page(LEFT, pretty, RIGHT)
    assert [one.raw for one in answer.found] == [LEFT, pretty, RIGHT]
    assert all(type(one.raw) is bytes for one in answer.found)


def test_a_page_can_be_sent_between_processes() -> None:
    answer = page(LEFT, RECORDED, b"{}")
    assert pickle.loads(pickle.dumps(answer)) == answer  # noqa: S301


# --- whatever comes ---------------------------------------------------------------------------------------------------

ODD: st.SearchStrategy[object] = st.sampled_from(
    [None, True, 0, -1, 2**70, 1.5, 1e999, "", "x", "2027-02-30", "\x00", [], [None], [[]], ["x"], {}, {"id": 1}]
)


def _paths(node: object, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [at, *(path for key, child in inner for path in _paths(child, (*at, key)))]


STUDY = json.loads(RECORDED)
PATHS = [path for path in _paths(STUDY) if path]


@settings(max_examples=400)
@given(st.lists(st.tuples(st.sampled_from(PATHS), st.none() | st.tuples(ODD)), min_size=1, max_size=3))
def test_a_damaged_study_is_read_or_set_aside_and_its_neighbours_are_read(
    damages: list[tuple[tuple[str | int, ...], tuple[object] | None]],
) -> None:
    study = copy.deepcopy(STUDY)
    for path, value in damages:
        _damage(study, path, value)
    raw = json.dumps(study).replace("Infinity", "1e999").encode()
    answer = page(LEFT, raw, RIGHT)
    assert len(answer.found) + len(answer.refused) == 3
    assert {LEFT, RIGHT} <= {one.raw for one in answer.found}
    for refused in answer.refused:
        assert refused.raw == raw
        assert refused.reason


def _damage(study: Any, path: tuple[str | int, ...], value: tuple[object] | None) -> None:
    try:
        for key in path[:-1]:
            study = study[key]
        if value is None:
            del study[path[-1]]
        else:
            study[path[-1]] = copy.deepcopy(value[0])  # what is sampled is shared, and may be damaged next
    except (KeyError, IndexError, TypeError):
        pass  # an earlier damage took that place away


@settings(max_examples=300)
@given(st.integers(0, len(RECORDED) - 1), st.binary(max_size=3), st.integers(0, 40))
def test_damaged_bytes_never_do_more_than_refuse(at: int, instead: bytes, cut: int) -> None:
    raw = RECORDED[:at] + instead + RECORDED[at + cut :]
    try:
        answer = page(LEFT, raw, RIGHT)
    except UnreadableBody:
        return
    assert answer.found[0].raw == LEFT
    assert all(one.reason for one in answer.refused)
