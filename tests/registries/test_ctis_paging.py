"""How all of CTIS is asked for, of which a search gives 10,000 rows at most, and what happens when that goes wrong."""

import json
import pickle
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.registries import Page, Request, UnreadableBody
from actors.registries.ctis import REGISTRY, by_numbers, first, instead, listing, narrower, read
from actors.trials.reading.ctis.number import Seen, parted
from actors.trials.reading.ctis.walk import MOST_ROWS
from tests.registries.ctis_source import One, Source, folds, moved, row, sweep, trials

SINCE = date(2026, 7, 1)


def test_everything_is_one_search_of_a_hundred_rows_the_newest_first() -> None:
    (request,) = first(None)
    assert (request.method, request.url) == ("POST", "https://euclinicaltrials.eu/ctis-public-api/search")
    assert json.loads(request.body or "") == {
        "searchCriteria": {},
        "pagination": {"page": 1, "size": 100},
        "sort": {"property": "lastUpdated", "direction": "DESC"},
    }


def test_records_are_asked_for_by_their_numbers_before_the_next_page() -> None:
    source = Source(trials(250))
    swept = sweep(source, first(None))
    assert len(swept.found) == 250
    assert [one.method for one in source.asked[:102]] == ["POST"] + ["GET"] * 100 + ["POST"]
    assert (swept.total, swept.short) == (250, 0)
    assert sorted(source.retrieved()) == sorted(one.number for one in source.trials)
    assert [page.ended.count for page in swept.pages if page.ended] == [250]


def test_the_last_update_of_a_record_is_what_the_search_tells() -> None:
    source = Source([One("2024-500001-11-00", updated=date(2026, 2, 3))])
    (trial,) = sweep(source, first(None)).found.values()
    assert str(trial.last_updated) == "2026-02-03"


def test_a_request_is_plain_text_so_that_a_checkpoint_can_hold_it() -> None:
    page = read(first(SINCE)[0], Source(trials(150, day=SINCE)).answer(first(SINCE)[0])[1])
    for request in page.follow:
        assert all(isinstance(text, str) for pair in request.state for text in pair)
        assert pickle.loads(pickle.dumps(request)) == request  # noqa: S301


def test_the_silent_limit_loses_no_trial() -> None:
    """G07: 10,000 rows of a search are all that is given, without a word: more are read by status, from both ends."""
    source = Source(trials(MOST_ROWS + 300, statuses=(1, 2, 4, 4, 4, 8, 11)))
    swept = sweep(source, first(None))
    assert len(swept.found) == MOST_ROWS + 300
    assert (swept.total, swept.short) == (MOST_ROWS + 300, 0)
    asked = [one["searchCriteria"].get("status") for one in source.searches()]
    assert asked[0] is None
    assert {4} < {code for codes in asked[1:] for code in codes or ()} == set(range(1, 13))


@pytest.mark.parametrize("cap", [150, 400, 700, 900])
def test_a_limit_below_the_known_one_loses_no_trial(cap: int) -> None:
    source = Source(trials(1_000, statuses=(1, 2, 4, 5, 8, 8, 8, 11)), cap=cap)
    swept = sweep(source, first(None))
    wholly = cap * 2 >= 375  # status 8 has 375 trials
    assert (len(swept.found) == 1_000) is wholly
    assert (swept.short == 0) is wholly


def test_one_status_beyond_the_limit_is_read_from_both_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.trials.reading.ctis.walk.MOST_ROWS", 300)
    source = Source([*trials(550), One("2025-500001-01-00", 2)], cap=300)
    swept = sweep(source, first(None))
    assert len(swept.found) == 551
    assert (swept.short, swept.total) == (0, 551)
    assert {one["sort"]["direction"] for one in source.searches()} == {"DESC", "ASC"}


def test_codes_that_are_not_known_yet_are_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.trials.reading.ctis.walk.MOST_ROWS", 300)
    source = Source(trials(500, statuses=(4, 8, 14, 99)), cap=300)
    swept = sweep(source, first(None))
    assert len(swept.found) == 500
    assert swept.total == 500


def test_what_changes_during_a_walk_is_met_at_its_end() -> None:
    def update(source: Source, request: Request) -> None:
        if len(source.asked) == 50:
            last = min(source.trials, key=lambda one: one.number)
            source.trials.remove(last)
            source.trials += [moved(last, updated=date(2026, 9, 9)), One("2026-500007-77-00", updated=date(2026, 9, 9))]

    source = Source(trials(260), before=update)
    swept = sweep(source, first(None))
    assert len(swept.found) == 261
    assert swept.short == 0


