"""Numbers of registers: read whole, as their register writes them, and never taken for one another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.trials.identity import (
    Claim,
    RegistryId,
    claims_of,
    found_in,
    is_missing,
    mentions,
    parse,
    read_field,
    sponsor_code,
    sponsor_codes,
    strongest,
)
from actors.trials.record import Identifier, Trial

TRIAL = Trial("ctgov", "NCT04307642", "https://clinicaltrials.gov/study/NCT04307642", "Walking", "recruiting", None)


@pytest.mark.parametrize(
    ("text", "scheme", "written"),
    [
        ("NCT04307642", "nct", "NCT04307642"),
        ("nct 0430 7642", "nct", "NCT04307642"),
        ("NCT: 04307642", "nct", "NCT04307642"),
        ("\uff2e\uff23\uff340430\uff17642", "nct", "NCT04307642"),  # full width
        ("NCT\u201304307642", "nct", "NCT04307642"),  # en dash
        ("NCT\u200b04307642", "nct", "NCT04307642"),  # a space of no width
        ("(NCT04307642).", "nct", "NCT04307642"),
        ("2020-001209-22", "eudract", "2020-001209-22"),
        ("EUCTR2020-001209-22-GB", "eudract", "2020-001209-22-GB"),
        ("EUCTR2015-001234-12-3RD", "eudract", "2015-001234-12-3RD"),
        ("2015-001234-12-Outside-EU/EEA", "eudract", "2015-001234-12-3RD"),
        ("EudraCT Number: 2005-005175-16", "eudract", "2005-005175-16"),
        ("2005 \u2212 005175 \u2212 16", "eudract", "2005-005175-16"),
        ("2023-503930-41-01", "euct", "2023-503930-41-01"),
        ("EU CT No. 2024-519786-22", "euct", "2024-519786-22"),
        ("CTIS2023-503930-41-00", "euct", "2023-503930-41-00"),
        ("isrctn 8397 1151", "isrctn", "ISRCTN83971151"),
        ("UTN: U1111 \u2013 1114 \u2013 1564", "utn", "U1111-1114-1564"),
        ("DRKS00021300", "drks", "DRKS00021300"),
        ("ACTRN12620000421932", "actrn", "ACTRN12620000421932"),
        ("ChiCTR2000029603", "chictr", "ChiCTR2000029603"),
        ("CHICTR-TRC-12001234", "chictr", "ChiCTR-TRC-12001234"),
        ("chictr-ior-17012345", "chictr", "ChiCTR-IOR-17012345"),
        ("CTRI/2020/04/024706", "ctri", "CTRI/2020/04/024706"),
        ("ctri-2009-091-000123", "ctri", "CTRI/2009/091/000123"),
        ("SLCTR/2019/012", "slctr", "SLCTR/2019/012"),
        ("IRCT20080901001165N46", "irct", "IRCT20080901001165N46"),
        ("IRCT138804212150N1", "irct", "IRCT138804212150N1"),  # a year of the Persian calendar
        ("PACTR202004801273802", "pactr", "PACTR202004801273802"),
        ("JPRN-jRCTs031180183", "jrct", "jRCTs031180183"),
        ("JPRN-UMIN000039686", "umin", "UMIN000039686"),
        ("JapicCTI-205270", "japic", "JapicCTI-205270"),
        ("JMA-IIA00123", "jma", "JMA-IIA00123"),
        ("KCT0005003", "cris", "KCT0005003"),
        ("NTR1234", "ntr", "NTR1234"),
        ("NL8706", "ntr", "NL8706"),
        ("NL-OMON51234", "omon", "NL-OMON51234"),
        ("NL67751.078.18", "ccmo", "NL67751.078.18"),
        ("RBR-3CBS3W", "rebec", "RBR-3cbs3w"),
        ("PER-010-20", "repec", "PER-010-20"),
        ("RPCEC00000307", "rpcec", "RPCEC00000307"),
        ("TCTR20200404004", "tctr", "TCTR20200404004"),
        ("LBCTR2020043495", "lbctr", "LBCTR2020043495"),
        ("PHRR230101-001234", "phrr", "PHRR230101-001234"),
        ("2019-A01343-54", "idrcb", "2019-A01343-54"),
        ("NCI-2022-05687", "ctrp", "NCI-2022-05687"),
        ("CTR20212809", "cde", "CTR20212809"),
        ("IRAS ID 310316", "iras", "IRAS 310316"),
        ("252263 (IRAS)", "iras", "IRAS 252263"),
    ],
)
def test_a_number_is_read_as_its_register_writes_it(text: str, scheme: str, written: str) -> None:
    """N03: typed registry ids, whatever dash, case, width or space they are written with."""
    found = parse(text)
    assert found is not None
    assert (found.scheme, str(found)) == (scheme, written)


@pytest.mark.parametrize(
    "text",
    [
        "NCT0430764",  # seven digits: a stripped zero is not given back
        "NCT043076421",
        "NCT-0430-764",
        "IRCT2015-001234-12",
        "PACTR2015-001234-12",
        "12015-001234-12",
        "2015-001234-123",
        "2015-001234-12-00",  # CTIS counts resubmissions, EudraCT does not
        "201500123412",
        "2019-00839",  # an ethics committee's
        "2015-101234-12",
        "ISRCTN8397115",
        "MK-3475-C16",
        "P30CA016058",
        "",
        "20",
    ],
)
def test_what_is_no_whole_number_is_none(text: str) -> None:
    """G14: an id counts only whole; N03: never a part of another register's number."""
    assert parse(text) is None
    assert found_in(f"see {text}, please") == ()


