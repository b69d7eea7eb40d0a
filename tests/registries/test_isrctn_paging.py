"""How all of ISRCTN is asked for, which has neither pages nor an order, and what happens when that goes wrong."""

import pickle
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.registries import Request, UnreadableBody
from actors.registries.isrctn import AT_ONCE, REGISTRY, first, narrower, read
from actors.trials.reading.isrctn.windows import APPLIED, EDITED, Window, cut, halves, question
from tests.registries.isrctn_source import HEAD, One, Source, page, record, sweep

SINCE = date(2026, 7, 1)
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2026, 12, 31)).map(lambda at: at.replace(microsecond=0))


def spread(count: int, *, start: datetime = datetime(2000, 2, 3), every: timedelta = timedelta(days=3)) -> list[One]:
    return [One(number, start + number * every, start + number * every) for number in range(1, count + 1)]


def test_everything_is_asked_by_the_day_of_application_and_what_changed_by_that_of_the_edit() -> None:
    (everything,), (changed,) = first(None), first(SINCE)
    assert everything.params == (("q", "dateApplied GE 1900-01-01T00:00:00.000Z"), ("limit", "100"))
    assert changed.params == (("q", "lastEdited GE 2026-07-01T00:00:00.000Z"), ("limit", "100"))


def test_few_records_are_one_answer() -> None:
    source = Source(spread(AT_ONCE))
    swept = sweep(source, first(None))
    assert len(source.asked) == 1
    assert (len(swept.met), swept.total, swept.short) == (AT_ONCE, AT_ONCE, 0)


def test_many_records_are_read_in_windows_each_once() -> None:
    """G07: no pages, no order: windows, each counted."""
    source = Source(spread(3_000))
    swept = sweep(source, first(None))
    assert len(swept.met) == 3_000
    assert set(swept.met.values()) == {1}
    assert (swept.total, swept.short) == (3_000, 0)
    assert len(source.asked) < 3_000 / 45
    assert max(len(one.found) for one in swept.pages) <= AT_ONCE


def test_a_day_that_is_too_large_is_asked_with_its_count() -> None:
    crowded = [One(number, datetime(2020, 3, 3, number % 24), datetime(2020, 3, 3)) for number in range(250)]
    source = Source([*spread(500), *[One(10_000 + one.number, one.applied) for one in crowded]])
    swept = sweep(source, first(None))
    assert len(swept.met) == 750
    assert any(int(dict(one.params)["limit"]) >= 250 for one in source.asked)


def test_what_changed_is_read_from_the_day_on() -> None:
    """G06, G07: what is older than the day is not asked for again."""
    source = Source(spread(400, start=datetime(2026, 6, 1), every=timedelta(hours=3)))
    swept = sweep(source, first(SINCE))
    assert set(swept.met) == {f"ISRCTN{one.number:08}" for one in source.trials if one.edited >= datetime(2026, 7, 1)}
    assert swept.short == 0


def test_what_is_edited_during_a_sweep_moves_to_a_window_that_is_still_to_come() -> None:
    def edit(source: Source, request: Request) -> None:
        if len(source.asked) == 3:
            last = source.trials.pop()
            source.trials.append(One(last.number, last.applied, datetime(2026, 12, 24)))

    source = Source(spread(400, start=datetime(2026, 7, 1), every=timedelta(hours=3)), before=edit)
    assert len(sweep(source, first(SINCE)).met) == 400


def test_records_that_an_answer_leaves_out_are_asked_for_once_more() -> None:
    source = Source(spread(80), drops=5)
    swept = sweep(source, first(None))
    assert len(swept.met) == 80
    assert swept.short == 0
    assert len(source.asked) == 2


def test_an_answer_that_breaks_off_is_asked_for_in_halves() -> None:
    source = Source(spread(300), most=20)
    swept = sweep(source, first(None))
    assert len(swept.met) == 300


def test_a_window_is_cut_without_gaps_and_without_overlaps() -> None:
    window = Window(APPLIED, datetime(2020, 1, 1), datetime(2021, 1, 1))
    parts = cut(window, 1_000, [])
    assert parts[0].start == window.start
    assert parts[-1].end == window.end
    assert all(one.end == after.start for one, after in pairwise(parts))
    assert cut(Window(APPLIED, datetime(2020, 1, 1), datetime(2020, 1, 2)), 1_000, []) == ()
    assert question(parts[0]).startswith("dateApplied GE 2020-01-01T00:00:00.000Z AND dateApplied LT ")


@given(MOMENTS, st.none() | st.timedeltas(timedelta(hours=2), timedelta(days=9_000)), st.integers(101, 50_000),
       st.lists(st.dates(date(1990, 1, 1), date(2030, 1, 1)), max_size=5))  # fmt: skip
def test_every_cut_makes_less_of_a_window(at: datetime, span: timedelta | None, count: int, days: list[date]) -> None:
    start = datetime(at.year, at.month, at.day)
    window = Window(EDITED, start, start + span if span else None)
    for parts in (cut(window, count, days), halves(window)):
        assert not parts or parts[0].start == window.start
        assert not parts or parts[-1].end == window.end
        assert all(one.end == after.start for one, after in pairwise(parts))
        assert all(one.end is None or one.start < one.end for one in parts)
        assert window not in parts