def test_what_moves_to_another_status_during_a_walk_is_met(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.trials.reading.ctis.walk.MOST_ROWS", 100)

    def move(source: Source, request: Request) -> None:
        if len(source.asked) == 100:  # back to a status that was read already
            late = [one for one in source.trials if one.status == 8][-1]
            source.trials[source.trials.index(late)] = moved(late, status=1, updated=date(2026, 9, 9))

    source = Source(trials(180, statuses=(1, 8)), cap=100, before=move)
    swept = sweep(source, first(None))
    assert len(swept.found) == 180


def test_what_changed_is_read_by_both_dates_until_two_pages_are_older() -> None:
    """G06, G07: what is older than the day is not asked for again."""
    old = [moved(one, updated=SINCE - timedelta(days=90)) for one in trials(600)]
    new = [One("2025-500001-01-00", updated=SINCE), One("2025-500002-02-00", updated=SINCE + timedelta(days=3))]
    republished = One("2025-500003-03-00", updated=date(2024, 1, 1), published=SINCE)
    source = Source([*old, *new, republished])
    swept = sweep(source, first(SINCE))
    assert set(swept.found) == {"2025-500001-01", "2025-500002-02", "2025-500003-03"}
    assert len(source.searches()) == 6
    assert swept.total is None


def test_a_row_without_dates_is_taken_for_changed() -> None:
    source = Source([One("2025-500001-01-00", updated=None), One("2025-500002-02-00", updated=date(2020, 1, 1))])
    assert set(sweep(source, first(SINCE)).found) == {"2025-500001-01"}


def test_more_changes_than_a_search_gives_are_read_as_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.trials.reading.ctis.walk.MOST_ROWS", 200)
    source = Source(trials(350, statuses=(1, 4), day=SINCE), cap=200)
    assert len(sweep(source, first(SINCE)).found) == 350


def test_submissions_of_a_trial_are_one_trial_and_the_highest_is_read() -> None:
    """G07, N03: a resubmission (…-01) is the same trial."""
    source = Source([One("2024-500001-11-00", 11), One("2024-500001-11-02"), One("2024-500001-11-01", 12)])
    swept = sweep(source, first(None))
    assert set(swept.found) == {"2024-500001-11"}
    assert source.retrieved() == ["2024-500001-11-02"]
    assert (swept.total, swept.short) == (1, 0)


def test_a_record_that_is_listed_and_not_there_is_refused_with_its_row() -> None:
    source = Source(trials(3), hidden=frozenset({"2024-500001-01-00"}))
    swept = sweep(source, first(None))
    assert [one.registry_id for one in swept.refused] == ["2024-500001-01"]
    assert json.loads(swept.refused[0].raw)["ctNumber"] == "2024-500001-01-00"
    assert swept.short == 0


def test_a_trial_that_goes_while_it_is_read_is_missed_by_nobody() -> None:
    def remove(source: Source, request: Request) -> None:
        if len(source.asked) == 2:
            source.trials.pop()

    source = Source(trials(3), before=remove)
    swept = sweep(source, first(None))
    assert len(swept.found) == 2 + (source.retrieved()[0] in swept.found)
    assert (swept.refused, swept.short, swept.total) == ([], 0, 2)


def test_the_page_for_people_means_that_there_is_no_such_record() -> None:
    page = read(first(None)[0], Source(trials(1)).answer(first(None)[0])[1])
    html = b"\n<!doctype html><html></html>"
    with pytest.raises(UnreadableBody, match="page for people"):
        read(page.follow[0], html)
    (last,) = narrower(page.follow[0])
    (lookup,) = read(last, html).follow
    assert json.loads(lookup.body or "")["searchCriteria"] == {"number": "2024-500000-00-00"}
    assert read(lookup, Source([]).answer(lookup)[1]) == Page(query="everything")
    (anew,) = read(lookup, Source(trials(1)).answer(lookup)[1]).follow
    assert len(read(anew, Source(trials(1)).answer(anew)[1]).found) == 1
    assert len(read(anew, html).refused) == 1


def test_a_row_that_spoils_its_page_is_set_aside_alone() -> None:
    source = Source(trials(130), broken=frozenset({"2024-500070-70-00"}))
    swept = sweep(source, first(None))
    assert len(swept.found) == 129
    assert len(swept.refused) >= 1


def test_a_record_cut_short_is_asked_for_again_and_then_refused() -> None:
    page = read(first(None)[0], Source(trials(1)).answer(first(None)[0])[1])
    request = page.follow[0]
    with pytest.raises(UnreadableBody, match="cut short"):
        read(request, b'{"ctNumber": "2024-500000-00-00", "auth')
    (last,) = narrower(request)
    (refused,) = read(last, b'{"ctNumber": "2024-500000-00-00", "auth').refused
    assert refused.registry_id == "2024-500000-00"


def test_a_record_that_is_too_large_is_refused_with_its_row() -> None:
    page = read(first(None)[0], Source(trials(1)).answer(first(None)[0])[1])
    (last,) = narrower(page.follow[0])
    (lookup,) = narrower(last)
    (refused,) = read(lookup, Source(trials(1)).answer(lookup)[1]).refused
    assert (refused.registry_id, refused.reason) == ("2024-500000-00", "its record is too large")
    assert narrower(lookup) == ()


def test_another_record_than_was_asked_for_is_refused() -> None:
    page = read(first(None)[0], Source(trials(2)).answer(first(None)[0])[1])
    other = Source(trials(2)).answer(page.follow[1])[1]
    (refused,) = read(page.follow[0], other).refused
    assert "asked for" in refused.reason


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"<html>", b'{"data":[]}', b'{"pagination":{"totalRecords":-1},"data":[]}', b"\xff\xfe{\x00}\x00",
     b'{"pagination":[],"data":{"ctNumber":7}}', b'{"pagination":{"totalRecords":3},"data":[{"ctN'],
)  # fmt: skip
def test_what_is_no_page_of_a_search_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableBody, match="pagination"):
        read(first(None)[0], body)


