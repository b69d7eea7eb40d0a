"""How all of ClinicalTrials.gov is asked for, page by page, and what happens when that goes wrong."""

import json
import pickle
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actors.registries import Listed, Request, UnreadableBody
from actors.registries.ctgov import (
    MANY,
    PAGE_SIZE,
    REGISTRY,
    RESTARTS,
    by_numbers,
    first,
    instead,
    listing,
    narrower,
    read,
)
from tests.registries.paging import Source, met, studies, sweep

SINCE = date(2026, 7, 1)
DAYS = st.dates(date(1999, 1, 1), date(2026, 12, 31))


def body(*numbers: int, token: str | None = None, total: int | None = None) -> bytes:
    page: dict[str, object] = {
        "studies": [{"protocolSection": {"identificationModule": {"nctId": f"NCT{number:08}"}}} for number in numbers]
    }
    if token is not None:
        page["nextPageToken"] = token
    if total is not None:
        page["totalCount"] = total
    return json.dumps(page).encode()


def test_everything_is_one_query_in_a_stable_order() -> None:
    (request,) = first(None)
    assert request.url == "https://clinicaltrials.gov/api/v2/studies"
    assert request.params == (
        ("pageSize", "1000"),
        ("countTotal", "true"),
        ("sort", "StudyFirstPostDate:asc"),
    )


def test_what_changed_is_asked_by_the_day_of_the_last_update() -> None:
    (request,) = first(SINCE)
    assert dict(request.params)["filter.advanced"] == "AREA[LastUpdatePostDate]RANGE[2026-07-01,MAX]"
    assert dict(request.params)["sort"] == "LastUpdatePostDate:desc"


def test_3250_studies_are_four_pages_and_every_page_knows_the_total() -> None:
    source = Source(studies([date(2020, 1, 1)] * 3250))
    pages = list(sweep(source, first(None)))
    assert len(source.asked) == 4
    assert [len(page.found) for page in pages] == [1000, 1000, 1000, 250]
    assert {page.total for page in pages} == {3250}
    assert met(pages) == dict.fromkeys(source.dates, 1)


def test_a_further_page_differs_by_its_token_and_no_longer_asks_for_the_count() -> None:
    (request,) = first(SINCE)
    (after,) = read(request, body(1, token="next", total=5000)).follow
    kept = [pair for pair in request.params if pair[0] != "countTotal"]
    assert list(after.params) == [*kept, ("pageToken", "next")]


def test_a_request_is_plain_text_so_that_a_checkpoint_can_hold_it() -> None:
    (request,) = read(first(SINCE)[0], body(1, token="next", total=5000)).follow
    told = json.loads(json.dumps([request.params, request.state]))
    assert tuple(map(tuple, told[0])) == request.params
    assert tuple(map(tuple, told[1])) == request.state
    assert pickle.loads(pickle.dumps(request)) == request  # noqa: S301


def test_an_empty_page_with_a_token_goes_on_and_an_empty_last_page_ends() -> None:
    (request,) = first(None)
    page = read(request, body(token="next", total=5000))
    assert page.found == ()
    assert len(page.follow) == 1
    assert read(page.follow[0], body()).follow == ()


def test_a_source_that_tells_no_total_is_read_all_the_same() -> None:
    page = read(first(None)[0], body(1, token="next"))
    assert page.total is None
    assert read(page.follow[0], body(2)).total is None


def test_a_page_that_names_its_own_token_as_the_next_is_refused() -> None:
    (request,) = read(first(None)[0], body(1, token="same", total=5000)).follow
    with pytest.raises(UnreadableBody, match="its own page token"):
        read(request, body(2, token="same"))


@pytest.mark.parametrize("total", [2500, None])
def test_a_chain_of_tokens_without_end_is_refused(total: int | None) -> None:
    (request,) = first(None)
    with pytest.raises(UnreadableBody, match="still gives a next page token"):
        for number in range(10_000):
            (request,) = read(request, body(1, token=f"t{number}", total=total if not number else None)).follow