@settings(max_examples=40)
@given(st.lists(MOMENTS, max_size=30), st.sampled_from([1, 7, 40]), st.booleans())
def test_every_record_of_any_source_is_met_once(moments: list[datetime], copies: int, changed: bool) -> None:
    """G07: also where most were applied for on one day."""
    trials = [
        One(number * 100 + copy, at, at) for number, at in enumerate(moments) for copy in range(copies)
    ]  # fmt: skip
    source = Source(trials)
    swept = sweep(source, first(SINCE if changed else None))
    met = [one for one in trials if not changed or one.edited >= datetime(2026, 7, 1)]
    assert set(swept.met) == {f"ISRCTN{one.number:08}" for one in met}
    assert set(swept.met.values()) <= {1}
    assert swept.short == 0


def test_a_request_is_plain_text_so_that_a_checkpoint_can_hold_it() -> None:
    (request,) = first(None)
    for after in read(request, Source(spread(500)).answer(request)).follow:
        assert all(isinstance(text, str) for pair in after.state for text in pair)
        assert pickle.loads(pickle.dumps(after)) == after  # noqa: S301


def test_a_record_that_is_no_xml_spoils_itself_only() -> None:
    good, other = record(One(1, datetime(2020, 1, 1))), record(One(3, datetime(2020, 1, 1)))
    bad = record(One(2, datetime(2020, 1, 1))).replace(b"<title>", b"<title>&undeclared;")
    page_ = read(first(None)[0], page([good, bad, other], 3))
    assert [one.raw for one in page_.found] == [good, other]
    (refused,) = page_.refused
    assert (refused.registry_id, refused.raw) == ("ISRCTN00000002", bad)
    assert "not XML" in refused.reason


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        ((b"00000002<", b"123<"), "eight digits"),
        ((b"<title>", b"<title>&#0;"), "not XML"),
        ((b"<title>", b"<title>\xff"), "not XML"),
        ((b"2026-01-01T00", b"2026-13-01T00"), "lastUpdated"),
    ],
)
def test_a_record_that_cannot_be_read_is_refused_with_its_reason(spoil: tuple[bytes, bytes], reason: str) -> None:
    bad = record(One(2, datetime(2020, 1, 1))).replace(*spoil)
    (refused,) = read(first(None)[0], page([bad], 1)).refused
    assert reason in refused.reason


BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE bomb [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>
<allTrials totalCount="1"><fullTrial><trial><isrctn>00000001</isrctn>&b;</trial></fullTrial></allTrials>"""
OUTSIDE = b"""<!DOCTYPE x [<!ENTITY xxe SYSTEM "file:///etc/passwd">]><allTrials totalCount="0">&xxe;</allTrials>"""


@pytest.mark.parametrize(
    "body",
    [b"", b"<html/>", b"{}", b'<allTrials totalCount="x"/>', b"<allTrials/>", BOMB, OUTSIDE,
     b'<trials><count>7</count></trials>', HEAD % 1 + b"<fullTrial><trial><isr", HEAD % 0, b"\xff\xfe<"],
)  # fmt: skip
def test_what_is_no_list_of_trials_is_unreadable(body: bytes) -> None:
    """G07: XML bombs and external entities are refused; nothing outside is looked at."""
    with pytest.raises(UnreadableBody, match=r"list of trials|UTF-16"):
        read(first(None)[0], body)


def test_an_entity_bomb_within_a_record_refuses_the_record() -> None:
    bad = b'<fullTrial><!DOCTYPE x [<!ENTITY a "b">]><trial><isrctn>00000002</isrctn></trial></fullTrial>'
    (refused,) = read(first(None)[0], page([bad], 1)).refused
    assert refused.registry_id == "ISRCTN00000002"


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("utf-8", "UTF-8"), ("utf-8", "ISO-8859-1"), ("utf-8-sig", "UTF-8"), ("iso-8859-1", "ISO-8859-1"),
     ("utf-16", "UTF-16"), ("utf-8", "no-such-thing")],
)  # fmt: skip
def test_what_an_answer_declares_of_its_encoding_is_not_believed(encoding: str, declared: str) -> None:
    text = page([record(One(1, datetime(2020, 1, 1))).replace(b"Trial 1", "Étude".encode())], 1).decode()
    body = text.replace('encoding="UTF-8"', f'encoding="{declared}"').encode(encoding)
    (found,) = read(first(None)[0], body).found
    assert found.trial.title == "Étude"


def test_a_record_that_spoils_every_answer_is_set_aside_with_those_of_its_hour() -> None:
    """G07: the others are here, and the source's count is kept."""
    source = Source(spread(300, every=timedelta(hours=2)), spoils=77)
    swept = sweep(source, first(None))
    assert len(swept.met) == 299
    assert swept.met.keys().isdisjoint({"ISRCTN00000077"})
    assert [len(one.refused) for one in swept.pages if one.refused] == [1]


def test_an_hour_is_the_least_that_is_asked_for() -> None:
    request, count = first(None)[0], 0
    while less := narrower(request):
        request, count = less[0], count + 1
    assert count < 50
    assert dict(request.params)["limit"] == "0"
    assert narrower(request) == ()


@settings(max_examples=60)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_unreadable(body: bytes) -> None:
    try:
        assert read(first(None)[0], body).found == ()
    except UnreadableBody:
        return


def test_the_registry_says_who_it_is() -> None:
    assert REGISTRY.name == "isrctn"
    assert REGISTRY.requests_per_min <= 60
    assert "www.isrctn.com" in REGISTRY.hosts
