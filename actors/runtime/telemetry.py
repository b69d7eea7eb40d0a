"""What happened, told once: `emit("job.settled", …)` to every sink that is attached. No I/O of its own.

Names are noun and past verb. Only fields of the allow-list pass, so that no patient text, token or prompt can slip
into a log line by accident; the names of dropped fields are told in `dropped`.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar

Sink = Callable[[str, Mapping[str, object]], None]

FIELDS = frozenset({
    "actor", "after_s", "age_s", "alert", "attempt", "bytes", "changed", "claimed", "code", "copies", "copy",
    "count", "database", "depth", "delay_s", "done", "due_at", "error", "event", "failed", "fence", "finished",
    "from_state", "grace_s", "host", "id", "ids", "job", "kind", "lag_s", "limit", "listen", "lost", "method",
    "metric", "mode", "name", "new", "number", "page", "path", "pending", "percent", "pid", "port", "process",
    "queue", "rate", "reason", "record", "records", "refused", "removed", "registry", "request_id", "restarts",
    "retry_after_s", "role", "rows", "running", "schedule", "scrape", "seen", "severity", "size_bytes", "since",
    "state", "status", "stopped", "strategy", "took_s", "total", "trace_id", "unchanged", "unfinished", "url",
    "value", "version", "waited_s", "wanted", "worker", "workers",
})  # fmt: skip

trace_id: ContextVar[str] = ContextVar("trace_id", default="")
running: ContextVar[tuple[int, int] | None] = ContextVar("running", default=None)  # job and fence of the attempt

_sinks: list[Sink] = []


def attach(sink: Sink) -> Callable[[], None]:
    """Tells `sink` of everything from now on; the answer detaches it again."""
    _sinks.append(sink)
    return lambda: _sinks.remove(sink)


def emit(event: str, **fields: object) -> None:
    """Tells every sink. The current trace id goes along unless one is given."""
    known = {name: value for name, value in fields.items() if name in FIELDS}
    if len(known) != len(fields):
        known["dropped"] = sorted(fields.keys() - FIELDS)
    if "trace_id" not in known and (trace := trace_id.get()):
        known["trace_id"] = trace
    for sink in _sinks:
        sink(event, known)
