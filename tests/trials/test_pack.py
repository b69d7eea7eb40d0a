"""Trials made ready to be written."""

import pickle
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.trials import wire
from actors.trials.facets import facets_of, parts, question, years
from actors.trials.history import plain
from actors.trials.pack import PackedPage, Source, pack_page, unpack
from actors.trials.record import Eligibility, Identifier, Intervention, Site, Trial, When

SOURCE = Source("ctgov", "https://registry.example/page", datetime(2026, 3, 1, tzinfo=UTC), 1, "application/json")
TRIAL = Trial(
    registry="ctgov",
    registry_id="NCT00000001",
    url="https://registry.example/NCT00000001",
    title="Heart",
    status="recruiting",
    status_raw="RECRUITING",
    last_updated=When(date(2026, 2, 1), "day"),
)


@dataclass(frozen=True, slots=True)
class Found:
    trial: Trial
    raw: bytes = b"{}"


@dataclass(frozen=True, slots=True)
class Refused:
    reason: str
    raw: bytes
    registry_id: str | None = None


def packed(*trials: Trial) -> PackedPage:
    return pack_page([Found(trial) for trial in trials], [], SOURCE)


def test_the_record_is_the_whole_trial_and_the_body_is_as_it_came() -> None:
    page = pack_page([Found(TRIAL, b'{"a": 1}')], [], SOURCE)
    (one,) = page.trials
    assert orjson.loads(one.record) == plain(TRIAL)
    assert unpack(one.raw[one.raw.index(b"\x28\xb5\x2f\xfd") :]) == b'{"a": 1}'


def test_a_packed_page_comes_through_a_process_pool_unchanged() -> None:
    page = pack_page([Found(TRIAL)], [Refused("no title", b"{}")], SOURCE)
    assert pickle.loads(pickle.dumps(page)) == page  # noqa: S301 - our own


def test_an_empty_page_is_a_page() -> None:
    assert pack_page([], [], SOURCE) == PackedPage(SOURCE, (), ())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"title": "a\0b"}, "NUL"),
        ({"conditions": ("a\0b",)}, "NUL"),
        ({"interventions": (Intervention("x", description="\0"),)}, "NUL"),
        ({"title": "\ud800"}, "surrogates not allowed"),
        ({"enrolment": 2**63}, "cannot be kept"),
        ({"registry_id": "N" * 101}, "101 characters"),
        ({"registry_id": ""}, "0 characters"),
    ],
)
def test_what_postgresql_cannot_hold_is_refused_and_the_rest_goes_on(change: dict[str, Any], reason: str) -> None:
    good = replace(TRIAL, registry_id="NCT00000002")
    page = packed(replace(TRIAL, **change), good)
    assert [one.registry_id for one in page.trials] == ["NCT00000002"]
    (bad,) = page.refused
    assert reason in bad.reason
    assert unpack(bad.body) == b"{}"


def test_a_written_out_escape_of_nul_is_only_text() -> None:
    assert len(packed(replace(TRIAL, title=r"backslash u0000: \u0000")).trials) == 1


def test_a_refused_records_number_and_reason_can_always_be_kept() -> None:
    (bad,) = pack_page([], [Refused("at \0 and \ud800", b"\0\xff", "NCT\0")], SOURCE).refused
    assert (bad.registry_id, bad.reason) == ("NCT\ufffd", "at \ufffd and ?")
    assert unpack(bad.body) == b"\0\xff"


def test_of_a_record_that_stands_twice_on_a_page_the_later_update_counts() -> None:
    older, newer = TRIAL, replace(TRIAL, title="Heart 2", last_updated=When(date(2026, 2, 2), "day"))
    for order in ((older, newer), (newer, older)):
        page = packed(*order)
        assert page.repeated == 1
        assert [orjson.loads(one.record)["title"] for one in page.trials] == ["Heart 2"]


