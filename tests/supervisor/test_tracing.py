"""Traces and reports of errors, as a collector on this machine gets them; and that nothing is there where none is."""

import sys
import threading
from collections.abc import AsyncIterator

import pytest

from actors.errors import Refusal, Unavailable
from actors.runtime import telemetry
from actors.runtime.telemetry import emit
from supervisor.error_reports import PER_MINUTE, error_reports
from supervisor.setting_kinds import Secret
from supervisor.spans import joined, place_of
from supervisor.tracing import tracing
from tests.observing.collector import Collector, collecting

CANARY = "canary-7f3a"
SOMEWHERE = Secret("http://key@collector/7")
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as one:
        yield one


async def test_what_happens_is_told_as_spans_of_one_trace(collector: Collector) -> None:
    """N37: a request that came with a traceparent, the job that it asked for, and what the job asked of a source."""
    text = joined("req-1", f"00-{TRACE}-{PARENT}-01")
    async with tracing(collector.otlp_url, instance="p1"):
        emit("request.answered", method="POST", path="/api/v1/scrapes", status=201, took_s=0.25, trace_id=text)
        token = telemetry.running.set((9, 1))
        emit("source.answered", method="GET", host="h", path="/studies", status=200, took_s=0.1, trace_id=text)
        telemetry.running.reset(token)
        emit("job.settled", job=9, fence=1, kind="scrape", state="dead", attempt=3, took_s=2.0, trace_id=text)
        emit("page.written", registry="ctgov", trace_id=text)
    request, source, job = collector.spans
    assert {one.trace_id for one in collector.spans} == {TRACE}
    assert (request.parent_id, source.parent_id, job.parent_id) == (PARENT, job.span_id, request.span_id)
    assert [(one.name, one.kind, one.failed) for one in collector.spans] == [
        ("POST /api/v1/scrapes", "server", False), ("GET h", "client", False), ("scrape", "consumer", True),
    ]  # fmt: skip
    assert (request.told["triald.request_id"], job.told["triald.job.id"]) == ("req-1", 9)
    assert (request.resource["service.name"], request.resource["service.instance.id"]) == ("triald", "p1")
    assert request.took_s == pytest.approx(0.25, abs=1e-3)


async def test_so_many_of_a_hundred_traces_are_told_and_each_whole(collector: Collector) -> None:
    texts = [f"req-{number}" for number in range(200)]
    async with tracing(collector.otlp_url, percent=25):
        for text in texts:
            emit("request.answered", method="GET", path="/", status=200, took_s=0.0, trace_id=text)
            emit("job.settled", job=1, fence=1, kind="x", state="done", took_s=0.0, trace_id=text)
    told = [one.trace_id for one in collector.spans]
    assert 25 <= len(set(told)) <= 75
    assert all(told.count(one) == 2 for one in told)
    assert set(told) <= {f"{place_of(text).trace_id:032x}" for text in texts}


async def test_a_collector_that_is_away_holds_up_nothing() -> None:
    async with collecting() as gone:
        url = gone.otlp_url
    async with tracing(url):
        for number in range(10_000):  # more than are kept waiting
            emit("request.answered", method="GET", path="/", status=200, took_s=0.0, trace_id=f"r{number}")


async def test_an_error_is_reported_with_where_it_was_and_nothing_that_was_sent(collector: Collector) -> None:
    """N35: no message of an error that is not ours, no variables, no environment, no arguments of the command line."""
    secret_of_a_caller = CANARY
    async with error_reports(Secret(collector.sentry_dsn), instance="p1"):
        try:
            int(secret_of_a_caller)
        except ValueError as error:
            emit("request.failed", path="/api/v1/trials/{id}", error=f"ValueError: {error}", trace_id="req-1")
        try:
            raise Unavailable("job 7 waits for ctgov") from KeyError(CANARY)
        except Unavailable as error:
            emit("actor.crashed", name="worker", copy=1, error=f"Unavailable: {error}")
        emit("job.settled", job=9, kind="scrape", state="dead", attempt=3, trace_id="req-2")
        emit("job.settled", job=9, kind="scrape", state="retry", trace_id="req-2")
        emit("actor.crashed", name="monitor", copy=1, error="ConnectionError", reason="outside")
    first, second, third = collector.reports
    assert first["message"] == "request.failed /api/v1/trials/{id} ValueError"
    assert first["tags"] | {"trace_id": "req-1", "path": "/api/v1/trials/{id}"} == first["tags"]
    [raised] = first["exception"]["values"]
    assert (raised["type"], raised["value"]) == ("ValueError", "")
    assert raised["stacktrace"]["frames"][-1]["function"].startswith("test_an_error_is_reported")
    cause, ours = second["exception"]["values"]
    assert [(one["type"], one["value"]) for one in (cause, ours)] == [
        ("KeyError", ""), ("Unavailable", "job 7 waits for ctgov"),
    ]  # fmt: skip
    assert third["message"] == "job.settled scrape"
    sent = b"".join(collector.raw)
    assert CANARY.encode() not in sent
    assert b'"vars"' not in sent and sys.argv[0].encode() not in sent
    told = {name for one in collector.reports for name, value in one.items() if value}
    assert not {"request", "user", "extra", "modules", "breadcrumbs"} & told


async def test_an_error_that_comes_with_every_request_is_reported_now_and_then(collector: Collector) -> None:
    async with error_reports(Secret(collector.sentry_dsn)):
        for _ in range(PER_MINUTE * 3):
            emit("request.failed", path="/x", error="ValueError: no")
    assert len(collector.reports) == PER_MINUTE


async def test_where_nobody_asks_for_them_there_is_no_thread_and_no_sink() -> None:
    before = (set(threading.enumerate()), list(telemetry._sinks))
    async with tracing(None), error_reports(None):
        assert (set(threading.enumerate()), list(telemetry._sinks)) == before


@pytest.mark.parametrize(("package", "setting"), [("opentelemetry", "otlp_url"), ("sentry_sdk", "sentry_dsn")])
async def test_without_its_packages_the_start_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, package: str, setting: str
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(Refusal, match=rf"^{setting}: .* not installed \({package}.*extra telemetry"):
        async with tracing("http://c/v1/traces" if package == "opentelemetry" else None), error_reports(SOMEWHERE):
            pass


async def test_a_dsn_that_is_none_stops_the_start_without_showing_it() -> None:
    with pytest.raises(Refusal, match=r"^sentry_dsn: expected a DSN") as refused:
        async with error_reports(Secret(f"nonsense-{CANARY}")):
            pass
    assert CANARY not in str(refused.value)
