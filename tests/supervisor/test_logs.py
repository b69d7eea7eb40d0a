"""The log: a line for each event, with its trace id, its importance, and no secret."""

import io
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest

from actors.runtime import telemetry
from actors.runtime.telemetry import emit
from supervisor import logs
from supervisor.logs import level_of, without_secrets

CANARY = "canary-7f3a"


@contextmanager
def logged(*, form: str = "json", level: str = "debug", is_terminal: bool = False) -> Iterator[io.BytesIO]:
    file = io.BytesIO()
    end = logs.set_up(form=form, level=level, file=file, is_terminal=is_terminal)
    try:
        yield file
    finally:
        end()


def lines(file: io.BytesIO) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in file.getvalue().splitlines()]


def test_each_event_is_one_line_of_json_with_its_fields() -> None:
    with logged() as file:
        emit("page.written", registry="ctgov", new=3, reason="two\nlines")
        emit("scrape.ended", registry="ctgov", state="done")
    first, second = lines(file)
    assert (first["event"], first["level"], first["registry"], first["new"]) == ("page.written", "info", "ctgov", 3)
    assert list(first)[:3] == ["timestamp", "level", "event"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", first["timestamp"])
    assert second["event"] == "scrape.ended"


def test_every_line_of_a_trace_carries_its_id() -> None:
    """N37: events and what libraries say on the way are found by the one id."""
    token = telemetry.trace_id.set("trace-1")
    try:
        with logged() as file:
            emit("source.answered", status=200)
            logging.getLogger("aiohttp.client").warning("slow answer")
            emit("page.written", new=1, trace_id="trace-2")
    finally:
        telemetry.trace_id.reset(token)
    assert [line["trace_id"] for line in lines(file)] == ["trace-1", "trace-1", "trace-2"]


@pytest.mark.parametrize(
    ("event", "fields", "level"),
    [
        ("jobs.settled", {"state": "dead"}, "debug"), ("page.written", {}, "info"),
        ("job.settled", {"state": "done"}, "info"),
        ("job.settled", {"state": "dead"}, "warning"), ("source.retried", {}, "warning"),
        ("source.failed", {}, "warning"), ("job.rescued", {}, "warning"), ("actor.crashed", {}, "error"),
        ("supervisor.gave_up", {}, "error"), ("alert.opened", {"severity": "medium"}, "warning"),
        ("alert.opened", {"severity": "critical"}, "error"), ("alert.closed", {}, "info"),
        ("service.ready", {}, "info"),
    ],
)  # fmt: skip
def test_failures_stand_out_and_what_comes_by_the_thousand_is_for_debugging(
    event: str, fields: dict[str, object], level: str
) -> None:
    assert level_of(event, fields) == level


@pytest.mark.parametrize(("level", "count"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_lines_below_the_level_are_left_out(level: str, count: int) -> None:
    """N39: log_level decides what is written."""
    with logged(level=level) as file:
        emit("jobs.settled", number=500)
        emit("page.written", new=1)
        emit("source.failed", reason="gone")
        emit("actor.crashed", name="worker")
    assert len(lines(file)) == count


@pytest.mark.parametrize(
    ("form", "is_terminal", "is_json"),
    [("auto", False, True), ("auto", True, False), ("json", True, True), ("console", False, False)],
)
def test_the_form_is_json_unless_somebody_reads_along(form: str, is_terminal: bool, is_json: bool) -> None:
    """N39: log_format decides how lines look; auto looks at the terminal."""
    with logged(form=form, is_terminal=is_terminal) as file:
        emit("page.written", registry="ctgov", new=3)
    text = file.getvalue().decode()
    assert text.startswith("{") is is_json
    assert text.count("\n") == 1
    assert "\x1b[" not in text or is_terminal


def test_what_libraries_say_is_logged_too_with_its_traceback() -> None:
    """Warnings of Python as well."""
    with logged(level="info") as file:
        try:
            raise ValueError("odd")
        except ValueError:
            logging.getLogger("aiohttp.server").exception("Error handling %s", "request")
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(True)
            warnings.warn("old", DeprecationWarning, stacklevel=1)
        logging.getLogger("aiohttp.access").info("GET / 200")
        logging.getLogger("asyncio").debug("Using selector")
    first, second = lines(file)
    assert (first["event"], first["level"], first["logger"]) == ("library.said", "error", "aiohttp.server")
    assert first["message"] == "Error handling request"
    assert "ValueError: odd" in first["exception"]
    assert (second["logger"], second["level"]) == ("py.warnings", "warning")


def test_the_end_puts_back_what_was_there() -> None:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    with logged() as file:
        assert root.handlers != before[0]
    emit("page.written", new=1)
    assert (root.handlers[:], root.level) == before
    assert file.getvalue() == b""


@pytest.mark.parametrize(
    "text",
    [
        f"cannot connect to postgresql://triald:{CANARY}@db/triald", f"redis://:{CANARY}@cache:6379",
        f"token triald_{CANARY}AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA was used", f"Authorization: Bearer {CANARY}.x",
        f"Authorization: Basic {CANARY}", f"{{'Authorization': 'Digest {CANARY}'}}", f"https://{CANARY}@sentry.example/7",
        f"eyJhbGciOiJIUzI1NiJ9.{CANARY}.{CANARY}", f"whsec_{CANARY}{CANARY}", f'{{"client_secret": "{CANARY}"}}',
        f"{{'refresh_token': '{CANARY}'}}", f"smtp_password = {CANARY}", f"pagerduty_routing_key={CANARY}",
        f"-----BEGIN PRIVATE KEY----- private-key: {CANARY}", f"user=me password={CANARY} host=db",
        f"GET /x?api_key={CANARY}&a=1", f"PASSWORD: {CANARY}",
    ],
)  # fmt: skip
def test_no_secret_reaches_a_line(text: str) -> None:
    """Passwords of URLs, tokens and keys, in events, in nested fields, and in what libraries say."""
    with logged() as file, logged(form="console") as console:
        emit("actor.crashed", name="worker", error=text)
        emit("supervisor.drained", unfinished=[text, {"why": text}])
        logging.getLogger("asyncpg").error("failed: %s", text)
        try:
            raise RuntimeError(text)
        except RuntimeError:
            logging.getLogger("aiohttp.server").exception("failed")
    assert len(lines(file)) >= 2
    assert CANARY not in file.getvalue().decode() + console.getvalue().decode()
    assert b"****" in console.getvalue()


@pytest.mark.parametrize("form", ["json", "console"])
def test_what_somebody_sent_makes_no_line_and_no_colour_of_its_own(form: str) -> None:
    """N35: no line can be forged, and no terminal be driven, by what stands in a field."""
    forged = '\n{"event":"forged"}\r\n\x1b[2J\x1b]0;title\x07\u2028\x85'
    with logged(form=form) as file:
        emit("request.answered", method=forged, path=forged, status=400)
        logging.getLogger("aiohttp.server").warning("odd: %s", forged)
    text = file.getvalue()
    assert text.count(b"\n") == 2 and b"\r" not in text
    assert b"\x1b" not in text and b"\x07" not in text
    assert not any(line.startswith(b'{"event":"forged"') for line in text.splitlines())


def test_words_that_are_no_secret_stay() -> None:
    text = "https://clinicaltrials.gov/api/v2/studies?pageToken=abc: the page token died at 10:30, a@b.org"
    assert without_secrets("no: https://a.org:443/x@y, 3 tokens") == "no: https://a.org:443/x@y, 3 tokens"
    assert "clinicaltrials.gov/api/v2/studies" in str(without_secrets(text))


def test_a_line_that_cannot_be_written_stops_nothing() -> None:
    file = io.BytesIO()
    end = logs.set_up(form="json", level="info", file=file, is_terminal=False)
    file.close()
    emit("page.written", new=1)
    end()


def test_values_that_json_does_not_know_are_written_as_text() -> None:
    with logged() as file:
        emit("actor.crashed", name="worker", error=KeyError("x"), ids={1})
    [line] = lines(file)
    assert (line["error"], line["ids"], line["event"]) == ("'x'", "{1}", "actor.crashed")