def test_a_zero_that_moved_makes_another_number_which_the_register_cannot_have_given() -> None:
    """G14: NCT0123… and NCT1230… are two trials."""
    one, other = parse("NCT01230000"), parse("NCT12300000")
    assert one is not None and other is not None
    assert one.key != other.key
    assert (one.sound, other.sound) == (True, False)


@pytest.mark.parametrize(
    ("text", "sound"),
    [
        ("ACTRN12605000064606", True),
        ("ACTRN12617000476336", True),
        ("ACTRN12626000586314", True),
        ("ACTRN12620000421933", False),  # check digits
        ("ACTRN12612345678901", False),
        ("NCT00000000", False),
        ("ISRCTN00000000", False),
        ("2003-001234-12", False),  # EudraCT began in 2004
        ("2015-001234-09", False),  # no real number has check digits below 10
        ("2015-000000-12", False),
        ("2019-500123-12", False),  # CTIS began in 2021
        ("TCTR20201332001", False),
        ("TCTR20200404004", True),
        ("LBCTR2020133495", False),
        ("PACTR202013801273802", False),
        ("RBR-aeiou1", False),
    ],
)
def test_a_number_that_its_register_cannot_have_given_is_not_sound(text: str, sound: bool) -> None:
    """N03: check digits where a register has them, year and month where it has those."""
    found = parse(text)
    assert found is not None
    assert found.sound is sound


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("EUCTR2020-001209-22-GB", "2020-001209-22"),
        ("2020-001209-22-DE", "EUCTR2020-001209-22-FR"),
        ("2023-503930-41-00", "2023-503930-41-01"),
        ("JPRN-UMIN000039686", "umin 000039686"),
    ],
)
def test_countries_and_resubmissions_are_parts_of_one_number(one: str, other: str) -> None:
    """N03: EUCTR-…-DE and -FR are one trial."""
    first, second = parse(one), parse(other)
    assert first is not None and second is not None
    assert first.key == second.key


@pytest.mark.parametrize(
    "text", ["Nil known", "nil", "N/A", "n.a.", "None", "Not applicable", "-", " - ", "", "TBD", "00", None]
)
def test_a_field_that_says_nothing_is_missing(text: str | None) -> None:
    assert is_missing(text)
    assert read_field(text) == ()
    assert sponsor_code(text) is None


@pytest.mark.parametrize("text", ["0430764", "ENHA01", "\u6ce8\u518c"])
def test_a_field_that_says_something_is_not_missing(text: str) -> None:
    assert not is_missing(text)


