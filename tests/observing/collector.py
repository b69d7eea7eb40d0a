"""A collector of traces and of errors on this machine: it takes OTLP and Sentry's envelopes apart."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}


@dataclass(frozen=True, slots=True)
class Seen:
    """A span as it came."""

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    took_s: float
    failed: bool
    told: dict[str, Any]
    resource: dict[str, Any]


@dataclass(slots=True)
class Collector:
    """What has come so far; `status` is answered to whatever comes."""

    url: str = ""
    status: int = 200
    spans: list[Seen] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def otlp_url(self) -> str:
        return f"{self.url}/v1/traces"

    @property
    def sentry_dsn(self) -> str:
        return self.url.replace("http://", "http://key@") + "/7"

    async def has(self, number: int, of: str = "spans") -> None:
        """Waits until so many have come."""
        async with asyncio.timeout(60), self.news:
            await self.news.wait_for(lambda: len(getattr(self, of)) >= number)

    async def take_traces(self, request: web.Request) -> web.Response:
        body = await _body(request)
        asked = ExportTraceServiceRequest.FromString(body)
        seen = [
            _seen(span, group.resource)
            for group in asked.resource_spans
            for scope in group.scope_spans
            for span in scope.spans
        ]
        return await self._keep(body, spans=seen)

    async def take_report(self, request: web.Request) -> web.Response:
        body = await _body(request)
        lines = body.split(b"\n")
        reports = [orjson.loads(lines[n + 1]) for n, line in enumerate(lines) if b'"type":"event"' in line]
        return await self._keep(body, reports=reports)

    async def _keep(self, body: bytes, **found: list[Any]) -> web.Response:
        async with self.news:
            self.raw.append(body)
            for name, new in found.items():
                getattr(self, name).extend(new)
            self.news.notify_all()
        return web.Response(status=self.status)


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    collector = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", collector.take_traces)
    app.router.add_post("/api/7/envelope/", collector.take_report)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    collector.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield collector
    finally:
        await runner.cleanup()


async def _body(request: web.Request) -> bytes:
    """aiohttp undoes gzip where the header says so."""
    body = await request.read()
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


def _seen(span: Any, resource: Any) -> Seen:
    return Seen(
        span.name, KINDS[span.kind], span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(),
        (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9, span.status.code == 2,
        _told(span.attributes), _told(resource.attributes),
    )  # fmt: skip


def _told(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}
