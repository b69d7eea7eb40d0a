"""Dates, ages and registry numbers as registries write them."""

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from actors.trials.normalise import NotReadable, age_days, numbers_inside, scheme_of, when
from actors.trials.record import When


@pytest.mark.parametrize(
    ("text", "day", "precision"),
    [
        ("2027", date(2027, 1, 1), "year"),
        ("2027-02", date(2027, 2, 1), "month"),
        ("2027-02-14", date(2027, 2, 14), "day"),
        ("1999-12-31", date(1999, 12, 31), "day"),
        ("2024-02-29", date(2024, 2, 29), "day"),
    ],
)
def test_a_partial_date_keeps_its_precision(text: str, day: date, precision: str) -> None:
    """G02: "2027-02" is kept with precision month."""
    read = when(text, actual=True)
    assert (read.day, read.precision, read.actual) == (day, precision, True)
    assert str(read) == text


@given(st.dates(), st.sampled_from([4, 7, 10]), st.sampled_from([True, False, None]))
def test_a_partial_date_comes_back_as_it_was_written(day: date, length: int, actual: bool | None) -> None:
    """G02: partial dates round-trip."""
    text = day.isoformat()[:length]
    assert str(when(text, actual)) == text
    assert when(text, actual).actual is actual


@pytest.mark.parametrize(
    "text",
    ["", "20", "2027-", "2027-2", "2027-13", "2027-00", "2023-02-29", "0000", "14/02/2027", "Feb 2027",
     "2027-02-14T10:00", " 2027", "2027\n", "２０２７", "-2027"],
)  # fmt: skip
def test_what_is_no_partial_date_is_refused(text: str) -> None:
    with pytest.raises(NotReadable, match="not a date"):
        when(text)


@given(st.text(max_size=12))
def test_any_text_is_a_date_or_refused(text: str) -> None:
    try:
        read = when(text)
    except NotReadable:
        return
    assert isinstance(read, When)
    assert str(read) == text


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("18 Years", 6574),
        ("216 Months", 6574),
        ("1 Year", 365),
        ("12 Months", 365),
        ("6 Months", 182),
        ("1 Month", 30),
        ("2 Weeks", 14),
        ("1 Day", 1),
        ("0 Days", 0),
        ("48 Hours", 2),
        ("47 Hours", 1),
        ("1440 Minutes", 1),
        ("30 Minutes", 0),
        ("120 Years", 43830),
        ("999 Years", 364884),
        ("18 years", 6574),
        ("N/A", None),
        ("", None),
        (None, None),
        ("Years", None),
        ("-1 Years", None),
        ("1.5 Years", None),
        ("18", None),
        ("99999999999 Years", None),
        ("18 Fortnights", None),
    ],
)
def test_ages_become_days(text: str | None, days: int | None) -> None:
    assert age_days(text) == days


@given(st.text(max_size=20))
@example("9999 Years")
def test_any_text_is_an_age_that_an_integer_holds_or_none(text: str) -> None:
    days = age_days(text)
    assert days is None or 0 <= days <= 2_147_483_647


