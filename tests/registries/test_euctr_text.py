"""The full text of the EU Clinical Trials Register: whatever stands in it, it is read or refused, and soon."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.registries import Page, Request, UnreadableBody
from actors.registries.euctr import read
from actors.trials.reading.euctr.text import records

RECORD = """Summary
EudraCT Number: 2015-000001-10
Sponsor's Protocol Code Number: AB-1
National Competent Authority: Austria - BASG
Trial Status: {status}
Date on which this record was first entered in the EudraCT database: {entered}
Link: https://www.clinicaltrialsregister.eu/ctr-search/trial/2015-000001-10/{country}/

A. Protocol Information
A.1 Member State Concerned: {state} - X
A.2 EudraCT number: 2015-000001-10
A.3 Full title of the trial: A title of {entered}
A.3 Full title of the trial (de): Ein Titel
E.3 Principal inclusion criteria: One
E.2 coli: no field
E.5.9 New field: of a later form
F.4.2.2 In the whole clinical trial: {many}
N. Competent Authority Decision: Authorised
N. Date of Competent Authority Decision: {decided}
N. Ethics Committee Opinion of the trial application: Favourable
N. Date of Ethics Committee Opinion: {opined}
P. End of Trial Status: {status}
"""
AT = RECORD.format(status="Completed", entered="2015-01-02", country="AT", state="Austria", many=10,
                   decided="2015-03-01", opined="2015-02-01")  # fmt: skip
SE = RECORD.format(status="Ongoing", entered="2016-01-02", country="SE", state="Sweden", many=38,
                   decided="2016-03-01", opined="2016-04-01")  # fmt: skip
REQUEST = Request("", state=(("query", "x"), ("listed", "2015-000001-10+"), ("count", "1")))


def asked(text: str) -> Page:
    return read(REQUEST, text.encode())


def test_the_latest_record_tells_the_texts_and_the_loudest_the_status() -> None:
    [found] = asked(AT + SE).found
    trial = found.trial
    assert (trial.title, trial.enrolment, trial.enrolment_actual) == ("A title of 2016-01-02", 38, False)
    assert (trial.status, trial.status_raw) == ("unknown", "Ongoing")
    assert [(one.country, one.status_raw) for one in trial.sites] == [("Austria", "Completed"), ("Sweden", "Ongoing")]
    assert (str(trial.start), str(trial.first_submitted)) == ("2015-03-01", "2015-01-02")
    assert trial.has_results is True


def test_the_order_of_the_records_and_a_record_that_stands_twice_make_no_difference() -> None:
    assert asked(AT + SE).found[0].trial == asked(SE + AT + SE).found[0].trial


def test_a_line_that_looks_like_a_field_and_is_out_of_order_is_text_and_a_new_one_in_order_is_none() -> None:
    [record] = records(AT)
    assert record.first("E.3") == "One\nE.2 coli: no field"
    assert record.first("E.5.9") == "of a later form"


def test_a_record_of_another_trial_under_a_number_is_refused_with_its_reason() -> None:
    page = asked(AT + SE.replace("A.2 EudraCT number: 2015-000001-10", "A.2 EudraCT number: 2015-000009-10"))
    assert page.found == ()
    assert [(one.registry_id, one.reason) for one in page.refused] == [
        ("2015-000001-10", "A.2 says '2015-000009-10' in a record of 2015-000001-10")
    ]


def test_the_number_of_another_trial_within_a_text_begins_no_record() -> None:
    [found] = asked(AT.replace(": One", ": took part in EudraCT Number: 2012-000009-10 before")).found
    assert "2012-000009-10" in (found.trial.eligibility.criteria or "")


def test_letters_of_windows_in_a_text_that_says_utf_8_are_read_as_meant() -> None:
    page = read(REQUEST, AT.replace("Ein Titel", "Prüfung").encode("cp1252"))
    assert page.found[0].trial.titles == (("de", "Prüfung"),)


def test_long_runs_of_anything_are_read_at_once() -> None:
    """What would take hours where the reading of one letter more cost all before it again."""
    for run in ("\n" * 200_000, " " * 200_000, "Summary " * 20_000, "EudraCT Number: " * 20_000, "A.1 " * 50_000):
        assert list(records(AT + run + SE))


@settings(max_examples=200)
@given(st.text(max_size=200), st.integers(0, 900))
def test_whatever_stands_in_a_text_it_is_read_or_refused(junk: str, at: int) -> None:
    try:
        page = read(REQUEST, (AT[:at] + junk + AT[at:]).encode(errors="replace"))
    except UnreadableBody:
        return
    assert len(page.found) + len(page.refused) + len(page.follow) >= 1


@settings(max_examples=100)
@given(st.lists(st.integers(0, 40), max_size=20))
def test_breaks_may_be_missing_anywhere_between_fields(gone: list[int]) -> None:
    """N05."""
    parts = re.split(r"\n+(?=[A-Z]\.|EudraCT|Sponsor|National|Trial|Date|Link)", AT.replace("E.2 coli: no field\n", ""))
    text = parts[0] + "".join(("" if at in gone else "\n") + part for at, part in enumerate(parts[1:]))
    whole = "\n".join(parts)
    assert asked(text.replace("E.5.9", "\nE.5.9")).found[0].trial == asked(whole).found[0].trial
