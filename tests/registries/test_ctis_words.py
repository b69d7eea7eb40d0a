"""What CTIS says in codes and in its own words, and what becomes of it: tables."""

import json
from typing import Any

import pytest

from actors.trials.normalise import NotReadable
from actors.trials.reading.ctis.loose_json import Loose, loose_json
from actors.trials.reading.ctis.record import trial_of
from actors.trials.reading.ctis.words import STATUSES
from actors.trials.reading.written_days import written_day
from actors.trials.record import Trial


def trial(information: dict[str, Any] | None = None, *, part_1: dict[str, Any] | None = None, **record: Any) -> Trial:
    """A record of today's shape with these members."""
    whole = record.pop("whole", {})
    inside = {"trialDetails": {"trialInformation": information or {}}} | (part_1 or {})
    made = {"ctNumber": "2024-500001-11-00", "authorizedApplication": {"authorizedPartI": inside} | whole} | record
    return trial_of(loose_json(json.dumps(made).encode()))


@pytest.mark.parametrize(
    ("code", "status"),
    [(1, "not_yet_recruiting"), (2, "not_yet_recruiting"), (3, "recruiting"), (4, "recruiting"),
     (5, "active_not_recruiting"), (6, "suspended"), (7, "suspended"), (8, "completed"), (9, "withdrawn"),
     (10, "terminated"), (11, "withdrawn"), (12, "withdrawn"), (0, "unknown"), (13, "unknown"), (99, "unknown")],
)  # fmt: skip
def test_a_public_status_code_is_kept_and_has_one_of_our_words(code: int, status: str) -> None:
    """G02: every documented value; an unknown one is `unknown`."""
    for given in (code, str(code)):
        found = trial(ctPublicStatusCode=given, ctStatus="Authorised")
        assert (found.status, found.status_raw) == (status, str(code))
    assert set(STATUSES) == {str(known) for known in range(1, 13)}


def test_the_status_of_the_application_is_not_that_of_the_trial() -> None:
    """G02: "Authorised" says nothing of recruitment."""
    assert (trial(ctStatus="Ended").status, trial(ctStatus="Ended").status_raw) == ("unknown", None)
    assert trial(ctStatus=4).status == "recruiting"  # as the search has it


def test_a_trial_that_all_member_states_ended_early_is_terminated() -> None:
    states = {"memberStatesConcerned": [{"mscName": "Spain"}, {"mscName": "Italy"}]}
    early = {"notificationType": "EARLY_TERMINATION", "date": "2025-03-04"}
    told = [{"mscName": name, "events": [early]} for name in ("Spain", "Italy")]
    both = trial(ctPublicStatusCode=8, whole=states, events={"trialEvents": told})
    one = trial(ctPublicStatusCode=8, whole=states, events={"trialEvents": told[:1]})
    assert (both.status, str(both.completion), one.status) == ("terminated", "2025-03-04", "completed")


@pytest.mark.parametrize(
    ("code", "phases"),
    [("1", "1"), ("2", "1"), ("3", "1"), ("4", "2"), ("5", "3"), ("6", "4"), ("7", "12"), ("8", "12"), ("9", "12"),
     ("10", "23"), ("11", "34"), ("12", ""), ("x", "")],
)  # fmt: skip
def test_a_phase_code_is_kept_and_has_our_words(code: str, phases: str) -> None:
    found = trial({"trialCategory": {"trialPhase": code}})
    assert found.phases == tuple(f"phase_{number}" for number in phases)
    assert found.phases_raw == (code,)


