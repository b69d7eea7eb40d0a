"""Gauges: their names, what each says, which measure of the monitor becomes which, and what other systems call them.

`Gauges` holds what was measured last; `Live` asks for what can be had at no cost when somebody looks.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

STALE_S = 60.0  # a gauge that nobody has set for so long is left out: what it measured is gone

# Name -> its labels and what it says.
GAUGES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "triald_job_queue_depth": (("queue", "state"), "Jobs of a queue by state, those that ended left out."),
    "triald_job_oldest_age_seconds": (("queue",), "How long the oldest ready job of a queue has waited."),
    "triald_worker_load": ((), "Jobs that wait for workers or run at them: what to scale worker processes by."),
    "triald_workers": (("state",), "Workers that run, and that the autoscaler wants."),
    "triald_jobs_per_second": (("queue",), "Jobs of a queue that end each second, over all processes."),
    "triald_loop_lag_seconds": (("process",), "Delay of the event loop of a process."),
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
    "triald_breaker_open": (("breaker",), "1 while nobody calls what asked for a pause or keeps failing, else 0."),
    "triald_approvals_waiting": ((), "Approvals that wait for somebody's decision."),
    "triald_audit_unsealed": ((), "Entries of the audit that have no place in its chain yet."),
    "triald_audit_unsealed_seconds": ((), "How long the oldest of them has waited."),
    "triald_files": ((), "Files that are stored in projects."),
    "triald_files_bytes": ((), "Bytes of the files that are stored in projects."),
    "triald_mode": (("mode",), "1 for the mode that this process obeys, 0 for the others."),
    "triald_backup_age_seconds": ((), "Time since the last good backup."),
}

# What can be read at no cost whenever somebody asks.
LIVE: Mapping[str, tuple[tuple[str, ...], str]] = {
    "triald_info": (("version",), "1, with the version of this process."),
    "triald_database_up": ((), "1 while the database answers this process, else 0."),
    "triald_pool_connections": (("pool", "state"), "Database connections of this process: idle and used."),
    "triald_pool_waiting": (("pool",), "Callers who wait for a database connection."),
    "triald_pool_most": (("pool",), "Database connections that a pool may open."),
    "triald_http_connections": ((), "Connections of clients that are open."),
    "triald_watchers": ((), "Connections of those who watch what happens."),
    "triald_memory_limit_bytes": ((), "Memory that this process may use, before the system ends it."),
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
    "worker_load": Measure("triald_worker_load"),
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
    "jobs_per_s": Measure("triald_jobs_per_second", "queue"),
    "api_rate_limit_usage": Measure("triald_api_rate_limit_usage", "registry"),
    "actor_failures": Measure("triald_actor_failures", "actor"),
    "breaker_open": Measure("triald_breaker_open", "breaker"),
    "approvals_waiting": Measure("triald_approvals_waiting"),
    "audit_unsealed": Measure("triald_audit_unsealed"),
    "audit_unsealed_s": Measure("triald_audit_unsealed_seconds"),
    "files": Measure("triald_files"),
    "files_bytes": Measure("triald_files_bytes"),
    "mode": Measure("triald_mode", "mode"),
    "backup_age_s": Measure("triald_backup_age_seconds"),
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

# The same, of what is live.
LIVE_ALIASES: Mapping[str, str] = {"researchflow_orchestrator_active_connections": "triald_http_connections"}

Read = Callable[[], Mapping[tuple[str, ...], float]]  # the values of labels, in their order -> what is read

Labels = tuple[tuple[str, str], ...]


class Gauges(Collector):
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


class Live(Collector):
    """Who knows is asked when somebody looks."""

    def __init__(self) -> None:
        self._reads: list[tuple[str, Read]] = []

    def watch(self, name: str, read: Read) -> Callable[[], None]:
        """`read` is asked for a gauge of LIVE from now on; the answer ends that."""
        if name not in LIVE:
            raise KeyError(name)
        entry = (name, read)
        self._reads.append(entry)
        return lambda: self._reads.remove(entry)

    def collect(self) -> Iterator[Metric]:
        for name, (labels, says) in LIVE.items():
            yield self._family(name, name, labels, says)
        for alias, of in LIVE_ALIASES.items():
            labels, says = LIVE[of]
            yield self._family(alias, of, labels, says)

    def _family(self, name: str, of: str, labels: tuple[str, ...], says: str) -> Metric:
        family = GaugeMetricFamily(name, says, labels=labels)
        for watched, read in list(self._reads):
            if watched == of:
                for values, value in read().items():
                    family.add_metric(values, value)
        return family
