"""Which span of which trace an event is: the same in every process that reads the same text."""

from itertools import count
from typing import Any

import pytest

from supervisor.spans import Place, Span, is_kept, job_span_id, joined, place_of, span_of

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
GIVEN = f"00-{TRACE}-{PARENT}-01"


@pytest.mark.parametrize(
    ("traceparent", "taken"),
    [
        (GIVEN, True), (f"cc-{TRACE}-{PARENT}-01-what-comes-later", True), (None, False), ("", False),
        (f"ff-{TRACE}-{PARENT}-01", False), (f"00-{'0' * 32}-{PARENT}-01", False),
        (f"00-{TRACE}-{'0' * 16}-01", False), (GIVEN.upper(), False), (f"00-{TRACE}-{PARENT}", False),
        (GIVEN + "\nx", False), (GIVEN + "-" + "x" * 300, False), (" " + GIVEN, False),
    ],
)  # fmt: skip
def test_a_traceparent_is_taken_as_the_standard_writes_it_and_else_left_alone(
    traceparent: str | None, taken: bool
) -> None:
    """N37: W3C Trace Context; whatever else stands there is not repeated into a log."""
    assert joined("abc", traceparent) == (f"abc/{TRACE}-{PARENT}-01" if taken else "abc")


def test_a_request_is_below_who_sent_it_and_its_jobs_are_below_it() -> None:
    text = joined("abc", GIVEN)
    place = place_of(text)
    assert (f"{place.trace_id:032x}", place.parent_id, place.sampled) == (TRACE, int(PARENT, 16), True)
    request = spans(("request.answered", {"method": "POST", "path": "/x", "status": 201, "trace_id": text}))[0]
    job = spans(("job.settled", {"job": 7, "fence": 2, "kind": "scrape", "state": "done", "trace_id": text}))[0]
    source = spans(
        ("source.answered", {"method": "GET", "host": "h", "status": 200, "trace_id": text}), running=(7, 2)
    )[0]
    assert (request.parent_id, request.span_id) == (int(PARENT, 16), place.root_id)
    assert (job.parent_id, job.span_id) == (request.span_id, job_span_id(place, (7, 2)))
    assert source.parent_id == job.span_id
    assert {one.place.trace_id for one in (request, job, source)} == {int(TRACE, 16)}
    assert request.attributes["triald.request_id"] == "abc"


def test_another_attempt_is_another_span_of_the_same_trace() -> None:
    place = place_of("abc")
    assert place == place_of("abc") != place_of("abd")
    assert job_span_id(place, (7, 2)) != job_span_id(place, (7, 3)) != job_span_id(place, (8, 3))
    assert place.parent_id is place.sampled is None


@pytest.mark.parametrize(
    ("event", "fields", "failed"),
    [
        ("request.answered", {"status": 499}, False), ("request.answered", {"status": 500}, True),
        ("job.settled", {"state": "done"}, False), ("job.settled", {"state": "retry"}, True),
        ("job.settled", {"state": "dead"}, True), ("source.answered", {"status": 304}, False),
        ("source.answered", {"status": 429}, True), ("statement.took_long", {"state": "done"}, False),
        ("statement.took_long", {"state": "TimeoutError"}, True), ("schedule.fired", {}, False),
    ],
)  # fmt: skip
def test_what_went_wrong_is_marked(event: str, fields: dict[str, Any], failed: bool) -> None:
    assert [span.failed for span in spans((event, {**fields, "trace_id": "abc", "took_s": 0.5}))] == [failed]


@pytest.mark.parametrize("path", ["/live", "/ready", "/health/services/{name}", "/metrics"])
def test_who_asks_all_day_whether_it_is_well_makes_no_traces(path: str) -> None:
    assert spans(("request.answered", {"path": path, "status": 200, "trace_id": "abc"})) == []


def test_what_belongs_to_no_trace_or_is_no_step_of_one_is_no_span() -> None:
    assert (
        spans(("request.answered", {}), ("page.written", {"trace_id": "abc"}), ("job.settled", {"trace_id": ""})) == []
    )


@pytest.mark.parametrize(
    ("place", "percent", "kept"),
    [
        (Place(1, 1, None, True), 0, True), (Place(1, 1, None, False), 100, False), (Place(2**128 - 1, 1), 100, True),
        (Place(2**128 - 1, 1), 99, False), (Place(2**63 - 2**60, 1), 50, True), (Place(2**63 + 1, 1), 50, False),
        (Place(0, 1), 0, False),
    ],
)  # fmt: skip
def test_a_trace_is_told_whole_or_not_at_all(place: Place, percent: float, kept: bool) -> None:
    assert is_kept(place, percent) is kept


def spans(*events: tuple[str, dict[str, Any]], running: tuple[int, int] | None = None) -> list[Span]:
    ids = count(1)
    made = (span_of(event, fields, running=running, fresh_id=lambda: next(ids)) for event, fields in events)
    return [span for span in made if span is not None]