@pytest.mark.parametrize(
    ("codes", "least", "most", "groups"),
    [
        ("3", 6574, 23376, ("18-64 years",)),
        ("34", 6574, None, ("18-64 years", "65+ years")),
        ("2", 0, 6209, ("0-17 years",)),
        ("24", 0, None, ("0-17 years", "65+ years")),
        ("1", None, 0, ("In utero",)),
        ("9", None, None, ()),
        ("", None, None, ()),
    ],
)
def test_age_groups_span_from_the_youngest_to_the_oldest(
    codes: str, least: int | None, most: int | None, groups: tuple[str, ...]
) -> None:
    ranges = [{"ageRangeCategory": code} for code in codes]
    told = trial({"populationOfTrialSubjects": {"ageRanges": ranges}}).eligibility
    assert (told.min_age_days, told.max_age_days, told.age_groups) == (least, most, groups)


@pytest.mark.parametrize(
    ("female", "male", "sex"),
    [(True, True, "all"), (True, False, "female"), (False, True, "male"), (None, None, None), (False, False, None)],
)
def test_who_may_take_part(female: bool | None, male: bool | None, sex: str | None) -> None:
    subjects = {"isFemaleSubjects": female, "isMaleSubjects": male}
    assert trial({"populationOfTrialSubjects": subjects}).eligibility.sex == sex


def test_results_are_told_by_what_was_submitted() -> None:
    given = {"summaryResults": [{"submissionDate": "2025-05-06T10:00:00"}, {"submissionDate": "2025-04-01"}]}
    assert (trial(results=given).has_results, str(trial(results=given).results_posted)) == (True, "2025-04-01")
    assert trial(results={}).has_results is False
    assert trial(resultsFirstReceived="Yes").has_results is True
    assert trial().has_results is None


def test_numbers_of_other_registries_are_typed_wherever_they_stand() -> None:
    """N03: in their own fields, among the additional ones, under any name."""
    given = {
        "nctNumber": {"number": "NCT04665037"},
        "isrctnNumber": {"number": "14757012"},
        "whoUniversalTrialNumber": {"number": "U1111-1234-5678"},
        "additionalRegistries": [{"number": "jRCT2031200001", "otherRegistryName": "jRCT"}, {"number": "N/A"}],
    }
    details = {"clinicalTrialIdentifiers": {"secondaryIdentifyingNumbers": given, "shortTitle": "MK-5592-127"}}
    found = trial(part_1={"trialDetails": details}, whole={"eudraCt": {"eudraCtCode": "2019-003842-34"}})
    assert {(one.scheme, one.value) for one in found.ids} == {
        ("euct", "2024-500001-11"), ("euct", "2024-500001-11-00"), ("eudract", "2019-003842-34"),
        ("nct", "NCT04665037"), ("isrctn", "ISRCTN14757012"), ("utn", "U1111-1234-5678"),
        ("jrct", "jRCT2031200001"), ("other", "MK-5592-127"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("20/08/2025", "2025-08-20"),
        ("2025-08-20", "2025-08-20"),
        ("2025-08-20T03:46:14.147548867", "2025-08-20"),
        ("2020-06-03T12:48:55.219Z", "2020-06-03"),
        ("2020-06-03T12:48:55+02:00", "2020-06-03"),
        ("2020-06-03 12:48:55", "2020-06-03"),
        ("2025-08", "2025-08"),
        ("2025", "2025"),
    ],
)
def test_days_are_read_however_they_are_written(text: str, day: str) -> None:
    """G02: the day as it stands there; what is less precise stays so."""
    assert str(written_day(text)) == day


@pytest.mark.parametrize("text", ["31/02/2025", "8/20/2025", "2025-13-01", "20.08.2025", "today", "", "2025-08-20T"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(NotReadable, match="not a date"):
        written_day(text)


def test_what_stands_elsewhere_than_looked_for_is_missing() -> None:
    value = Loose({"a": {"b": [1, "x", None, {"c": " "}]}, "n": 3.0, "f": True, "s": "12"})
    assert value.text("a", "b") is None
    assert [one.text() for one in value.each("a", "b")] == ["1", "x", None, None]
    assert (value.whole("n"), value.whole("s"), value.whole("f"), value.text("f")) == (3, 12, None, None)
    assert (value.flag("f"), value.flag("s")) == (True, None)
    assert not value.at("a", "b", "c")
