"""The metrics: counters of what telemetry tells, gauges of what the monitor measures; docs/metrics.md lists them.

`sink` is one of telemetry, `tell` takes the monitor's measures, `exposition()` is what /metrics answers.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
disable_created_metrics()  # type: ignore[no-untyped-call]  # a time beside every counter, which nothing here reads

STALE_S = 60.0  # a gauge that nobody has set for so long is left out: what it measured is gone
SOURCE_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)

# Name -> its labels and what it says.
GAUGES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "triald_job_queue_depth": (("queue", "state"), "Jobs of a queue by state, those that ended left out."),
    "triald_job_oldest_age_seconds": (("queue",), "How long the oldest ready job of a queue has waited."),
    "triald_workers": (("state",), "Workers that run, and that the autoscaler wants."),
    "triald_jobs_per_second": (("queue",), "Jobs of a queue that end each second, over all processes."),
    "triald_loop_lag_seconds": (("process",), "Delay of the event loop of a process."),
    "triald_pool_connections": (("state",), "Database connections of this process: idle and used."),
    "triald_database_size_bytes": ((), "Size of the database."),
    "triald_table_size_bytes": (("table",), "Size of a table with its indexes."),
    "triald_disk_free_percent": ((), "Free space on the disk of the data directory."),
    "triald_api_rate_limit_usage": (("registry",), "Use of a registry's rate, in percent."),
    "triald_job_failure_rate": ((), "Jobs of the last hour that died, in percent of those that ended."),
    "triald_scraping_speed": (("registry",), "Records a second of the scrape that runs."),
    "triald_scrape_eta_seconds": (("registry",), "Time that the scrape which runs still needs."),
    "triald_registry_failures": (("registry",), "1 while the latest scrape of a registry failed, else 0."),
    "triald_actor_failures": (("actor",), "Crashes and hangs of an actor within ten minutes, over all processes."),
    "triald_process_silent_seconds": (("process",), "Time since a process said that it is alive."),
    "triald_jobs_rescued_recently": (
        (),
        "Jobs taken back from dead processes or past deadlines in the last 10 minutes.",
    ),
    "triald_flagged_trials": (("flag",), "Trials that bear a flag."),
    "triald_registry_age_seconds": (("registry",), "Time since a scrape of a registry last ended well."),
    "triald_duplicate_trials": ((), "Records beyond the first of trials that are registered more than once."),
    "triald_stale_trials": ((), "Active trials not updated at their source for more than 30 days."),
    "triald_listen_queue_usage": ((), "Use of PostgreSQL's queue of notifications, from 0 to 1."),
}


@dataclass(frozen=True, slots=True)
class Measure:
    """How a measure of the monitor becomes a gauge: its subject is the value of `label`, where there is one."""

    gauge: str
    label: str | None = None
    fixed: tuple[tuple[str, str], ...] = ()
    convert: Callable[[float], float] = float


MEASURES: Mapping[str, Measure] = {
    "job_queue_depth": Measure("triald_job_queue_depth", "queue", (("state", "ready"),)),
    "jobs_running": Measure("triald_job_queue_depth", "queue", (("state", "running"),)),
    "jobs_scheduled": Measure("triald_job_queue_depth", "queue", (("state", "scheduled"),)),
    "jobs_blocked": Measure("triald_job_queue_depth", "queue", (("state", "blocked"),)),
    "jobs_held": Measure("triald_job_queue_depth", "queue", (("state", "held"),)),
    "jobs_dead": Measure("triald_job_queue_depth", "queue", (("state", "dead"),)),
    "job_oldest_age_s": Measure("triald_job_oldest_age_seconds", "queue"),
    "silent_s": Measure("triald_process_silent_seconds", "process"),
    "loop_lag_s": Measure("triald_loop_lag_seconds", "process"),
    "scrape_eta_hours": Measure("triald_scrape_eta_seconds", "registry", convert=lambda hours: hours * 3600),
    "scraping_speed": Measure("triald_scraping_speed", "registry"),
    "registry_failures": Measure("triald_registry_failures", "registry"),
    "database_size_bytes": Measure("triald_database_size_bytes"),
    "table_size_bytes": Measure("triald_table_size_bytes", "table"),
    "disk_used_percent": Measure("triald_disk_free_percent", convert=lambda used: 100.0 - used),
    "listen_queue_percent": Measure("triald_listen_queue_usage", convert=lambda percent: percent / 100),
    "flagged_trials": Measure("triald_flagged_trials", "flag"),
    "registry_age_days": Measure("triald_registry_age_seconds", "registry", convert=lambda days: days * 86_400),
    "duplicate_trials": Measure("triald_duplicate_trials"),
    "stale_trials": Measure("triald_stale_trials"),
    "jobs_rescued": Measure("triald_jobs_rescued_recently"),
    "job_failure_rate": Measure("triald_job_failure_rate"),
    "workers": Measure("triald_workers", "state"),
    "pool_connections": Measure("triald_pool_connections", "state"),
    "jobs_per_s": Measure("triald_jobs_per_second", "queue"),
    "api_rate_limit_usage": Measure("triald_api_rate_limit_usage", "registry"),
    "actor_failures": Measure("triald_actor_failures", "actor"),
}


@dataclass(frozen=True, slots=True)
class Alias:
    """The name and unit that operators of other systems know a gauge by."""

    of: str
    says: str
    labels: tuple[str, ...] = ()
    only: tuple[tuple[str, str], ...] = ()
    divide_by: float = 1.0


ALIASES: Mapping[str, Alias] = {
    "job_queue_depth": Alias("triald_job_queue_depth", "Ready jobs of a queue.", ("queue",), (("state", "ready"),)),
    "job_failure_rate": Alias("triald_job_failure_rate", "Jobs of the last hour that died, in percent."),
    "scraping_speed": Alias("triald_scraping_speed", "Records a second of the scrape that runs.", ("registry",)),
    "duplicate_trials": Alias("triald_duplicate_trials", "Records beyond the first of each trial."),
    "database_size_gb": Alias("triald_database_size_bytes", "Size of the database in GB (10^9 bytes).", divide_by=1e9),
    "table_size_mb": Alias("triald_table_size_bytes", "Size of a table in MB (10^6 bytes).", ("table",), divide_by=1e6),
    "api_rate_limit_usage": Alias("triald_api_rate_limit_usage", "Use of a registry's rate in percent.", ("registry",)),
}

Labels = tuple[tuple[str, str], ...]


class _Gauges(Collector):
    """What was measured last, while it is fresh."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._values: dict[tuple[str, Labels], tuple[float, float]] = {}

    def set(self, name: str, labels: Mapping[str, str], value: float) -> None:
        names, _ = GAUGES[name]
        if set(labels) != set(names):
            raise ValueError(f"{name} has the labels {names}, not {tuple(labels)}")
        self._values[name, tuple((label, labels[label]) for label in names)] = (value, self._clock())

    def describe(self) -> Iterator[Metric]:
        yield from (GaugeMetricFamily(name, says, labels=labels) for name, (labels, says) in GAUGES.items())
        yield from (GaugeMetricFamily(name, one.says, labels=one.labels) for name, one in ALIASES.items())

    def collect(self) -> Iterator[Metric]:
        fresh_since = self._clock() - STALE_S
        fresh = {key: value for key, (value, told_at) in list(self._values.items()) if told_at >= fresh_since}
        self._values = {key: kept for key, kept in list(self._values.items()) if key in fresh}
        for name, (names, says) in GAUGES.items():
            family = GaugeMetricFamily(name, says, labels=names)
            for (of, labels), value in fresh.items():
                if of == name:
                    family.add_metric([value for _, value in labels], value)
            yield family
        for name, alias in ALIASES.items():
            yield _alias(name, alias, fresh)


def _alias(name: str, alias: Alias, fresh: Mapping[tuple[str, Labels], float]) -> Metric:
    family = GaugeMetricFamily(name, alias.says, labels=alias.labels)
    for (of, labels), value in fresh.items():
        if of == alias.of and set(alias.only) <= set(labels):
            kept = dict(labels)
            family.add_metric([kept[label] for label in alias.labels], value / alias.divide_by)
    return family


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
        self._gauges = _Gauges(clock)
        self._run_seconds = _RunSeconds()
        self.registry.register(self._gauges)
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
            "triald_webhook_attempts", "Attempts at sending a notice, by how they ended.", "state"
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
            case "jobs.settled":
                self._jobs_settled(fields)
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
            case "trials.merged" | "trials.unmerged":
                self._clusters.labels(event.partition(".")[2]).inc(_number(fields, "number"))
            case "trials.compared":
                self._compared.labels(_word(fields, "mode")).inc(_number(fields, "records"))
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