@pytest.mark.parametrize("version", ["2026-07-03", None])
def test_a_query_that_is_too_large_is_read_in_windows_each_study_once(version: str | None) -> None:
    days = [date(1999, 9, 17) + timedelta(days=17 * number) for number in range(600)]
    source = Source(studies([*days, date(2027, 1, 5), date(2031, 1, 1), None, None]), 100, version)
    pages = list(sweep(source, first(None)))
    assert met(pages) == dict.fromkeys(source.dates, 1)
    assert {page.total for page in pages} == {60_400}
    conditions = [dict(request.params).get("filter.advanced") for request in source.asked]
    assert "RANGE[MIN," in str(conditions[1])
    assert "RANGE[" in str(conditions[-2]) and ",MAX]" in str(conditions[-2])
    assert conditions[-1] == "AREA[StudyFirstPostDate]MISSING"


def test_exactly_as_many_as_one_query_may_have_stay_one_query() -> None:
    (request,) = first(None)
    (after,) = read(request, body(1, token="next", total=MANY)).follow
    assert dict(after.params)["pageToken"] == "next"
    assert len(read(request, body(1, token="next", total=MANY + 1)).follow) > 2


def test_six_hundred_thousand_studies_take_hardly_more_pages_than_they_fill() -> None:
    """Few windows, so that few pages are not full: at fifty requests a minute each of them takes a second."""
    days = [date(2000, 1, 1) + timedelta(days=int(9_700 * (number / 3000) ** 0.6)) for number in range(3000)]
    source = Source(studies(days), 200, "2026-07-03", page_at_most=5)
    assert met(sweep(source, first(None))) == dict.fromkeys(source.dates, 1)
    assert 600 < len(source.asked) < 650


def test_numbers_and_dates_are_listed_in_windows_each_study_once() -> None:
    days = [date(1999, 9, 17) + timedelta(days=17 * number) for number in range(600)]
    source = Source(studies([*days, None]), 100, page_at_most=100)
    pages = list(sweep(source, listing()))
    assert Counter(one.registry_id for page in pages for one in page.listed) == dict.fromkeys(source.dates, 1)
    assert {page.total for page in pages} == {60_100}
    assert all(dict(request.params)["fields"] == "NCTId,LastUpdatePostDate" for request in source.asked)
    assert not any(page.found for page in pages)


def test_a_list_whose_tokens_are_all_dead_is_still_read_to_the_end() -> None:
    days = [date(2020, 1, 1) + timedelta(days=number % 40) for number in range(90)]
    source = Source(studies(days), page_at_most=10, token_lives=lambda request: False)
    pages = list(sweep(source, listing()))
    assert {one.registry_id for page in pages for one in page.listed} == set(source.dates)


def test_a_list_tells_when_each_study_was_updated() -> None:
    (request,) = listing()
    study = {"protocolSection": {"identificationModule": {"nctId": "NCT00000007"}, "statusModule": {
        "lastUpdatePostDateStruct": {"date": "2026-02-28", "type": "ACTUAL"}}}}  # fmt: skip
    assert read(request, json.dumps({"studies": [study]}).encode()).listed == (
        Listed("NCT00000007", date(2026, 2, 28)),
    )
    without = {"protocolSection": {"identificationModule": {"nctId": "NCT00000007"}}}
    assert read(request, json.dumps({"studies": [without]}).encode()).listed == (Listed("NCT00000007", None),)
    with pytest.raises(UnreadableBody, match="without their numbers"):
        read(request, b'{"studies": [{}]}')


def test_studies_are_asked_for_by_their_numbers_a_hundred_at_once() -> None:
    numbers = [f"NCT{number:08}" for number in range(250)]
    asked = [dict(request.params)["filter.ids"].split(",") for request in by_numbers(numbers)]
    assert [len(part) for part in asked] == [100, 100, 50]
    assert [number for part in asked for number in part] == numbers
    assert by_numbers([]) == ()