def test_other_bytes_with_the_same_content_are_no_change_when_the_source_dates_its_updates() -> None:
    def content(trial: Trial, raw: bytes) -> bytes:
        return pack_page([Found(trial, raw)], [], SOURCE).trials[0].content_sha256

    undated = replace(TRIAL, last_updated=None)
    assert content(TRIAL, b"{}") == content(TRIAL, b"{ }")
    assert content(undated, b"{}") != content(undated, b"{ }")
    assert content(TRIAL, b"{}") != content(replace(TRIAL, enrolment=5), b"{}")


def test_a_number_too_long_to_be_one_is_left_to_the_record() -> None:
    ids = (Identifier("nct", "NCT00000001", "main"), Identifier("other", "x" * 201, "organisation"))
    (one,) = packed(replace(TRIAL, ids=ids)).trials
    assert len(one.ids) == 1
    assert orjson.loads(one.record)["ids"][1]["value"] == "x" * 201


def test_facets_fold_case_accents_and_width() -> None:
    trial = replace(
        TRIAL, countries=("Côte d'Ivoire",), sponsor="Hôpital ＡＢＣ", has_results=False, phases=("phase_1", "phase_2"),
        start=When(date(1951, 1, 1), "year"), completion=When(date(2090, 1, 1), "month"),
    )  # fmt: skip
    expected = {
        "=registry:ctgov", "=status:recruiting", "=type:unknown", "=phase:phase_1", "=phase:phase_2",
        "=country:cote d'ivoire", "=sponsor:hopital", "=sponsor:abc", "=results:no",
        "=start:1980", "=completion:2050",
    }  # fmt: skip
    found = facets_of(trial)
    assert found == tuple(sorted(set(found)))
    assert expected <= set(found)


def test_facets_tell_whom_a_trial_admits_where_it_is_and_how_large() -> None:
    trial = replace(
        TRIAL, enrolment=200, sponsor_class="INDUSTRY",
        eligibility=Eligibility(sex="female", healthy_volunteers=False, min_age_days=6574, max_age_days=7670),
        sites=(Site(city="Köln", latitude=50.94, longitude=6.96), Site(city="Köln"), Site(latitude=0, longitude=0)),
    )  # fmt: skip
    others = {"registry", "status", "type", "month", "day", "id", "part", "share", "results", "start", "completion"}
    told = {word for word in facets_of(trial) if word[1:].partition(":")[0] not in others}
    assert told == {
        "=class:industry", "=size:8", "=sex:female", "=healthy:no", "=age:6", "=age:7", "=city:koln",
        "=cell:281:373", "=area:35:46",
    }  # fmt: skip


def test_a_sample_of_many_parts_is_asked_for_with_few_words() -> None:
    assert parts(3) == ("=part:0", "=part:1", "=part:2")
    assert parts(33) == ("=share:0", "=part:32")
    assert len(parts(1000)) < 60
    assert len(parts(1024)) == 32


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (2024, 2025, ("=start:2024", "=start:2025")),
        (None, 1975, ("=start:1980",)),
        (2060, None, ("=start:2050",)),
        (2021, None, tuple(f"=start:{year}" for year in range(2021, 2051))),
        (2020, None, ()),  # 31 years: too wide
        (None, None, ()),
    ],
)
def test_a_narrow_range_of_years_is_asked_of_the_index(
    first: int | None, last: int | None, expected: tuple[str, ...]
) -> None:
    assert years("start", first, last) == expected


def test_a_question_joins_groups_by_and_and_quotes_its_words() -> None:
    asked = question(all_of=["=a:it's"], any_of=[["=b:1", "=b:2"], [], ["=c:\\"]])
    assert asked == "'=a:it''s' & ('=b:1' | '=b:2') & ('=c:\\\\')"
    assert question() == ""


@given(st.integers(-(2**63), 2**63 - 1), st.text(st.characters(exclude_categories=["Cs"])))
def test_fields_say_their_length(number: int, text: str) -> None:
    assert wire.bigint(number) == b"\0\0\0\x08" + number.to_bytes(8, "big", signed=True)
    assert wire.text(text) == len(text.encode()).to_bytes(4, "big") + text.encode()
