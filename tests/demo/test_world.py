import statistics
from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

import orjson
import pytest

from demo import world
from demo.ctgov_query import STATUSES
from demo.ctgov_record import record
from demo.dice import few_dice, many_dice
from demo.outline import Kind, Rates
from demo.world import World, outline_of, present, size, truth

WORLD = World(5_000)
FIRST_DAY = WORLD.first_day.toordinal()


@pytest.fixture(scope="module")
def records() -> list[bytes]:
    return [record(WORLD, index) for index in range(600)]


@pytest.fixture(scope="module")
def studies(records: list[bytes]) -> list[dict[str, Any]]:
    return [orjson.loads(one) for one in records]


def test_a_record_depends_on_seed_and_index_alone(records: list[bytes]) -> None:
    assert record(World(300), 299) == records[299]
    assert record(World(600_000), 17) == records[17]
    assert record(World(5_000, seed=2), 17) != records[17]


def test_draws_are_the_same_on_every_python() -> None:
    assert many_dice(1, 2, 3).between(0, 10**9) == 976524045
    assert few_dice(1, 2, 3).between(0, 10**9) == 964839486


def test_dates_are_in_order_and_no_update_lies_in_the_future() -> None:
    for index in range(3_000):
        at = outline_of(WORLD, index)
        assert at.submitted <= at.posted <= at.updated <= FIRST_DAY
        assert at.started <= at.primary_done <= at.done
        assert at.verified <= at.updated
        assert at.results_posted is None or at.posted <= at.results_posted <= at.updated


def test_a_status_agrees_with_its_dates() -> None:
    for index in range(3_000):
        at = outline_of(WORLD, index)
        match at.status:
            case "NOT_YET_RECRUITING":
                assert at.started > FIRST_DAY
            case "RECRUITING" | "ENROLLING_BY_INVITATION" | "SUSPENDED":
                assert at.started <= FIRST_DAY < at.primary_done
            case "COMPLETED":
                assert at.done <= FIRST_DAY
            case "UNKNOWN":
                assert at.updated <= FIRST_DAY - 730
                assert at.last_known == "RECRUITING"
            case "WITHDRAWN":
                assert at.enrolment == 0
            case _:
                pass


def test_every_status_and_kind_occurs() -> None:
    outlines = [outline_of(WORLD, index) for index in range(5_000)]
    statuses = Counter(at.status for at in outlines)
    assert set(statuses) == STATUSES
    assert len(STATUSES) == 14
    assert statuses["COMPLETED"] > 2_000
    assert {at.kind for at in outlines} == set(Kind)


def test_records_are_as_big_as_real_ones(records: list[bytes], studies: list[dict[str, Any]]) -> None:
    without = [len(body) for body, study in zip(records, studies, strict=True) if not study["hasResults"]]
    results = [len(body) for body, study in zip(records, studies, strict=True) if study["hasResults"]]
    assert 9_000 < statistics.median(without) < 14_000  # real ones here: 10,518
    assert max(without) > 25_000
    assert 35_000 < statistics.median(results) < 90_000  # real ones here: 49,867
    assert 0.05 < len(results) / len(records) < 0.15


def test_results_add_up_to_the_enrolment(studies: list[dict[str, Any]]) -> None:
    reported = [study for study in studies if study["hasResults"]]
    for study in reported:
        enrolled = study["protocolSection"]["designModule"]["enrollmentInfo"]["count"]
        started, completed, lost = study["resultsSection"]["participantFlowModule"]["periods"][0]["milestones"]
        assert sum(int(one["numSubjects"]) for one in started["achievements"]) == enrolled
        for began, ended, left in zip(*(m["achievements"] for m in (started, completed, lost)), strict=True):
            assert int(began["numSubjects"]) == int(ended["numSubjects"]) + int(left["numSubjects"])
        for group in study["resultsSection"]["adverseEventsModule"]["eventGroups"]:
            assert group["seriousNumAffected"] <= group["seriousNumAtRisk"]
    assert reported


def test_texts_leave_no_placeholder_and_speak_of_their_own_trial(
    records: list[bytes], studies: list[dict[str, Any]]
) -> None:
    for body, study in zip(records, studies, strict=True):
        assert not any(b"{" + name + b"}" in body for name in (b"condition", b"treatment", b"against", b"weeks"))
        protocol = study["protocolSection"]
        if protocol["statusModule"]["overallStatus"] != "WITHHELD":
            first = protocol["conditionsModule"]["conditions"][0]
            assert first in orjson.dumps(protocol["eligibilityModule"], option=0).decode() or first in str(protocol)
            assert protocol["armsInterventionsModule"]["interventions"]


def test_conditions_carry_their_mesh_descriptors(studies: list[dict[str, Any]]) -> None:
    heart_attacks = [
        study["derivedSection"]["conditionBrowseModule"]
        for study in (orjson.loads(record(WORLD, index)) for index in range(2_000))
        if "Heart Attack" in study["protocolSection"]["conditionsModule"]["conditions"]
    ]
    assert heart_attacks
    for browse in heart_attacks:
        assert {"id": "D009203", "term": "Myocardial Infarction"} in browse["meshes"]
        assert "Cardiovascular Diseases" in {above["term"] for above in browse["ancestors"]}


