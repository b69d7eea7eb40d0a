"""Traces for OpenTelemetry, told to a collector in OTLP. Off unless a setting names one: then no thread and no cost.

A sink of telemetry: nothing else knows of it. Needs the packages of the extra `telemetry`.
"""

import asyncio
import logging
import random
import threading
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from actors.errors import Refusal
from actors.runtime import telemetry
from supervisor.spans import Span, is_kept, span_of
from supervisor.version import VERSION

EVERY_S = 2.0  # spans are sent together
MOST_WAITING = 4096  # more than these are lost, for memory is worth more
SEND_WITHIN_S = 5.0
END_WITHIN_S = 3.0  # for what is left at the end


@asynccontextmanager
async def tracing(url: str | None, *, percent: float = 100.0, instance: str = "") -> AsyncIterator[None]:
    """While it lasts, what happens is told to the collector at `url`. Raises Refusal without the packages for it."""
    if url is None:
        yield
        return
    told = Traces(url, percent=percent, instance=instance)
    detach = telemetry.attach(told.sink)
    try:
        yield
    finally:
        detach()
        await told.close()


class Traces:
    def __init__(self, url: str, *, percent: float, instance: str) -> None:
        try:
            from opentelemetry import trace
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk import trace as sdk
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as error:
            raise Refusal(
                f"otlp_url: traces need packages that are not installed ({error.name}): install triald with its extra"
                " telemetry, or take the setting away"
            ) from error
        self._trace, self._span = trace, sdk.ReadableSpan
        self._percent = percent
        self._resource = Resource(
            {"service.name": "triald", "service.version": VERSION, "service.instance.id": instance}
        )
        # A collector that is away is told of once a batch, not once an attempt.
        logging.getLogger("opentelemetry").setLevel(logging.ERROR)
        self._processor = BatchSpanProcessor(
            OTLPSpanExporter(endpoint=url, timeout=SEND_WITHIN_S),
            max_queue_size=MOST_WAITING,
            schedule_delay_millis=EVERY_S * 1000,
        )
        self._kinds = {
            "server": trace.SpanKind.SERVER, "consumer": trace.SpanKind.CONSUMER, "client": trace.SpanKind.CLIENT,
            "internal": trace.SpanKind.INTERNAL,
        }  # fmt: skip

    def sink(self, event: str, fields: Mapping[str, object]) -> None:
        span = span_of(event, fields, running=telemetry.running.get(), fresh_id=_fresh_id)
        if span is not None and is_kept(span.place, self._percent):
            self._processor.on_end(self._readable(span, time.time_ns()))

    def _readable(self, span: Span, ended_ns: int) -> Any:
        trace = self._trace
        status = trace.Status(trace.StatusCode.ERROR if span.failed else trace.StatusCode.UNSET)
        return self._span(
            span.name, context=self._context(span, span.span_id),
            parent=None if span.parent_id is None else self._context(span, span.parent_id, ours=False),
            resource=self._resource, attributes=span.attributes, kind=self._kinds[span.kind], status=status,
            start_time=ended_ns - int(span.took_s * 1e9), end_time=ended_ns,
        )  # fmt: skip

    def _context(self, span: Span, span_id: int, *, ours: bool = True) -> Any:
        trace = self._trace
        flags = trace.TraceFlags(trace.TraceFlags.SAMPLED)
        return trace.SpanContext(span.place.trace_id, span_id, is_remote=not ours, trace_flags=flags)

    async def close(self) -> None:
        """Sends what is left; a collector that does not answer is not waited for."""
        thread = threading.Thread(target=self._processor.shutdown, name="traces end", daemon=True)
        thread.start()
        await asyncio.to_thread(thread.join, END_WITHIN_S)


def _fresh_id() -> int:
    return random.getrandbits(64) or 1  # different, not secret
