"""For each alert a world in which it fires and one in which it does not, as series over time. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass

MINUTES = 90  # that the world is bad, and then well again
P = 'job="triald", instance="a:1"'
ROUTE = 'method="GET", path="/api/v1/trials"'


@dataclass(frozen=True, slots=True)
class Gauge:
    """What a gauge says while the world is bad and when it is well; None is nothing at all."""

    series: str
    bad: float | None
    well: float | None

    def values(self) -> str:
        return f"{_held(self.bad)} {_held(self.well)}"


@dataclass(frozen=True, slots=True)
class Counter:
    """How much is counted each minute while the world is bad, and when it is well."""

    series: str
    bad: int
    well: int

    def values(self) -> str:
        reached = self.bad * MINUTES
        return f"0+{self.bad}x{MINUTES - 1} {reached}+{self.well}x{MINUTES}"


def _held(value: float | None) -> str:
    return f"_x{MINUTES}" if value is None else f"{value:g}x{MINUTES - 1}"


def _gauge(name: str, labels: str, bad: float, well: float) -> tuple[Gauge]:
    return (Gauge(f"{name}{{{', '.join(filter(None, (labels, P)))}}}", bad, well),)


def _answers(bad: int) -> tuple[Counter, ...]:
    """Of a hundred requests a minute so many fail while the world is bad, and none when it is well."""
    return (
        Counter(f'triald_http_requests_total{{{ROUTE}, status="503", {P}}}', bad, 0),
        Counter(f'triald_http_requests_total{{{ROUTE}, status="200", {P}}}', 100 - bad, 100),
        Counter(f'triald_http_requests_total{{method="GET", path="/ready", status="503", {P}}}', 900, 900),
    )


def _times(slow: int, edge: str) -> tuple[Counter, ...]:
    """Of a hundred requests a minute so many take up to `edge` seconds, the others no time."""
    le = f"triald_http_request_seconds_bucket{{{ROUTE}, {P}, le="
    edges = ["0.1", "0.5", "1.0", "2.5", "5.0", "+Inf"]
    return tuple(
        Counter(f'{le}"{one}"}}', 100 if edges.index(one) >= edges.index(edge) else 100 - slow, 100) for one in edges
    )


def _pool(used: float) -> tuple[Gauge, ...]:
    return (
        Gauge(f'triald_pool_connections{{pool="all", state="used", {P}}}', used, 3),
        Gauge(f'triald_pool_connections{{pool="all", state="idle", {P}}}', 0, 5),
        Gauge(f'triald_pool_most{{pool="all", {P}}}', 20, 20),
    )


READY = 'queue="default", state="ready"'
DAY_S = 86_400.0

CONDITIONS: Mapping[str, tuple[Gauge | Counter, ...]] = {
    "TrialdDown": _gauge("up", "", 0, 1),
    "TrialdAbsent": (Gauge(f'triald_info{{version="1", {P}}}', None, 1),),
    "TrialdProcessSilent": _gauge("triald_process_silent_seconds", 'process="h/1"', 301, 300),
    "TrialdLoopLagging": _gauge("triald_loop_lag_seconds", 'process="h/1"', 1.01, 1),
    "TrialdActorFailing": _gauge("triald_actor_failures", 'actor="worker"', 3, 2),
    "TrialdMemoryHigh": (
        Gauge(f"process_resident_memory_bytes{{{P}}}", 901, 900),
        Gauge(f"triald_memory_limit_bytes{{{P}}}", 1000, 1000),
    ),
    "TrialdCpuHigh": (Counter(f"process_cpu_seconds_total{{{P}}}", 57, 30),),
    "TrialdErrors": _answers(6),
    "TrialdManyErrors": _answers(11),
    "TrialdSlow": _times(10, "1.0"),
    "TrialdVerySlow": _times(10, "2.5"),
    "TrialdSlowest": _times(3, "5.0"),
    "TrialdStandby": _gauge("triald_mode", 'mode="STANDBY"', 1, 0),
    "TrialdAuditUnsealed": _gauge("triald_audit_unsealed_seconds", "", 301, 300),
    "TrialdAlertsUntold": (Counter(f'triald_alert_sends_total{{way="mail", state="failed", {P}}}', 1, 0),),
    "TrialdWebhookOff": (Counter(f"triald_webhooks_switched_off_total{{{P}}}", 1, 0),),
    "TrialdDatabaseDown": _gauge("triald_database_up", "", 0, 1),
    "TrialdPoolExhausted": _pool(19),
    "TrialdPoolWaiting": _gauge("triald_pool_waiting", 'pool="all"', 6, 5),
    "TrialdSlowStatements": (Counter(f'triald_slow_statements_total{{statement="jobs.claim", {P}}}', 1, 0),),
    "TrialdDiskFilling": _gauge("triald_disk_free_percent", "", 14.9, 15),
    "TrialdDiskFull": _gauge("triald_disk_free_percent", "", 4.9, 5),
    "TrialdNotifyBacklog": _gauge("triald_listen_queue_usage", "", 0.51, 0.5),
    "TrialdBackupStale": _gauge("triald_backup_age_seconds", "", 1.6 * DAY_S, 1.5 * DAY_S),
    "TrialdJobsWaiting": _gauge("triald_job_queue_depth", READY, 101, 100),
    "TrialdQueueDeep": _gauge("triald_job_queue_depth", READY, 10_001, 10_000),
    "TrialdQueueOld": _gauge("triald_job_oldest_age_seconds", 'queue="default"', 901, 900),
    "TrialdJobsFailing": _gauge("triald_job_failure_rate", "", 10.1, 10),
    "TrialdJobsRescued": _gauge("triald_jobs_rescued_recently", "", 1, 0),
    "TrialdApprovalsWaiting": _gauge("triald_approvals_waiting", "", 101, 100),
    "TrialdManyApprovalsWaiting": _gauge("triald_approvals_waiting", "", 501, 500),
    "TrialdBreakerOpen": _gauge("triald_breaker_open", 'breaker="ctgov"', 1, 0),
    "TrialdRegistryUnavailable": _gauge("triald_registry_failures", 'registry="ctgov"', 1, 0),
    "TrialdRegistryRate": _gauge("triald_api_rate_limit_usage", 'registry="ctgov"', 91, 90),
    "TrialdScrapeSlow": _gauge("triald_scrape_eta_seconds", 'registry="ctgov"', 86_401, 86_400),
    "TrialdMirrorStale": _gauge("triald_registry_age_seconds", 'registry="ctgov"', 31 * DAY_S, 30 * DAY_S),
    "TrialdTrialsStale": _gauge("triald_stale_trials", "", 101, 100),
}  # fmt: skip