def test_texts_come_in_several_scripts(records: list[bytes]) -> None:
    everything = b"".join(records).decode()
    for sign in ("é", "ß", "ł", "Γ", "Н", "医", "の", "대"):
        assert sign in everything


def test_one_trial_in_eleven_is_registered_elsewhere_too() -> None:
    truths = [truth(WORLD, index) for index in range(3_000)]
    elsewhere = [of for of in truths if of.registrations]
    assert 0.07 < len(elsewhere) / len(truths) < 0.11
    assert {one.registry for of in elsewhere for one in of.registrations} == {"euctr", "ctis", "isrctn"}
    stated = [one.stated for of in elsewhere for one in of.registrations]
    assert 0.4 < sum(stated) / len(stated) < 0.7
    ids = [one.id for of in elsewhere for one in of.registrations]
    assert len(set(ids)) == len(ids)


def test_stated_registrations_and_no_others_stand_in_the_record(studies: list[dict[str, Any]]) -> None:
    for index, study in enumerate(studies):
        stands = {one["id"] for one in study["protocolSection"]["identificationModule"].get("secondaryIdInfos", [])}
        if study["protocolSection"]["statusModule"]["overallStatus"] != "WITHHELD":
            for one in truth(WORLD, index).registrations:
                assert (one.id in stands) == one.stated


def test_a_day_changes_its_share_and_moves_the_last_update_with_it() -> None:
    tomorrow = WORLD.on(1)
    moved = [i for i in range(5_000) if outline_of(tomorrow, i) != outline_of(WORLD, i)]
    assert 25 < len(moved) < 90  # 1 % of 5,000
    assert all(record(tomorrow, i) == _same_day(record(WORLD, i)) for i in range(500) if i not in moved)
    assert all(record(tomorrow, i) != _same_day(record(WORLD, i)) for i in moved)
    for index in moved:
        before, after = outline_of(WORLD, index), outline_of(tomorrow, index)
        assert after.updated == FIRST_DAY + 1 > before.updated
        assert after.revision == before.revision + 1
        assert after.started <= after.primary_done <= after.done


def _same_day(body: bytes) -> bytes:
    """A record as it reads a day later when nothing changed: only the data version moved."""
    return body.replace(b'"versionHolder":"2026-01-05"', b'"versionHolder":"2026-01-06"')


def test_an_update_leaves_the_rest_of_a_record_alone() -> None:
    """Sites, texts and outcomes stay when only the enrolment moves."""
    month = WORLD.on(30)
    compared = 0
    for index in range(5_000):
        before, after = outline_of(WORLD, index), outline_of(month, index)
        if before.kind is Kind.EXPANDED_ACCESS or before.status == "WITHHELD":
            continue
        if after.revision and replace(after, **_kept(before)) == before and after.enrolment != before.enrolment:
            one, other = orjson.loads(record(WORLD, index)), orjson.loads(record(month, index))
            for study in (one, other):
                del study["protocolSection"]["designModule"]["enrollmentInfo"], study["derivedSection"]
                del study["protocolSection"]["statusModule"]
            one.pop("resultsSection", None), other.pop("resultsSection", None)
            assert one == other
            compared += 1
    assert compared > 20


def _kept(before: Any) -> dict[str, Any]:
    return {name: getattr(before, name) for name in ("revision", "updated", "verified", "enrolment")}


def test_statuses_only_move_forward_with_their_dates() -> None:
    later = World(2_000, rates=Rates(changed=0.5)).on(20)
    for index in range(2_000):
        at = outline_of(later, index)
        assert at.started <= at.primary_done <= at.done
        assert at.submitted <= at.posted <= at.updated <= FIRST_DAY + 20
        if at.status == "RECRUITING" and at.kind is not Kind.EXPANDED_ACCESS:
            assert at.started <= FIRST_DAY + 20


def test_trials_are_born_and_removed() -> None:
    later = World(2_000, rates=Rates(born=0.01, removed=0.01)).on(5)
    assert size(later) == 2_100
    here = set(present(later))
    assert 20 < 2_100 - len(here) < 180
    assert outline_of(later, 2_050).posted > FIRST_DAY
    assert set(present(later.on(6))) & set(range(2_100)) <= here  # the removed stay removed
    assert list(present(later.on(0))) == list(range(2_000))


def test_a_world_too_big_for_its_numbers_is_refused() -> None:
    with pytest.raises(ValueError, match="999500"):
        World(999_501)


def test_first_day_moves_every_date() -> None:
    other = World(10, first_day=date(2027, 3, 1))
    assert outline_of(other, 3).posted - outline_of(World(10), 3).posted == (date(2027, 3, 1) - world.FIRST_DAY).days