def test_too_many_changes_are_read_in_windows_from_the_day_they_are_asked_since() -> None:
    by = "LastUpdatePostDate"
    days = [SINCE + timedelta(days=number % 400) for number in range(600)]
    source = Source(studies([*days, SINCE - timedelta(days=1), None], by), 100)
    pages = list(sweep(source, first(SINCE)))
    assert met(pages) == dict.fromkeys(list(source.dates)[:600], 1)
    assert not any("MIN" in value or "MISSING" in value for one in source.asked for _, value in one.params)


def test_a_window_that_is_still_too_large_is_halved_down_to_a_day() -> None:
    crowded = [date(2020, 3, 3)] * 550 + [date(2020, 3, 4)] * 100 + [date(2020, 3, 9)] * 100
    source = Source(studies(crowded), 100, "2020-04-01")
    pages = list(sweep(source, first(None)))
    assert met(pages) == dict.fromkeys(source.dates, 1)
    assert any("RANGE[2020-03-03,2020-03-03]" in value for one in source.asked for _, value in one.params)


@settings(max_examples=60)
@given(st.lists(DAYS | st.none(), max_size=40), st.sampled_from([1300, 5000, 50_001]), DAYS | st.none())
@example([date(2000, 1, 1), date(1999, 12, 31), None, date(2026, 12, 31)], 50_001, None)
def test_windows_leave_no_study_out_and_meet_none_twice(
    days: list[date | None], weight: int, version: date | None
) -> None:
    source = Source(studies(days), weight, str(version) if version else None)
    assert met(sweep(source, first(None))) == dict.fromkeys(source.dates, 1)


@pytest.mark.parametrize("since", [None, date(2000, 1, 1)])
@pytest.mark.parametrize("version", ["2026-07-03", None])
def test_a_source_whose_tokens_are_all_dead_is_still_read_to_the_end(since: date | None, version: str | None) -> None:
    by = "StudyFirstPostDate" if since is None else "LastUpdatePostDate"
    days = [date(2000, 1, 3) + timedelta(days=97 * number) for number in range(100)]
    source = Source(studies([*days, *days, *([None] * 5)], by), version=version, page_at_most=5)
    source.token_lives = lambda request: False
    times = met(sweep(source, first(since)))
    assert set(times) == {nct for nct, dates in source.dates.items() if dates[by] or since is None}


def test_a_token_that_dies_once_costs_only_its_window_again() -> None:
    dead: list[Request] = []

    def lives(request: Request) -> bool:
        dead.extend([request] if not dead else [])
        return bool(len(dead) != 1 or request != dead[0] or source.asked.count(request) > 1)

    source = Source(studies([date(2001, 1, 1) + timedelta(days=number) for number in range(2500)]))
    source.token_lives = lives
    pages = list(sweep(source, first(None)))
    assert set(met(pages)) == set(source.dates)
    assert {page.total for page in pages} == {2500}


def test_one_crowded_day_whose_token_dies_is_begun_again_a_few_times_and_then_given_up() -> None:
    (request,) = first(None)
    asked = [request]
    day = (("start", "2020-01-01"), ("end", "2020-01-01"))
    asked = [replace(request, state=(*request.state, *day))]
    for _ in range(RESTARTS):
        (paged,) = read(asked[-1], body(1, token="dead", total=1500)).follow
        (again,) = instead(paged, 400)
        assert "RANGE[2020-01-01,2020-01-01]" in dict(again.params)["filter.advanced"]
        assert "pageToken" not in dict(again.params)
        asked.append(again)
    (paged,) = read(asked[-1], body(1, token="dead", total=1500)).follow
    assert instead(paged, 404) == ()


@pytest.mark.parametrize("status", [401, 403, 410, 429, 500, 503])
def test_only_a_bad_request_is_asked_in_another_way(status: int) -> None:
    (paged,) = read(first(None)[0], body(1, token="next", total=1500)).follow
    assert instead(paged, status) == ()


@pytest.mark.parametrize("status", [400, 404])
def test_a_refused_first_page_has_no_other_way(status: int) -> None:
    assert instead(first(None)[0], status) == ()
    assert instead(first(SINCE)[0], status) == ()


