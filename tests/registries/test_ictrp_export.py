"""ICTRP's exports: what spreadsheets, encodings, archives and broken records do to them."""

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.registries import Page, Request, UnreadableBody
from actors.registries.ictrp import first, read
from actors.trials.reading.ictrp import unpacked as ictrp_unpacked
from actors.trials.reading.ictrp.dates import dates_of
from actors.trials.reading.ictrp.export import bodies
from actors.trials.reading.ictrp.words import (
    oldest_days,
    phases_of,
    sex_of,
    status_of,
    study_type_of,
    target_of,
    youngest_days,
)
from actors.trials.record import Identifier, Trial

YEAR = 365.25


def export(*trials: str, head: str = "<?xml version='1.0' encoding='UTF-8' ?>") -> bytes:
    records = "".join(f"\n  <Trial>\n    {trial}\n  </Trial>" for trial in trials)
    return f"{head}<Trials_downloaded_from_ICTRP>{records}\n</Trials_downloaded_from_ICTRP>".encode()


def asked(body: bytes) -> Page:
    return read(first(None)[0], body)


def one(fields: str) -> Trial:
    page = asked(export(f"<TrialID>NCT00000001</TrialID>{fields}"))
    assert page.refused == ()
    return page.found[0].trial


# ── dates ──


@pytest.mark.parametrize(
    ("number", "registered", "sure", "written", "expected"),
    [
        ("ACTRN12620000421932", "30/03/2020", "20200330", "05/03/2020", "2020-03-05"),
        ("ChiCTR2000029953", "2020-02-17", "20200217", "2020-03-05", "2020-03-05"),
        ("CTRI/2020/04/024442", "01-04-2020", "20200401", "08-04-2020", "2020-04-08"),
        ("NCT00523276", "30/08/2007", "20070830", "January 1996", "1996-01"),
        ("NCT00523276", "30/08/2007", "20070830", "March 5, 2020", "2020-03-05"),
        ("NCT00523276", "30/08/2007", "20070830", "5 March 2020", "2020-03-05"),
        ("ISRCTN10077335", "2020", None, "03/14/2020", "2020-03-14"),  # only the other way it is a date
        # A spreadsheet that took the day to be first: the registration of the same record says so.
        ("ISRCTN10077335", "2020-03-30 00:00:00", "20200330", "2020-03-05 00:00:00", "2020-03-05"),
        ("ISRCTN10077335", "2020-04-07 00:00:00", "20200407", "2020-03-05 00:00:00", "2020-03-05"),
        # One that took the month to be first.
        ("ISRCTN10077335", "2020-07-04 00:00:00", "20200407", "2020-05-03 00:00:00", "2020-03-05"),
        ("ISRCTN10077335", "30/03/2020", "20200330", "2020-05-03 00:00:00", "2020-03-05"),
        ("ISRCTN10077335", "04/07/2020", "20200407", "05/03/2020", "2020-05-03"),
        ("ISRCTN10077335", "04/07/2020", "20200407", "13/03/2020", "2020-03-13"),
        # Nothing tells which: the year alone is sure, unless day and month are alike.
        ("ISRCTN10077335", "2020-04-04 00:00:00", "20200404", "2020-05-03 00:00:00", "2020"),
        ("ISRCTN10077335", "2020-04-07 00:00:00", None, "2020-05-03 00:00:00", "2020"),
        ("ISRCTN10077335", "2020-04-07 00:00:00", None, "2020-05-05 00:00:00", "2020-05-05"),
        ("ISRCTN10077335", "2020-04-07 00:00:00", None, "2020-05-13 00:00:00", "2020-05-13"),
        # Where the year is first no spreadsheet can be wrong.
        ("IRCT20080901001165N46", "2020-04-04 00:00:00", None, "2020-05-03 00:00:00", "2020-05-03"),
        ("NCT00523276", "30/08/2007", "20070830", "1900-01-01", None),
        ("NCT00523276", "30/08/2007", "20070830", "31/02/2020", None),
        ("NCT00523276", "30/08/2007", "20070830", "soon", None),
        ("NCT00523276", "30/08/2007", "20070830", "Brumaire 5, 2020", None),
    ],
)
def test_dates_are_read_in_the_order_of_their_register_and_no_further_than_is_sure(
    number: str, registered: str, sure: str | None, written: str, expected: str | None
) -> None:
    """G02, N05: swapped days are found out, or the date is no more than its year."""
    values = {"dateregistration": registered, "dateregistration3": sure or "", "dateenrollement": written}
    dates = dates_of(number, values)
    read_date = dates.read(written)
    assert (str(read_date) if read_date else None) == expected


