"""Which span of which trace an event of telemetry is. No I/O.

The trace id of a request's log lines says it all, so a job that runs an hour later, in another process, joins the
trace of the request that asked for it by the text in its row:

    7f3a…                                   a request: trace and root span are made of this text
    7f3a…/0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                                            where a traceparent (W3C Trace Context) came along: trace, parent, flags

    request (server) ─┬─ job (consumer) ── source (client)
                      └─ statement that took long
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal

TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?:-.*)?"
)
JOINED = re.compile(r".*/(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})", re.S)
SAMPLED = 1
PROBES = ("/live", "/ready", "/health", "/metrics")  # asked all day, and part of nothing
LONGEST_TRACEPARENT = 200

Kind = Literal["server", "consumer", "client", "internal"]
Running = tuple[int, int]  # job and fence
Attributes = Mapping[str, str | int | float]


@dataclass(frozen=True, slots=True)
class Place:
    """The trace that a text stands for, its root span here, and the span of somebody else that this is below."""

    trace_id: int
    root_id: int
    parent_id: int | None = None
    sampled: bool | None = None  # as who began the trace decided; None: it begins here


@dataclass(frozen=True, slots=True)
class Span:
    name: str
    kind: Kind
    place: Place
    span_id: int
    parent_id: int | None
    took_s: float
    failed: bool = False
    attributes: Attributes = field(default_factory=dict)


def joined(request_id: str, traceparent: str | None) -> str:
    """The trace id of a request's log lines: its own id, and the trace that it came with."""
    if traceparent is None or len(traceparent) > LONGEST_TRACEPARENT:
        return request_id
    match = TRACEPARENT.fullmatch(traceparent)
    if match is None or not int(match["trace"], 16) or not int(match["parent"], 16):
        return request_id
    return f"{request_id}/{match['trace']}-{match['parent']}-{match['flags']}"


def place_of(text: str) -> Place:
    made = sha256(text.encode("utf-8", "replace")).digest()
    root_id = int.from_bytes(made[16:24]) or 1
    if match := JOINED.fullmatch(text):
        sampled = bool(int(match["flags"], 16) & SAMPLED)
        return Place(int(match["trace"], 16), root_id, int(match["parent"], 16), sampled)
    return Place(int.from_bytes(made[:16]) or 1, root_id)


def is_kept(place: Place, percent: float) -> bool:
    """Whether its trace is told: as who began it decided, else so many of a hundred, the same in every process."""
    if place.sampled is not None:
        return place.sampled
    return (place.trace_id & (2**64 - 1)) < percent / 100 * 2**64


def job_span_id(place: Place, running: Running) -> int:
    """Of one attempt."""
    made = sha256(f"{place.trace_id:032x} {running[0]} {running[1]}".encode()).digest()
    return int.from_bytes(made[:8]) or 1


def span_of(
    event: str, fields: Mapping[str, object], *, running: Running | None, fresh_id: Callable[[], int]
) -> Span | None:
    """The span that an event ends, if it ends one; `running` is the attempt that it was told in."""
    text = fields.get("trace_id")
    if not isinstance(text, str) or not text or event not in _SPANS:
        return None
    place = place_of(text)
    return _SPANS[event](fields, place, running, fresh_id)


def _request(fields: Mapping[str, object], place: Place, _: Running | None, __: Callable[[], int]) -> Span | None:
    if str(fields.get("path")).startswith(PROBES):
        return None
    method, route, status = str(fields.get("method")), str(fields.get("path")), _whole(fields.get("status"))
    told: Attributes = {
        "http.request.method": method, "http.route": route, "http.response.status_code": status,
        "triald.request_id": str(fields["trace_id"]).partition("/")[0],
    }  # fmt: skip
    return Span(
        f"{method} {route}", "server", place, place.root_id, place.parent_id, _seconds(fields), status >= 500, told
    )


def _job(fields: Mapping[str, object], place: Place, _: Running | None, __: Callable[[], int]) -> Span:
    kind, state = str(fields.get("kind")), str(fields.get("state"))
    job, fence = _whole(fields.get("job")), _whole(fields.get("fence"))
    told: Attributes = {
        "triald.job.id": job, "triald.job.kind": kind, "triald.job.state": state,
        "triald.job.attempt": _whole(fields.get("attempt")),
    }  # fmt: skip
    failed = state in ("retry", "dead")
    return Span(
        kind, "consumer", place, job_span_id(place, (job, fence)), place.root_id, _seconds(fields), failed, told
    )


def _source(fields: Mapping[str, object], place: Place, running: Running | None, fresh_id: Callable[[], int]) -> Span:
    method, host, status = str(fields.get("method")), str(fields.get("host")), _whole(fields.get("status"))
    told: Attributes = {
        "http.request.method": method, "server.address": host, "url.path": str(fields.get("path")),
        "http.response.status_code": status,
    }  # fmt: skip
    return Span(
        f"{method} {host}", "client", place, fresh_id(), _above(place, running), _seconds(fields), status >= 400, told
    )


def _statement(
    fields: Mapping[str, object], place: Place, running: Running | None, fresh_id: Callable[[], int]
) -> Span:
    name = str(fields.get("name"))
    told: Attributes = {"db.system.name": "postgresql", "db.query.summary": name}
    failed = fields.get("state") != "done"
    return Span(name, "client", place, fresh_id(), _above(place, running), _seconds(fields), failed, told)


def _firing(fields: Mapping[str, object], place: Place, _: Running | None, __: Callable[[], int]) -> Span:
    """What a schedule's job is below."""
    name = str(fields.get("schedule"))
    return Span(f"schedule {name}", "internal", place, place.root_id, None, 0.0, attributes={"triald.schedule": name})


_SPANS: Mapping[str, Callable[..., Span | None]] = {
    "request.answered": _request,
    "job.settled": _job,
    "source.answered": _source,
    "statement.took_long": _statement,
    "schedule.fired": _firing,
}


def _above(place: Place, running: Running | None) -> int:
    return place.root_id if running is None else job_span_id(place, running)


def _seconds(fields: Mapping[str, object]) -> float:
    took_s = fields.get("took_s")
    return max(0.0, float(took_s)) if isinstance(took_s, int | float) else 0.0


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