# ── complete or not ──


def test_the_last_page_of_a_query_says_how_many_were_counted_and_how_to_ask_once_more() -> None:
    source = Source(studies([date(2020, 1, 1)] * 2500))
    *before, last = sweep(source, first(None))
    assert [page.ended for page in before] == [None, None]
    assert {page.query for page in (*before, last)} == {"everything"}
    assert last.ended is not None
    assert last.ended.count == 2500
    *_, again = sweep(source, last.ended.again)
    assert (again.query, again.total) == ("everything", 2500)
    assert again.ended is not None
    assert (again.ended.count, again.ended.again) == (2500, ())


@pytest.mark.parametrize(("counted", "total"), [(900, 59_900), (1_100, 60_100), (1_000, 60_000)])
def test_a_window_that_counts_otherwise_when_asked_anew_corrects_the_total(counted: int, total: int) -> None:
    (window, *_) = read(first(None)[0], body(1, total=60_000)).follow
    page = read(window, body(1, total=1_000))
    assert page.ended is not None
    (again,) = page.ended.again
    assert read(again, body(1, total=counted)).total == total


def test_a_window_asked_anew_whose_token_dies_is_not_asked_anew_again() -> None:
    (request,) = first(None)
    ended = read(
        replace(request, state=(*request.state, ("start", "2020-01-01"), ("end", "2020-01-01"))), body(total=5)
    )
    assert ended.ended is not None
    for _ in range(RESTARTS):
        (paged,) = read(ended.ended.again[0], body(1, token="dead", total=1500)).follow
        (again,) = instead(paged, 400)
        last = read(again, body(1, total=1500))
        assert last.ended is not None
        assert (last.ended.again, last.total) == ((), 1500)


def test_each_window_of_a_large_query_is_compared_with_its_own_count() -> None:
    days = [date(2000, 1, 3) + timedelta(days=17 * number) for number in range(600)]
    pages = list(sweep(Source(studies([*days, None]), 100, "2026-07-03"), first(None)))
    ended = {page.query: page.ended.count for page in pages if page.ended}
    assert sum(ended.values()) == 60_100
    assert ended["AREA[StudyFirstPostDate]MISSING"] == 100


# ── whatever changes shows on the first page ──


def updated(days: Iterable[date], token: str | None = None) -> bytes:
    """A page of studies with these last updates."""
    page = json.loads(body(*range(1, len(list(days)) + 1), token=token, total=5000))
    for study, day in zip(page["studies"], days, strict=True):
        study["protocolSection"]["statusModule"] = {"lastUpdatePostDateStruct": {"date": str(day)}}
    return json.dumps(page).encode()


@pytest.mark.parametrize(
    ("days", "token", "telling"),
    [
        ([SINCE + timedelta(days=2), SINCE], "next", True),
        ([SINCE, SINCE], "next", False),  # one more of that day could stand on the second page
        ([SINCE, SINCE], None, True),
        ([], None, True),
        ([], "next", False),
    ],
)
def test_the_first_page_of_changes_stands_for_all_where_the_newest_day_is_whole(
    days: list[date], token: str | None, telling: bool
) -> None:
    (request,) = first(SINCE)
    assert request.repeats
    page = read(request, updated(days, token))
    assert page.telling is telling
    assert not any(one.repeats for one in page.follow)


def test_no_other_page_stands_for_others() -> None:
    assert not first(None)[0].repeats
    assert not read(first(None)[0], body(1, total=1)).telling
    split = read(first(SINCE)[0], body(1, token="next", total=MANY + 1))
    assert not split.telling
    assert not any(one.repeats for one in split.follow)


# ── what cannot be read ──