def test_where_a_record_tells_nothing_of_its_days_those_beside_it_do() -> None:
    swapped = "<Date_registration>04/07/2020</Date_registration><Date_registration3>20200407</Date_registration3>"
    silent = "<Date_registration>2020-04-04 00:00:00</Date_registration>"
    start = "<Date_enrollement>2020-05-03 00:00:00</Date_enrollement>"
    records = [f"<TrialID>NCT0000000{number}</TrialID>{one}{start}" for number, one in enumerate((swapped, silent))]
    assert [str(found.trial.start) for found in asked(export(*records)).found] == ["2020-03-05", "2020-03-05"]
    assert [str(found.trial.start) for found in asked(export(records[1])).found] == ["2020"]


# ── words ──


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("18 Years", 18 * YEAR), ("18", 18 * YEAR), ("18Y", 18 * YEAR), ("20years-old", 20 * YEAR),
        ("18(Year)", 18 * YEAR),
        (">= 20age old", 20 * YEAR), ("19 Year(s)", 19 * YEAR), ("18 years old", 18 * YEAR), ("6 Months", 182),
        ("28 Days", 28),
        ("2 Weeks", 14), ("0", 0), ("no limit", None), ("N/A", None), ("??", None), ("Days", None), ("", None),
        (None, None),
        ("1000000 years", None),
    ],
)  # fmt: skip
def test_ages_in_all_their_notations_are_days(text: str | None, days: float | None) -> None:
    assert youngest_days(text) == (None if days is None else int(days))


@pytest.mark.parametrize(("text", "days"), [("0", None), ("0 N/A (No limit)", None), ("99", 99 * YEAR), ("7 Days", 7)])
def test_an_upper_bound_of_zero_is_none(text: str, days: float | None) -> None:
    assert oldest_days(text) == (None if days is None else int(days))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("400", 400), ("survival group:200;died:200;", 400), ("Case series:100;", 100), ("A: mild:20;B: grave:5;", 25),
        ("patients;:8;others.:8;tissue:12;", 28), ("Inclusion at 2 months", None), ("group A:30;group B:", None),
        ("a:1;" * 63 + "b:2", None), ("", None), ("99999999999", None),
    ],
)  # fmt: skip
def test_the_sizes_of_groups_are_summed_where_every_group_has_one(text: str, number: int | None) -> None:
    assert target_of(text) == number


@pytest.mark.parametrize(
    ("text", "phases"),
    [
        ("Phase 2", ["2"]), ("Phase 2/Phase 3", ["2", "3"]), ("II-III", ["2", "3"]), ("IIb", ["2"]), ("Phase-3", ["3"]),
        ("2-3", ["2", "3"]), ("2020-03-02 00:00:00", ["2", "3"]), ("2020-02-03 00:00:00", ["2", "3"]),
        ("1-2", ["1", "2"]),
        ("Human pharmacology (Phase I): no\nTherapeutic exploratory (Phase II): yes", ["2"]), ("0", []),
        ("Phase 0", []),
        ("Retrospective study", []), ("2020-03-13 00:00:00", []), ("Not selected", []), ("", []),
    ],
)  # fmt: skip
def test_phases_are_read_also_from_what_a_spreadsheet_took_for_a_day(text: str, phases: list[str]) -> None:
    assert list(phases_of(text)) == [f"phase_{phase}" for phase in phases]