@pytest.mark.parametrize(
    ("text", "label", "expected"),
    [
        ("2018-004700-19;MS200527_0074", "", [("2018-004700-19", "listed")]),
        ("2018-001771-21-DE;XL184\u2013311;113,446", "", [("2018-001771-21-DE", "listed")]),
        ("NCT01234567, ISRCTN12345678 and DRKS00001234", "", [
            ("NCT01234567", "listed"), ("ISRCTN12345678", "listed"), ("DRKS00001234", "listed"),
        ]),
        ("Nil known;Nil known;MHREC 1554", "", []),
        ("GO28341 (EudraCT 2012-005621-70)", "", [("2012-005621-70", "inside")]),
        ("Extension of NCT01234567", "", [("NCT01234567", "other_trial")]),
        ("NCT01234567", "OTHER: Parent study", [("NCT01234567", "other_trial")]),
        ("2041220019", "OTHER: jRCT", [("jRCT2041220019", "listed")]),
        ("83971151", "ISRCTN", [("ISRCTN83971151", "listed")]),
        ("83971151", "grant", []),
        ("CTRI/2020/04/024706 / NCT01234567", "", [("CTRI/2020/04/024706", "listed"), ("NCT01234567", "listed")]),
        ("x" * 5_000 + " NCT01234567", "", []),
    ],
)  # fmt: skip
def test_an_id_field_may_hold_several_numbers(text: str, label: str, expected: list[tuple[str, str]]) -> None:
    assert [(str(claim.id), claim.where) for claim in read_field(text, label)] == expected


def test_a_number_in_a_text_weighs_less_and_that_of_another_trial_nothing() -> None:
    """N03: ids found in text; a text mention weighs less than a field."""
    said = mentions("Follow-up of NCT01234567; registered as ISRCTN12345678 too")
    assert [(str(claim.id), claim.where) for claim in said] == [
        ("NCT01234567", "other_trial"),
        ("ISRCTN12345678", "mentioned"),
    ]
    assert said[0].strength == 0.0 < said[1].strength < Claim(said[1].id, "inside").strength
    assert (
        Claim(said[1].id, "inside").strength < Claim(said[1].id, "listed").strength < Claim(said[1].id, "main").strength
    )


def test_the_numbers_of_a_record_come_once_each_the_strongest_first() -> None:
    trial = Trial(
        **{name: getattr(TRIAL, name) for name in ("registry", "registry_id", "url", "status", "status_raw")},
        title="Extension of NCT01234567 in walkers (ISRCTN12345678)",
        ids=(
            Identifier("nct", "NCT04307642", "main"),
            Identifier("nct", "NCT00000102", "alias"),
            Identifier("eudract", "2012-005621-70", "text"),
            Identifier("other", "2020-001209-22; ABC-1234", "secondary"),
        ),
        summary="Also 2012-005621-70, ISRCTN12345678 and NCT04307642.",
    )
    assert [(str(claim.id), claim.where) for claim in claims_of(trial)] == [
        ("NCT00000102", "alias"),
        ("NCT04307642", "main"),
        ("2020-001209-22", "listed"),
        ("2012-005621-70", "inside"),
        ("ISRCTN12345678", "mentioned"),
        ("NCT01234567", "other_trial"),
    ]


def test_the_trial_that_is_extended_stays_another_where_a_text_names_it_again() -> None:
    number = RegistryId("nct", "NCT01234567")
    claims = [Claim(number, "mentioned"), Claim(number, "other_trial")]
    assert strongest(claims) == strongest(reversed(claims)) == (Claim(number, "other_trial"),)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("MS200527_0074", "MS2005270074"),
        ("XL184\u2013311", "XL184311"),
        ("531-004", "531004"),
        ("19/096", None),  # digits alone, and few: an ethics committee's
        ("LEAP", None),
        ("Citicoline", None),
        ("ZOLTD003 Version 1.0 Dated 05 Aug 2019", None),
        ("University grant 12345", None),
        ("NCT01234567", None),
        ("A" * 39 + "11", None),
    ],
)
def test_a_sponsors_code_is_a_weak_id(text: str, code: str | None) -> None:
    assert sponsor_code(text) == code


def test_the_codes_of_several_fields_are_gathered() -> None:
    assert sponsor_codes(["MK-7902-007;E7080-G000-314;2018-003794-98", "N/A"]) == {"MK7902007", "E7080G000314"}


@pytest.mark.parametrize(
    "text", ["2" * 200_000, "NCT " * 50_000, "2020-" * 40_000, "U1111-" * 30_000, "-" * 200_000, "IRCT20" * 30_000]
)
def test_a_text_made_to_be_slow_is_searched_in_time_that_grows_with_its_length_alone(text: str) -> None:
    assert found_in(text) == ()


@given(st.text(max_size=60))
def test_what_is_read_is_read_again_as_the_same(text: str) -> None:
    found = parse(text)
    assert found is None or parse(str(found)) == found


@given(st.text(alphabet="NCT0123456789-; URISDKacl/\uff11\u2013", max_size=80))
def test_any_field_can_be_read(text: str) -> None:
    for claim in read_field(text):
        assert parse(str(claim.id)) == claim.id
