"""Requests by route and status, and how long they took: counted in plain lists, a microsecond each. No I/O."""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "(none)"})
OTHER = "other"  # a method is whatever a client writes
REQUESTS, SECONDS = "triald_http_requests", "triald_http_request_seconds"
# The names that ResearchFlow's operators know: by method and status alone, so that they cost little.
KNOWN_REQUESTS = "researchflow_orchestrator_http_requests"
KNOWN_SECONDS = "researchflow_orchestrator_http_request_duration_seconds"

_EDGES = (*map(floatToGoString, BUCKETS_S), "+Inf")


class _Times:
    """How many took up to each edge, and how long all took together."""

    __slots__ = ("counts", "total_s")

    def __init__(self) -> None:
        self.counts = [0] * len(_EDGES)
        self.total_s = 0.0

    def add(self, other: "_Times") -> None:
        self.counts = [mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)]
        self.total_s += other.total_s

    def buckets(self) -> list[tuple[str, float]]:
        told, sum_ = [], 0
        for edge, count in zip(_EDGES, self.counts, strict=True):
            sum_ += count
            told.append((edge, float(sum_)))
        return told


class HttpRequests(Collector):
    """Paths are templates of routes, never what a client wrote."""

    def __init__(self) -> None:
        self._requests: dict[tuple[str, str, int], int] = {}
        self._times: dict[tuple[str, str], _Times] = {}

    def count(self, method: str, path: str, status: int, took_s: float | None) -> None:
        """`took_s` is None for what lasts as long as somebody listens."""
        if method not in METHODS:
            method = OTHER
        key = (method, path, status)
        self._requests[key] = self._requests.get(key, 0) + 1
        if took_s is not None:
            times = self._times.get((method, path))
            if times is None:
                times = self._times[method, path] = _Times()
            times.counts[bisect_left(BUCKETS_S, took_s)] += 1
            times.total_s += took_s

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            REQUESTS, "Requests that were answered, by route and status.", labels=["method", "path", "status"]
        )
        known: dict[tuple[str, int], int] = {}
        for (method, path, status), number in list(self._requests.items()):
            requests.add_metric([method, path, str(status)], number)
            known[method, status] = known.get((method, status), 0) + number
        yield requests
        yield from self._seconds()
        family = CounterMetricFamily(KNOWN_REQUESTS, "Requests that were answered.", labels=["method", "status"])
        for (method, status), number in known.items():
            family.add_metric([method, str(status)], number)
        yield family

    def _seconds(self) -> Iterator[Metric]:
        family: Any = HistogramMetricFamily(
            SECONDS, "Time until requests were answered, by route.", labels=["method", "path"]
        )
        known: dict[str, _Times] = {}
        for (method, path), times in list(self._times.items()):
            family.add_metric([method, path], times.buckets(), times.total_s)
            known.setdefault(method, _Times()).add(times)
        yield family
        family = HistogramMetricFamily(KNOWN_SECONDS, "Time until requests were answered.", labels=["method"])
        for method, times in known.items():
            family.add_metric([method], times.buckets(), times.total_s)
        yield family