def test_words_that_say_nothing_are_unknown() -> None:
    """G02: `Not recruiting` may be before, between or after; its word is kept."""
    statuses = ("Recruiting", "Not Recruiting", "Pending", "Authorised", "Pending  (Not yet recruiting)", None)
    assert [status_of(one) for one in statuses] == [
        "recruiting", "unknown", "not_yet_recruiting", "unknown", "not_yet_recruiting", "unknown",
    ]  # fmt: skip
    sexes = ("Both", "<br>Female: yes<br>Male: no<br>", "Males", "-", "Male and Female", "BOTH")
    assert [sex_of(one) for one in sexes] == [
        "all", "female", "male", None, "all", "all",
    ]  # fmt: skip
    types = ("INTERVENTIONAL", "Observational [Patient Registry]", "Expanded Access", "Prevention")
    assert [study_type_of(one) for one in types] == [
        "interventional", "observational", "expanded_access", "unknown",
    ]  # fmt: skip


# ── a record ──


def test_a_country_record_of_eu_ctr_is_known_by_its_number_and_keeps_its_own() -> None:
    """N05: the country behind the number is folded in the typed id only."""
    page = asked(export("<TrialID>EUCTR2015-002340-14-NL</TrialID><Bridging_flag>NCT00000001</Bridging_flag>"))
    trial = page.found[0].trial
    assert trial.registry_id == "EUCTR2015-002340-14-NL"
    assert trial.ids == (
        Identifier("eudract", "2015-002340-14", "main"),
        Identifier("nct", "NCT00000001", "secondary", "bridged"),
    )


def test_text_is_cleaned_of_markup_padding_and_returns_and_lists_are_parted() -> None:
    trial = one(
        "<Public_title>  A &lt;br&gt; title_x000D_  </Public_title>"
        "<Condition>Asthma; &lt;br&gt;Asthma;Cough;U07.1;</Condition>"
        "<Intervention>Drug: A; B;Other: C</Intervention>"
        "<Inclusion_Criteria>Inclusion criteria: age &lt;18 and &gt;12&lt;br&gt;x</Inclusion_Criteria>"
        "<Secondary_ID>Nil Known;2015-000001-10;U1111-1234-5678 old</Secondary_ID>"
        "<Primary_outcome>Death [Time frame: 1 y];Pain</Primary_outcome>"
    )
    assert trial.title == "A title"
    assert (trial.conditions, trial.keywords) == (("Asthma", "Cough"), ("U07.1",))
    assert [(given.name, given.kind) for given in trial.interventions] == [("A; B", "Drug"), ("C", "Other")]
    assert trial.eligibility.criteria == "Inclusion criteria:\nage <18 and >12\nx"
    assert [given.value for given in trial.ids] == [
        "NCT00000001",
        "2015-000001-10",
        "U1111-1234-5678 old",
        "U1111-1234-5678",
    ]
    assert [(outcome.measure, outcome.time_frame) for outcome in trial.outcomes] == [("Death", "1 y"), ("Pain", None)]


def test_a_record_that_cannot_be_read_is_set_aside_and_the_others_are_not() -> None:
    page = asked(
        export(
            "<TrialID>NCT00000001</TrialID>",
            "<TrialID>NCT00000002</TrialID><Condition>",
            "<TrialID> </TrialID>",
            "<TrialID>x</TrialID>",
        )
    )
    assert [found.trial.registry_id for found in page.found] == ["NCT00000001"]
    assert [aside.reason for aside in page.refused] == [
        "not well-formed XML: mismatched tag", "it has no TrialID", "TrialID 'x' is no registry number",
    ]  # fmt: skip
    assert page.total == 4


def test_letters_that_xml_forbids_and_exports_hold_do_not_cost_the_record() -> None:
    trial = one("<Public_title>a\x0bb &nbsp; c &#x1F; d</Public_title>")
    assert trial.title == "a\ufffdb c \ufffd d"


def test_a_declaration_of_utf_8_over_letters_of_windows_is_not_believed() -> None:
    body = export("<TrialID>NCT00000001</TrialID><Public_title>caf# – ü</Public_title>").replace(b"#", b"\xe9")
    assert asked(body).found[0].trial.title == "café – ü"


# ── a file ──


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name.replace("_", "."), body)
    return packed.getvalue()


GOOD = export("<TrialID>NCT00000001</TrialID>")


