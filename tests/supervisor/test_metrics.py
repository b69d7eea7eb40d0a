"""The metrics: what is counted, what is measured, and how /metrics tells it."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from actors.runtime import telemetry
from actors.runtime.telemetry import emit
from supervisor.gauges import ALIASES, GAUGES, LIVE, LIVE_ALIASES, MEASURES, STALE_S
from supervisor.metrics import Metrics
from tests.supervisor.clock import Clock

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"


def told(metrics: Metrics, name: str) -> dict[tuple[tuple[str, str], ...], float]:
    """The samples of a metric by their labels, as a reader of the text format sees them."""
    return {
        tuple(sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for sample in family.samples
        if sample.name == name
    }


def fed() -> Metrics:
    """Metrics that have seen one of everything."""
    metrics = Metrics()
    detach = telemetry.attach(metrics.sink)
    emit("jobs.settled", kind="scrape", state="done", number=3, took_s=1.5, queue="scraping")
    emit("jobs.settled", kind="scrape", state="dead", number=1, took_s=0.5, queue="scraping")
    emit("jobs.settled", kind="scrape", state="handed_back", number=2, took_s=9.0, queue="scraping")
    emit("jobs.settled", kind="scrape", state="refused", number=2, took_s=7.0, queue="scraping")
    emit("job.rescued", job=1, reason="worker")
    emit("actor.crashed", name="worker", copy=1, error="ValueError")
    emit("actor.restarting", name="worker", copy=1, after_s=1.0)
    emit("source.answered", registry="ctgov", status=200, took_s=0.3, bytes=1000)
    emit("source.answered", registry="ctgov", status=429, took_s=0.1, bytes=0)
    emit("source.failed", registry="ctgov", reason="gone")
    emit("page.written", registry="ctgov", new=5, changed=4, unchanged=3, refused=2)
    emit("page.written", registry="ctgov", new=1, changed=0, unchanged=0, refused=0)
    emit("scrape.ended", registry="ctgov", state="done", records=15)
    emit("trials.assessed", registry="ctgov", number=7)
    emit("mesh.coded", number=3, records=8, pending=1)
    emit("notices.made", kind="status", number=2)
    emit("search.learned", records=9)
    emit("trials.embedded", number=5)
    emit("trials.merged", number=4)
    emit("trials.compared", mode="alone", records=6)
    emit("webhook.ended", state="delivered", took_s=0.1)
    emit("webhook.switched_off", id=7, reason="it failed for long")
    emit("alert.told", name="mail", kind="opened", number=1)
    emit("alert.told", name="mail", kind="opened", number=1)
    emit("alert.sent", name="pagerduty", state="failed", error="it answered 503")
    emit("file.stored", id=1, bytes=1000)
    emit("file.refused", reason="quota")
    emit("alert.opened", alert="queue_depth", severity="high")
    emit("events.told", number=12, records=5)
    emit("watcher.dropped", name="anna", code=4408, reason="it does not read")
    emit("statement.took_long", name="jobs.claim", took_s=1.5, state="done")
    emit("request.answered", method="GET", path="/api/v1/trials/{id}", status=200, took_s=0.003)
    emit("request.answered", method="GET", path="/api/v1/trials/{id}", status=200, took_s=0.7)
    emit("request.answered", method="BREW", path="(none)", status=405, took_s=0.001)
    emit("request.answered", method="GET", path="/ws/events", status=101, took_s=900.0, kind="lasting")
    detach()
    for name, (labels, _) in LIVE.items():
        metrics.watch(name, lambda labels=labels: {("x",) * len(labels): 3.0})  # type: ignore[misc]
    for name, (labels, _) in GAUGES.items():
        metrics.measure(name, 2.0, **{label: "ready" if label == "state" else "x" for label in labels})
    return metrics


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("triald_jobs_settled_total", {"kind": "scrape", "state": "done"}, 3),
        ("triald_jobs_settled_total", {"kind": "scrape", "state": "dead"}, 1),
        ("triald_jobs_settled_total", {"kind": "scrape", "state": "handed_back"}, 2),
        ("triald_job_run_seconds_count", {"kind": "scrape"}, 4),
        ("triald_job_run_seconds_sum", {"kind": "scrape"}, 2.0),
        ("triald_late_results_refused_total", {}, 2),
        ("triald_jobs_rescued_total", {"reason": "worker"}, 1),
        ("triald_actor_crashes_total", {"actor": "worker"}, 1),
        ("triald_actor_restarts_total", {"actor": "worker"}, 1),
        ("triald_source_answers_total", {"registry": "ctgov", "status": "200"}, 1),
        ("triald_source_answers_total", {"registry": "ctgov", "status": "429"}, 1),
        ("triald_source_failures_total", {"registry": "ctgov"}, 1),
        ("triald_source_bytes_total", {"registry": "ctgov"}, 1000),
        ("triald_source_seconds_count", {"registry": "ctgov"}, 2),
        ("triald_source_seconds_bucket", {"registry": "ctgov", "le": "0.1"}, 1),
        ("triald_source_seconds_bucket", {"registry": "ctgov", "le": "0.5"}, 2),
        ("triald_records_total", {"registry": "ctgov", "verdict": "new"}, 6),
        ("triald_records_total", {"registry": "ctgov", "verdict": "changed"}, 4),
        ("triald_records_total", {"registry": "ctgov", "verdict": "unchanged"}, 3),
        ("triald_records_total", {"registry": "ctgov", "verdict": "refused"}, 2),
        ("triald_scrapes_ended_total", {"registry": "ctgov", "state": "done"}, 1),
        ("triald_trials_assessed_total", {"registry": "ctgov"}, 7),
        ("triald_mesh_coded_total", {"what": "codes"}, 8),
        ("triald_notices_total", {"kind": "status"}, 2),
        ("triald_search_learned_total", {}, 9),
        ("triald_trials_embedded_total", {}, 5),
        ("triald_clusters_total", {"event": "merged"}, 4),
        ("triald_records_compared_total", {"how": "alone"}, 6),
        ("triald_webhook_attempts_total", {"state": "delivered"}, 1),
        ("triald_webhooks_switched_off_total", {}, 1),
        ("triald_alerts_told_total", {"way": "mail", "what": "opened"}, 2),
        ("triald_alert_sends_total", {"way": "pagerduty", "state": "failed"}, 1),
        ("triald_alerts_opened_total", {"alert": "queue_depth"}, 1),
        ("triald_event_frames_total", {}, 12),
        ("triald_events_replayed_total", {}, 5),
        ("triald_watchers_dropped_total", {"reason": "it does not read"}, 1),
        ("triald_slow_statements_total", {"statement": "jobs.claim"}, 1),
        ("triald_http_requests_total", {"method": "GET", "path": "/api/v1/trials/{id}", "status": "200"}, 2),
        ("triald_http_requests_total", {"method": "other", "path": "(none)", "status": "405"}, 1),
        ("triald_http_requests_total", {"method": "GET", "path": "/ws/events", "status": "101"}, 1),
        ("triald_http_request_seconds_count", {"method": "GET", "path": "/api/v1/trials/{id}"}, 2),
        ("triald_http_request_seconds_sum", {"method": "GET", "path": "/api/v1/trials/{id}"}, 0.703),
        ("triald_http_request_seconds_bucket", {"method": "GET", "path": "/api/v1/trials/{id}", "le": "0.5"}, 1),
        ("triald_http_request_seconds_bucket", {"method": "GET", "path": "/api/v1/trials/{id}", "le": "1.0"}, 2),
        ("triald_http_request_seconds_bucket", {"method": "GET", "path": "/api/v1/trials/{id}", "le": "+Inf"}, 2),
        ("researchflow_orchestrator_http_requests_total", {"method": "GET", "status": "200"}, 2),
        ("researchflow_orchestrator_http_request_duration_seconds_count", {"method": "GET"}, 2),
        ("researchflow_orchestrator_active_connections", {}, 3),
        ("triald_pool_connections", {"pool": "x", "state": "x"}, 3),
    ],
)
def test_events_are_counted_by_their_labels(name: str, labels: dict[str, str], value: float) -> None:
    assert told(fed(), name)[tuple(sorted(labels.items()))] == value


def test_what_lasts_as_long_as_somebody_listens_counts_as_a_request_and_not_as_a_slow_one() -> None:
    """S19: or the 99th percentile would be that of who watches the dashboard."""
    assert {dict(labels)["path"] for labels in told(fed(), "triald_http_request_seconds_count")} == {
        "/api/v1/trials/{id}", "(none)",
    }  # fmt: skip


def test_a_gauge_that_is_read_when_somebody_looks_is_gone_with_what_it_is_of() -> None:
    metrics = Metrics()
    open_now: dict[tuple[str, ...], float] = {(): 2.0}
    forget = metrics.watch("triald_http_connections", lambda: open_now)
    assert told(metrics, "triald_http_connections") == {(): 2.0}
    open_now[()] = 5.0
    assert told(metrics, "triald_http_connections") == {(): 5.0}
    forget()
    assert told(metrics, "triald_http_connections") == {}
    with pytest.raises(KeyError):
        metrics.watch("triald_unknown", dict)


def test_a_process_that_has_seen_nothing_tells_no_invented_numbers() -> None:
    """What has no labels is counted from nought; all else is not there before it is known."""
    told = [
        sample
        for family in text_string_to_metric_families(Metrics().exposition().decode())
        for sample in family.samples
        if not sample.name.startswith("process_")
    ]
    assert {(one.value, bool(one.labels)) for one in told} == {(0.0, False)}
    assert all(one.name.endswith("_total") for one in told)


@pytest.mark.parametrize("name", MEASURES)
def test_each_measure_of_the_monitor_becomes_a_gauge(name: str) -> None:
    """G13: what the monitor measures is on /metrics."""
    metrics, how = Metrics(), MEASURES[name]
    metrics.tell(name, "subject", 30.0)
    [(labels, value)] = told(metrics, how.gauge).items()
    assert value == how.convert(30.0)
    assert dict(labels) == dict(how.fixed) | ({how.label: "subject"} if how.label else {})


def test_the_units_of_the_gauges_are_those_of_their_names() -> None:
    metrics = Metrics()
    metrics.tell("disk_used_percent", "/data", 85.0)
    metrics.tell("listen_queue_percent", "", 50.0)
    metrics.tell("scrape_eta_hours", "ctgov", 2.0)
    metrics.tell("something_new", "x", 1.0)
    assert told(metrics, "triald_disk_free_percent") == {(): 15.0}
    assert told(metrics, "triald_listen_queue_usage") == {(): 0.5}
    assert told(metrics, "triald_scrape_eta_seconds") == {(("registry", "ctgov"),): 7200.0}


def test_the_names_that_operators_know_are_there_in_their_units() -> None:
    """G13: job_queue_depth, job_failure_rate, scraping_speed, database_size_gb, table_size_mb, api_rate_limit_usage,
    duplicate_trials."""
    metrics = Metrics()
    metrics.tell("job_queue_depth", "default", 7.0)
    metrics.tell("jobs_running", "default", 3.0)
    metrics.tell("job_failure_rate", "", 12.5)
    metrics.tell("scraping_speed", "ctgov", 900.0)
    metrics.tell("database_size_bytes", "", 2.5e9)
    metrics.tell("table_size_bytes", "trials", 3e6)
    metrics.tell("api_rate_limit_usage", "ctgov", 95.0)
    metrics.tell("duplicate_trials", "", 40.0)
    assert {name: told(metrics, name) for name in ALIASES} == {
        "job_queue_depth": {(("queue", "default"),): 7.0},
        "job_failure_rate": {(): 12.5},
        "scraping_speed": {(("registry", "ctgov"),): 900.0},
        "database_size_gb": {(): 2.5},
        "table_size_mb": {(("table", "trials"),): 3.0},
        "api_rate_limit_usage": {(("registry", "ctgov"),): 95.0},
        "duplicate_trials": {(): 40.0},
    }


def test_files_are_counted_with_their_bytes_and_why_some_were_refused() -> None:
    """N17: what came, and what did not."""
    metrics = fed()
    assert told(metrics, "triald_files_stored_total") == {(): 1.0}
    assert told(metrics, "triald_files_stored_bytes_total") == {(): 1000.0}
    assert told(metrics, "triald_files_refused_total") == {(("reason", "quota"),): 1.0}


def test_a_measure_that_is_not_taken_any_more_is_left_out() -> None:
    clock = Clock()
    metrics = Metrics(clock=clock.now)
    metrics.tell("scraping_speed", "ctgov", 900.0)
    clock.now_s += STALE_S
    metrics.tell("job_failure_rate", "", 1.0)
    assert told(metrics, "triald_scraping_speed") != {}
    clock.now_s += 0.001
    assert told(metrics, "triald_scraping_speed") == told(metrics, "scraping_speed") == {}
    assert told(metrics, "triald_job_failure_rate") != {}


def test_a_measure_with_the_wrong_labels_is_a_mistake() -> None:
    metrics = Metrics()
    with pytest.raises(ValueError, match="has the labels"):
        metrics.measure("triald_job_queue_depth", 3, queue="default")
    with pytest.raises(KeyError):
        metrics.measure("triald_unknown", 3)


def test_the_media_type_is_that_of_the_text_format() -> None:
    body, media_type = fed().render()
    assert media_type == "text/plain; version=0.0.4; charset=utf-8"
    assert list(text_string_to_metric_families(body.decode()))


def test_every_metric_is_in_the_documentation_with_its_labels_and_meaning() -> None:
    """G13: docs/metrics.md has a row for each metric that is exposed, and no other."""
    documented = dict(re.findall(r"^\| `(\w+)` \| (.*?) \| ", DOCS.read_text("utf-8"), re.M))
    exposed = {}
    for family in text_string_to_metric_families(fed().exposition().decode()):
        if not family.name.startswith("process_"):
            labels = sorted({label for sample in family.samples for label in sample.labels} - {"le"})
            exposed[family.name + ("_total" if family.type == "counter" else "")] = labels
    assert {name: sorted(re.findall(r"`(\w+)`", labels)) for name, labels in documented.items()} == exposed
    text = DOCS.read_text("utf-8")
    assert all(says in text for _, says in GAUGES.values())
    assert all(says in text for _, says in LIVE.values())
    assert all(alias.says in text for alias in ALIASES.values())
    assert all(f"| `{alias}` | " in text for alias in LIVE_ALIASES)