@pytest.mark.parametrize("since", [None, date(2000, 1, 1)])
@pytest.mark.parametrize("crowded", [False, True])
def test_studies_that_make_their_pages_unreadable_are_refused_by_number_and_all_others_are_read(
    since: date | None, crowded: bool
) -> None:
    by = "StudyFirstPostDate" if since is None else "LastUpdatePostDate"
    days: list[date | None] = [date(2001, 1, 1) + timedelta(days=number // 40) for number in range(2_800)]
    source = Source(
        studies([*days, *[date(2010, 5, 5)] * (2_200 if crowded else 0), *([None] * 3 if not since else [])], by)
    )
    numbers = sorted(source.dates)
    source.broken = frozenset([numbers[0], numbers[1500], numbers[1501], numbers[2799], numbers[-1]])
    pages = list(sweep(source, first(since)))
    assert {bad.registry_id for page in pages for bad in page.refused} == source.broken
    assert set(met(pages)) == source.dates.keys() - source.broken
    assert {page.total for page in pages if page.total is not None} == {len(numbers)}
    assert len(source.asked) < 220


def test_a_list_of_numbers_that_cannot_be_read_is_no_study_s_fault() -> None:
    (listing,) = narrower(first(None)[0])
    assert dict(listing.params)["fields"] == "NCTId,StudyFirstPostDate"
    assert narrower(listing) == ()
    assert listing.only is None
    with pytest.raises(UnreadableBody, match="without their numbers"):
        read(listing, b'{"studies":[{"protocolSection":{}}]}')


def test_a_study_that_was_asked_for_alone_is_named_and_has_nothing_narrower() -> None:
    (listing,) = narrower(first(None)[0])
    chunk, *_ = read(listing, body(1, 2, 3, total=3)).follow
    one, two = narrower(chunk)
    assert (one.only, two.only) == ("NCT00000001", None)
    assert [part.only for part in narrower(two)] == ["NCT00000002", "NCT00000003"]
    assert narrower(one) == ()


def test_unterminated_text_is_looked_at_once_and_no_more() -> None:
    with pytest.raises(UnreadableBody, match="not the JSON"):
        read(first(None)[0], b'{"studies":[{"a":"\xff' + rb"\"" * 1_000_000 + b"}")


def test_a_study_of_the_far_future_does_not_make_endless_windows() -> None:
    source = Source(studies([date(9999, 12, 31)] * 6), 10_000, "9999-12-31")
    assert set(met(sweep(source, first(None)))) == set(source.dates)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (lambda whole: b"", "not the JSON"),
        (lambda whole: b"pageToken is invalid", "not the JSON"),
        (lambda whole: b"<html><body>Service unavailable</body></html>", "not the JSON"),
        (lambda whole: whole[:-1], "not the JSON"),
        (lambda whole: whole[: len(whole) // 2], "not the JSON"),
        (lambda whole: whole + b"}", "not the JSON"),
        (lambda whole: whole[: len(whole) // 2] + b"}", "not the JSON"),
        (lambda whole: b'{"studies":[{"a":"\\ud800"}],"x":}', "not the JSON"),
        (lambda whole: b'{"studies":[{"a":"\\ud800"},"x":{}}', "not the JSON"),
        (lambda whole: b"\xff\xfe" + whole, "not the JSON"),
        (lambda whole: b'{"studies":' + b"[" * 100_000 + b"}", "not the JSON"),
        (lambda whole: b"[]", "not a page of studies"),
        (lambda whole: b"null", "not a page of studies"),
        (lambda whole: b"{}", "studies"),
        (lambda whole: b'{"studies":{}}', "studies"),
        (lambda whole: b'{"studies":null}', "studies"),
        (lambda whole: b'{"studies":[],"nextPageToken":7}', "nextPageToken"),
        (lambda whole: b'{"studies":[],"totalCount":"many"}', "totalCount"),
    ],
)
def test_an_answer_that_is_no_page_is_refused_as_a_whole(answer: Callable[[bytes], bytes], expected: str) -> None:
    with pytest.raises(UnreadableBody, match=expected):
        read(first(None)[0], answer(body(1, 2, 3, token="next", total=3)))


def test_the_facts_of_the_registry() -> None:
    assert REGISTRY.name == "ctgov"
    assert REGISTRY.hosts == ("clinicaltrials.gov",)
    assert REGISTRY.requests_per_min == 50
    assert PAGE_SIZE == 1000
