"""The metrics: counters of what telemetry tells, gauges of what the monitor measures; docs/metrics.md lists them.

`sink` is one of telemetry, `tell` takes the monitor's measures, `exposition()` is what /metrics answers.
"""

import time
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from supervisor.gauges import MEASURES, Gauges, Live, Read
from supervisor.http_metrics import HttpRequests

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
disable_created_metrics()  # type: ignore[no-untyped-call]  # a time beside every counter, which nothing here reads

LASTING = "lasting"  # the kind of a request that ends when somebody stops listening: a WebSocket, a stream of events
SOURCE_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


class _RunSeconds(Collector):
    """Number and total time of runs by kind: they are told in batches, so there are no single times to observe."""

    def __init__(self) -> None:
        self._runs: dict[str, tuple[int, float]] = {}

    def add(self, kind: str, number: int, took_s: float) -> None:
        runs, total_s = self._runs.get(kind, (0, 0.0))
        self._runs[kind] = (runs + number, total_s + took_s)

    def collect(self) -> Iterator[Metric]:
        family = SummaryMetricFamily("triald_job_run_seconds", "Time that jobs ran, by kind.", labels=["kind"])
        for kind, (runs, total_s) in list(self._runs.items()):
            family.add_metric([kind], count_value=runs, sum_value=total_s)
        yield family