@given(st.integers(0, 9999), st.sampled_from(["Year", "Month", "Week", "Day", "Hour", "Minute"]))
def test_an_older_age_never_has_fewer_days(number: int, unit: str) -> None:
    younger, older = age_days(f"{number} {unit}s"), age_days(f"{min(number + 1, 9999)} {unit}s")
    assert younger is not None
    assert older is not None
    assert younger <= older


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NCT01234567", ("nct", "NCT01234567")),
        ("nct 01234567", ("nct", "NCT01234567")),
        ("NCT-01234567", ("nct", "NCT01234567")),
        ("ＮＣＴ０１２３４５６７", ("nct", "NCT01234567")),
        ("NCT0123456", None),
        ("NCT012345678", None),
        ("2015-001234-12", ("eudract", "2015-001234-12")),
        ("2015–001234–12", ("eudract", "2015-001234-12")),
        ("2015 001234 12", ("eudract", "2015-001234-12")),
        ("2015-001234-12-GB", ("eudract", "2015-001234-12")),
        ("2015-001234-12-3RD", ("eudract", "2015-001234-12")),
        ("EudraCT2010-021979-85", ("eudract", "2010-021979-85")),
        ("EUDRACT-2009-012151-23", ("eudract", "2009-012151-23")),
        ("EudraCTnr: 2005-005175-16", ("eudract", "2005-005175-16")),
        ("EudraCT Number: 2005-005175-16", ("eudract", "2005-005175-16")),
        ("201500123412", None),
        ("2016-A01851-50", ("idrcb", "2016-A01851-50")),
        ("2023-504071-24-00", ("euct", "2023-504071-24-00")),
        ("2024-519786-22", ("euct", "2024-519786-22")),
        ("EU CT No. 2024-519786-22", ("euct", "2024-519786-22")),
        ("ISRCTN73199181", ("isrctn", "ISRCTN73199181")),
        ("ISRCTN-73199181", ("isrctn", "ISRCTN73199181")),
        ("isrctn 73199181", ("isrctn", "ISRCTN73199181")),
        ("ISRCTN7319918", None),
        ("U1111-1200-1824", ("utn", "U1111-1200-1824")),
        ("UTN U1111 1200 1824", ("utn", "U1111-1200-1824")),
        ("DRKS00012345", ("drks", "DRKS00012345")),
        ("ACTRN12612345678901", ("actrn", "ACTRN12612345678901")),
        ("ChiCTR2000012345", ("chictr", "ChiCTR2000012345")),
        ("CHICTR-TRC-12001234", ("chictr", "ChiCTR-TRC-12001234")),
        ("CTRI/2019/12/022345", ("ctri", "CTRI/2019/12/022345")),
        ("CTRI/2009/091/000123", ("ctri", "CTRI/2009/091/000123")),
        ("SLCTR/2019/012", ("slctr", "SLCTR/2019/012")),
        ("IRCT20190101042197N1", ("irct", "IRCT20190101042197N1")),
        ("PACTR202001234567890", ("pactr", "PACTR202001234567890")),
        ("jRCT2031250039", ("jrct", "jRCT2031250039")),
        ("JPRN-jRCTs031180001", ("jrct", "jRCTs031180001")),
        ("UMIN000003040", ("umin", "UMIN000003040")),
        ("JapicCTI-123456", ("japic", "JapicCTI-123456")),
        ("KCT0001234", ("cris", "KCT0001234")),
        ("RPCEC00000123", ("rpcec", "RPCEC00000123")),
        ("TCTR20190123001", ("tctr", "TCTR20190123001")),
        ("LBCTR2019012345", ("lbctr", "LBCTR2019012345")),
        ("LBCTR20190123", None),
        ("RBR-6XQG5R", ("rebec", "RBR-6xqg5r")),
        ("PER-012-15", ("repec", "PER-012-15")),
        ("NTR1234", ("ntr", "NTR1234")),
        ("CTR20202608", ("cde", "CTR20202608")),
        ("MK-3475-C16", None),
        ("", None),
    ],
)
def test_a_registry_number_is_known_by_its_whole_form(text: str, expected: tuple[str, str] | None) -> None:
    assert scheme_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("extension of NCT01234567, ISRCTN12345678", [("nct", "NCT01234567"), ("isrctn", "ISRCTN12345678")]),
        ("GO28341 (EudraCT 2012-005621-70)", [("eudract", "2012-005621-70")]),
        ("old: 2023-504071-24-00", [("euct", "2023-504071-24-00")]),
        ("IRCT2015-001234-12", []),
        ("PACTR2015-001234-12", []),
        ("XNCT01234567", []),
        ("NCT012345678", []),
        ("12015-001234-123", []),
        ("grant RBR-123456", [("rebec", "RBR-123456")]),
        ("nothing here", []),
    ],
)
def test_registry_numbers_are_found_inside_a_longer_text(text: str, expected: list[tuple[str, str]]) -> None:
    assert list(numbers_inside(text)) == expected


@given(st.text(max_size=40))
def test_any_text_is_a_known_number_or_none(text: str) -> None:
    known = scheme_of(text)
    assert known is None or scheme_of(known[1]) == known