def test_a_zip_with_one_export_is_read() -> None:
    assert len(asked(zipped(a_xml=GOOD)).found) == 1


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (zipped(a_xml=GOOD, b_xml=GOOD), "holds 2 files"),
        (zipped(a_zip=zipped(a_xml=GOOD)), "expected a file that ends in"),
        (zipped(), "holds 0 files"),
        (zipped(a_xml=b" " * (80 << 20)), "times its own size"),
        (zipped(a_xml=GOOD)[:-30], "cannot be unpacked"),
        (GOOD.replace(b"<Trials", b"<!DOCTYPE a [<!ENTITY b 'c'>]><Trials", 1), "document type"),
        (GOOD[:-40], "cut short"),
        (b"<html><body>busy</body></html>", "the root is html"),
        (b"", "neither XML nor CSV"),
        (b"\x00\x01\x02", "neither XML nor CSV"),
        (b"a,b,c\n1,2,3\n", "neither XML nor CSV"),
    ],
)
def test_what_is_no_export_is_refused_as_a_whole(body: bytes, says: str) -> None:
    """G07: bombs, entities, others' files and broken ones."""
    with pytest.raises(UnreadableBody, match=says):
        asked(body)


def test_an_entity_within_a_record_grows_nothing() -> None:
    page = asked(export("<TrialID>NCT00000001</TrialID><Public_title>&bomb;</Public_title>"))
    assert page.found[0].trial.title == "&bomb;"


def test_a_row_that_does_not_fit_its_header_is_set_aside() -> None:
    page = asked(b'TrialID,Public_title\nNCT00000001,a\nNCT00000002,a,b\n\n,\nNCT00000003,"a\nb"\n')
    assert [found.trial.registry_id for found in page.found] == ["NCT00000001", "NCT00000003"]
    assert [aside.reason for aside in page.refused] == ["a row of 3 fields under 2 columns"]
    assert page.found[1].raw == b'TrialID,Public_title\nNCT00000003,"a\nb"\n'


@pytest.mark.parametrize("records", [1, 2, 3, 1000])
def test_a_file_is_cut_into_small_exports_that_together_are_the_file(records: int) -> None:
    whole = export(*(f"<TrialID>NCT{number:08}</TrialID><Phase>{number}</Phase>" for number in range(1, 8)))
    parts = list(bodies(io.BytesIO(whole), records=records, size=10**6))
    assert [count for _, count in parts] == [min(records, 7 - at) for at in range(0, 7, records)]
    assert [found for body, _ in parts for found in asked(body).found] == list(asked(whole).found)


@settings(max_examples=200)
@given(
    st.binary(max_size=300),
    st.integers(0, 400),
    st.sampled_from([GOOD, zipped(a_xml=GOOD), b"TrialID,url\nNCT00000001,x\n"]),
)
def test_whatever_comes_is_read_or_refused(junk: bytes, at: int, body: bytes) -> None:
    try:
        page = asked(body[:at] + junk + body[at:])
    except UnreadableBody:
        return
    assert all(aside.reason for aside in page.refused)


FIELDS = (
    "publictitle", "condition", "intervention", "primaryoutcome", "dateenrollement", "dateregistration", "phase",
    "dateregistration3", "targetsize", "inclusionagemin", "inclusionagemax", "inclusiongender", "countries",
    "bridgingflag",
    "secondaryids", "studydesign", "contactfirstname", "contactemail", "resultsdateposted", "lastrefreshedon",
    "inclusioncriteria",
)  # fmt: skip


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=80)))
def test_whatever_a_field_holds_the_record_is_read(values: dict[str, str]) -> None:
    text = "".join(
        f"<{name}>{value.replace('&', '').replace('<', '').replace('>', '')}</{name}>" for name, value in values.items()
    )
    page = asked(export(f"<TrialID>EUCTR2015-002340-14-NL</TrialID>{text}"))
    assert len(page.found) + len(page.refused) == 1


def test_a_file_longer_than_is_taken_is_refused_while_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ictrp_unpacked, "MOST_BYTES", 100)
    with pytest.raises(UnreadableBody, match="longer than"):
        asked(GOOD)


def test_a_scrape_asks_for_the_one_file_at_its_address() -> None:
    [request] = first(None)
    assert isinstance(request, Request)
    assert request.address == "https://trialsearch.who.int/ICTRP-Results.xml"
    page = asked(GOOD)
    assert page.ended is not None
    assert (page.total, page.ended.count, page.follow) == (1, 1, ())