class Metrics:
    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.registry = CollectorRegistry()
        self._gauges = Gauges(clock)
        self._run_seconds = _RunSeconds()
        self._live = Live()
        self._http = HttpRequests()
        self.registry.register(self._gauges)
        self.registry.register(self._live)
        self.registry.register(self._http)
        self.registry.register(self._run_seconds)
        ProcessCollector(registry=self.registry)
        self._settled = self._counter("triald_jobs_settled", "Jobs that ended or were put off.", "kind", "state")
        self._late = self._counter("triald_late_results_refused", "Results of jobs that somebody else held by then.")
        self._rescued = self._counter("triald_jobs_rescued", "Jobs taken back, by what was over.", "reason")
        self._crashes = self._counter("triald_actor_crashes", "Actors that crashed or hung.", "actor")
        self._restarts = self._counter("triald_actor_restarts", "Actors that were started again.", "actor")
        self._answers = self._counter("triald_source_answers", "Answers of registries.", "registry", "status")
        self._failures = self._counter("triald_source_failures", "Questions that got no answer at last.", "registry")
        self._bytes = self._counter("triald_source_bytes", "Bytes that registries sent.", "registry")
        self._records = self._counter("triald_records", "Records by what became of them.", "registry", "verdict")
        self._scrapes = self._counter("triald_scrapes_ended", "Scrapes by how they ended.", "registry", "state")
        self._alerts = self._counter("triald_alerts_opened", "Alerts that opened.", "alert")
        self._clusters = self._counter("triald_clusters", "Clusters of records that were joined or parted.", "event")
        self._compared = self._counter("triald_records_compared", "Records that were compared with others.", "how")
        self._assessed = self._counter("triald_trials_assessed", "Trials that the rules were applied to.", "registry")
        self._coded = self._counter("triald_mesh_coded", "Trials coded with MeSH, codes, texts unmatched.", "what")
        self._learned = self._counter("triald_search_learned", "Trials whose words the search has learnt.")
        self._embedded = self._counter("triald_trials_embedded", "Trials that vectors were made of.")
        self._notices = self._counter("triald_notices", "Notices that were made, by what they tell.", "kind")
        self._sent = self._counter(
            "triald_webhook_attempts", "Attempts at sending an event to a webhook, by how they ended.", "state"
        )
        self._switched_off = self._counter("triald_webhooks_switched_off", "Webhooks that failed for too long.")
        self._told = self._counter("triald_alerts_told", "What people were told of alerts.", "way", "what")
        self._alert_sends = self._counter(
            "triald_alert_sends", "Attempts at telling people by a way, by how they ended.", "way", "state"
        )
        self._files = self._counter("triald_files_stored", "Files that people brought into projects.")
        self._file_bytes = self._counter("triald_files_stored_bytes", "Bytes of files that people brought.")
        self._files_refused = self._counter("triald_files_refused", "Files that were refused, by why.", "reason")
        self._slow = self._counter("triald_slow_statements", "SQL statements that took over a second.", "statement")
        self._frames = self._counter("triald_event_frames", "Frames of events that were told to those who watch.")
        self._replayed = self._counter("triald_events_replayed", "Events told again to those who came back.")
        self._watchers_dropped = self._counter(
            "triald_watchers_dropped", "Connections of those who watch that were ended, by why.", "reason"
        )
        self._source_seconds = Histogram(
            "triald_source_seconds",
            "Time that registries took to answer.",
            ["registry"],
            buckets=SOURCE_BUCKETS_S,
            registry=self.registry,
        )

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        return Counter(name, says, labels, registry=self.registry)

    def sink(self, event: str, fields: Mapping[str, object]) -> None:
        """Counts an event of telemetry."""
        match event:
            case "request.answered":
                took_s = None if fields.get("kind") == LASTING else _number(fields, "took_s")
                self._http.count(_word(fields, "method"), _word(fields, "path"), int(_number(fields, "status")), took_s)
            case "jobs.settled":
                self._jobs_settled(fields)
            case "events.told":
                self._frames.inc(_number(fields, "number"))
                self._replayed.inc(_number(fields, "records"))
            case "watcher.dropped":
                self._watchers_dropped.labels(_word(fields, "reason")).inc()
            case "job.rescued":
                self._rescued.labels(_word(fields, "reason")).inc()
            case "actor.crashed":
                self._crashes.labels(_word(fields, "name")).inc()
            case "actor.restarting":
                self._restarts.labels(_word(fields, "name")).inc()
            case "source.answered":
                registry = _word(fields, "registry")
                self._answers.labels(registry, _word(fields, "status")).inc()
                self._source_seconds.labels(registry).observe(_number(fields, "took_s"))
                self._bytes.labels(registry).inc(_number(fields, "bytes"))
            case "source.failed":
                self._failures.labels(_word(fields, "registry")).inc()
            case "page.written":
                self._count_records(fields, "new", "changed", "unchanged", "refused")
            case "scrape.ended":
                self._scrapes.labels(_word(fields, "registry"), _word(fields, "state")).inc()
                self._count_records(fields, "removed")
            case "mesh.coded":
                for what, name in (("trials", "number"), ("codes", "records"), ("unmatched", "pending")):
                    self._coded.labels(what).inc(_number(fields, name))
            case "search.learned":
                self._learned.inc(_number(fields, "records"))
            case "trials.embedded":
                self._embedded.inc(_number(fields, "number"))
            case "trials.assessed":
                self._assessed.labels(_word(fields, "registry")).inc(_number(fields, "number"))
            case "notices.made":
                self._notices.labels(_word(fields, "kind")).inc(_number(fields, "number"))
            case "webhook.ended":
                self._sent.labels(_word(fields, "state")).inc()
            case "webhook.switched_off":
                self._switched_off.inc()
            case "alert.told":
                self._told.labels(_word(fields, "name"), _word(fields, "kind")).inc()
            case "alert.sent":
                self._alert_sends.labels(_word(fields, "name"), _word(fields, "state")).inc()
            case "trials.merged" | "trials.unmerged":
                self._clusters.labels(event.partition(".")[2]).inc(_number(fields, "number"))
            case "trials.compared":
                self._compared.labels(_word(fields, "mode")).inc(_number(fields, "records"))
            case "file.stored":
                self._files.inc()
                self._file_bytes.inc(_number(fields, "bytes"))
            case "file.refused":
                self._files_refused.labels(_word(fields, "reason")).inc()
            case "statement.took_long":
                self._slow.labels(_word(fields, "name")).inc()
            case "alert.opened":
                self._alerts.labels(_word(fields, "alert")).inc()

    def _jobs_settled(self, fields: Mapping[str, object]) -> None:
        kind, state, number = _word(fields, "kind"), _word(fields, "state"), _number(fields, "number")
        if state == "refused":
            self._late.inc(number)
            return
        self._settled.labels(kind, state).inc(number)
        if state != "handed_back":
            self._run_seconds.add(kind, int(number), _number(fields, "took_s"))

    def _count_records(self, fields: Mapping[str, object], *verdicts: str) -> None:
        for verdict in verdicts:
            if number := _number(fields, verdict):
                self._records.labels(_word(fields, "registry"), verdict).inc(number)

    def measure(self, name: str, value: float, **labels: str) -> None:
        """Sets a gauge of GAUGES, all of whose labels must be given."""
        self._gauges.set(name, labels, float(value))

    def watch(self, name: str, read: Read) -> Callable[[], None]:
        """`read` is asked for a gauge of LIVE whenever somebody looks; the answer ends that."""
        return self._live.watch(name, read)

    def tell(self, name: str, subject: str, value: float) -> None:
        """Takes a measure of the monitor; what has no gauge is left out."""
        if (how := MEASURES.get(name)) is not None:
            labels = dict(how.fixed) | ({how.label: subject} if how.label else {})
            self.measure(how.gauge, how.convert(value), **labels)

    def render(self) -> tuple[bytes, str]:
        """What /metrics answers, and its media type."""
        return self.exposition(), MEDIA_TYPE

    def exposition(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self.registry)


def _word(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    return "" if value is None else str(value)


def _number(fields: Mapping[str, object], name: str) -> float:
    value = fields.get(name)
    return float(value) if isinstance(value, int | float) else 0.0
