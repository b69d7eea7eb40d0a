"""How all of the EU Clinical Trials Register is asked for, page by page, and what happens when that goes wrong."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.registries import Page, Request, UnreadableBody
from actors.registries.euctr import LAST_YEAR, MANY, MOST_FED, first, narrower, read
from tests.registries.euctr_source import Source, sweep, trials

DAY = date(2010, 1, 1)


def met(pages: Iterable[Page]) -> Counter[str]:
    return Counter(one.trial.registry_id for page in pages for one in page.found)


def test_a_page_is_listed_and_then_its_text_is_read_until_all_twenties_are_here() -> None:
    source = Source(trials([DAY] * 45), countries=("DE", "FR"))
    pages = list(sweep(source, first(None)))
    assert [request.url.rpartition("/")[2] for request in source.asked] == ["search", "full"] * 3
    assert met(pages) == dict.fromkeys(source.starts, 1)
    assert {page.total for page in pages} == {45}
    ended = [page.ended for page in pages if page.ended]
    assert [one.count for one in ended] == [45]
    again = list(sweep(source, ended[0].again))
    assert again[-1].ended is not None
    assert (again[-1].ended.count, again[-1].ended.again) == (45, ())


def test_the_countries_of_a_trial_are_one_trial_and_its_raw_record_is_all_of_theirs() -> None:
    source = Source(trials([DAY]), countries=("DE", "FR"))
    [one] = [one for page in sweep(source, first(None)) for one in page.found]
    assert one.trial.countries == ("DE", "FR")
    assert one.raw.count(b"EudraCT Number:") == 2


def test_whether_a_trial_has_results_is_told_by_the_list() -> None:
    numbers = trials([DAY] * 3)
    source = Source(numbers, with_results=frozenset([next(iter(numbers))]))
    found = [one.trial for page in sweep(source, first(None)) for one in page.found]
    assert [trial.has_results for trial in found] == [True, False, False]


def test_a_query_that_is_too_large_is_read_by_years_of_starts_and_the_undated_by_their_numbers() -> None:
    days = [DAY + timedelta(days=97 * number) for number in range(60)]
    source = Source(trials([date(1999, 1, 1), *days, None, date(2031, 1, 1), None]), weight=MANY // 50)
    pages = list(sweep(source, first(None)))
    assert met(pages) == dict.fromkeys(source.starts, 1)
    spans = [dict(request.params).get("dateFrom") for request in source.asked]
    assert {"1990-01-01", "2010-01-01", f"{LAST_YEAR}-01-01"} <= set(spans)


def test_where_the_years_have_all_the_lists_are_not_read_again() -> None:
    source = Source(trials([DAY] * 30), weight=MANY)
    pages = list(sweep(source, first(None)))
    assert met(pages) == dict.fromkeys(source.starts, 1)
    whole = [request for request in source.asked if "dateFrom" not in dict(request.params)]
    assert len(whole) == 2  # the first count, and the look whether anything is left


@settings(max_examples=30)
@given(st.lists(st.dates(date(1985, 1, 1), date(2040, 1, 1)) | st.none(), max_size=50), st.sampled_from([1, MANY + 1]))
def test_no_trial_is_left_out_and_none_is_met_twice(days: list[date | None], weight: int) -> None:
    source = Source(trials([day for day in days if day is None or day.year >= 1990]), weight=weight)
    assert met(sweep(source, first(None))) == dict.fromkeys(source.starts, 1)


def test_a_text_that_cannot_be_read_is_asked_for_trial_by_trial_and_one_alone_is_set_aside() -> None:
    numbers = trials([DAY] * 45)
    bad = list(numbers)[25]
    source = Source(numbers, broken=frozenset([bad]), dead=frozenset([bad]))
    pages = list(sweep(source, first(None)))
    assert met(pages) == {number: 1 for number in numbers if number != bad}
    assert [one.registry_id for page in pages for one in page.refused] == [bad]
    assert not any(page.ended for page in pages)


def test_a_trial_that_was_listed_and_is_not_in_the_text_is_asked_for_by_its_number() -> None:
    numbers = trials([DAY] * 21)
    source = Source(numbers, hidden=frozenset([list(numbers)[3]]))
    assert met(sweep(source, first(None))) == dict.fromkeys(numbers, 1)


def test_the_feed_names_what_changed_and_each_is_asked_for() -> None:
    numbers = trials([DAY] * 50)
    changed = tuple((number, date(2026, 7, 6)) for number in list(numbers)[:3])
    source = Source(numbers, changed=changed)
    pages = list(sweep(source, first(date(2026, 7, 1))))
    assert met(pages) == {number: 1 for number, _ in changed}
    assert len(source.asked) == 1 + 2 * 3


@pytest.mark.parametrize(("since", "told_on"), [(date(2026, 6, 30), date(2026, 7, 8)), (date(2026, 7, 7), None)])
def test_where_the_feed_does_not_reach_back_everything_is_asked_for(since: date, told_on: date | None) -> None:
    source = Source(trials([DAY] * 3), told_on=told_on)
    assert met(sweep(source, first(since))) == dict.fromkeys(source.starts, 1)


def test_a_feed_of_very_many_is_no_less_than_everything() -> None:
    numbers = trials([DAY] * (MOST_FED + 1))
    source = Source(numbers, changed=tuple((number, date(2026, 7, 6)) for number in numbers))
    list(sweep(source, first(date(2026, 7, 5))))
    assert len(source.asked) < MOST_FED


def test_a_trial_of_the_feed_that_is_listed_no_more_is_passed_over() -> None:
    source = Source(trials([DAY]), changed=(("2020-999999-10", date(2026, 7, 6)),))
    assert met(sweep(source, first(date(2026, 7, 5)))) == {}


@pytest.mark.parametrize(
    "body", [b"", b"<html>busy</html>", b"{}", b"\xff\xfe", b"<!DOCTYPE rss [<!ENTITY a 'b'>]><rss/>", b"<other/>"]
)
def test_an_answer_that_is_not_what_was_asked_for_is_refused(body: bytes) -> None:
    for request in (*first(None), *first(DAY), _text_request()):
        with pytest.raises(UnreadableBody):
            read(request, body)


def _text_request() -> Request:
    source = Source(trials([DAY]))
    [request] = read(first(None)[0], source.answer(first(None)[0])).follow
    return request


def test_a_request_is_plain_text_so_that_a_checkpoint_can_hold_it() -> None:
    request = _text_request()
    told = json.loads(json.dumps([request.params, request.state]))
    assert tuple(map(tuple, told[0])) == request.params
    assert tuple(map(tuple, told[1])) == request.state
    assert narrower(first(None)[0]) == ()