def test_a_row_that_is_none_is_refused_and_the_others_are_read() -> None:
    good = row(One("2024-500001-11-00"))
    body = json.dumps({"pagination": {"totalRecords": 3}, "data": ["a text", good, {"ctNumber": 7}]}).encode()
    page = read(first(None)[0], body)
    assert [one.raw for one in page.refused] == [b'"a text"', b'{"ctNumber": 7}']
    assert [request.url.rpartition("/")[2] for request in page.follow if request.method == "GET"] == [
        "2024-500001-11-00"
    ]


def test_bare_numbers_are_listed_with_their_days_and_no_record_is_asked_for() -> None:
    source = Source([*trials(150), One("2024-900001-11-00"), One("2024-500001-01-01")])
    swept = sweep(source, listing())
    named = {one.registry_id: one.updated for page in swept.pages for one in page.listed}
    assert set(named) == set(folds(one.number for one in trials(150)))
    assert set(named.values()) == {date(2026, 1, 1)}
    assert source.retrieved() == []


def test_a_number_without_its_submission_leads_to_the_highest() -> None:
    source = Source([One("2024-500001-11-00"), One("2024-500001-11-01"), One("2024-500002-22-01")])
    swept = sweep(source, by_numbers(["2024-500001-11", "2024-500002-22", "2024-500003-33"]))
    assert set(swept.found) == {"2024-500001-11", "2024-500002-22"}
    assert source.retrieved() == ["2024-500001-11-01", "2024-500002-22-01"]
    assert {str(one.last_updated) for one in swept.found.values()} == {"2026-01-01"}


def test_only_a_record_that_is_not_there_is_asked_for_in_another_way() -> None:
    page = read(first(None)[0], Source(trials(1)).answer(first(None)[0])[1])
    assert instead(first(None)[0], 400) == ()
    assert instead(page.follow[0], 403) == ()
    for status in (400, 404, 410):
        assert len(instead(page.follow[0], status)) == 1


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3), st.integers(1, 13)), unique_by=lambda one: one[:2]),
    st.sampled_from([100, 17, 3]),
)
def test_every_trial_of_any_source_is_met_once(rows: list[tuple[int, int, int]], most: int) -> None:
    """G07: with resubmissions, unknown codes and pages smaller than asked for."""
    source = Source([One(f"2024-5{number:05}-00-{again:02}", status) for number, again, status in rows], most=most)
    swept = sweep(source, first(None))
    assert set(swept.found) == set(folds(one.number for one in source.trials))
    assert swept.short == 0


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99999), st.integers(0, 99), st.integers(0, 99))))
def test_what_was_seen_survives_its_packing(numbers: list[tuple[int, int, int, int]]) -> None:
    seen = Seen()
    for year, number, check, submission in numbers:
        seen.add(f"20{year:02}-5{number:05}-{check:02}", submission)
        seen = Seen(str(seen))
    assert seen.rows == len(set(numbers))
    assert seen.rows - seen.folded == len({one[:3] for one in numbers})


@pytest.mark.parametrize(
    ("number", "known"),
    [
        ("2023-505613-24-00", ("2023-505613-24", 0)),
        ("2023-505613-24", ("2023-505613-24", 0)),
        ("2023-508143-51-01", ("2023-508143-51", 1)),
        ("2019-003842-34", None),
        ("2023-505613-24-0", None),
        ("", None),
    ],
)
def test_a_number_has_its_submission_at_the_end(number: str, known: tuple[str, int] | None) -> None:
    assert parted(number) == known


def test_the_registry_says_who_it_is() -> None:
    assert REGISTRY.name == "ctis"
    assert REGISTRY.requests_per_min <= 120
    assert REGISTRY.hosts == ("euclinicaltrials.eu",)
