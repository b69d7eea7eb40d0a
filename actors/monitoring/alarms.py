"""When a measure alarms, and when the alarm ends. No I/O.

An alarm opens above its threshold and closes below a lower one: a value at the border makes one episode, not ten.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Severity = Literal["critical", "high", "medium", "low"]
CLOSES_BELOW = 0.9  # of the threshold
FAILURES = 2  # of one actor within ten minutes, over all processes: more, and starting it again is no cure


@dataclass(frozen=True, slots=True)
class Rule:
    """`measure` above `threshold` alarms; `message` may name {subject}, {value} and {threshold}."""

    name: str
    measure: str
    threshold: float
    severity: Severity
    message: str


@dataclass(frozen=True, slots=True)
class Open:
    rule: Rule
    subject: str
    value: float

    @property
    def message(self) -> str:
        return self.rule.message.format(subject=self.subject, value=self.value, threshold=self.rule.threshold)


@dataclass(frozen=True, slots=True)
class Close:
    rule: Rule
    subject: str


@dataclass(frozen=True, slots=True)
class Thresholds:
    depth: float = 10_000  # jobs waiting in a queue
    failure_percent: float = 10  # of the jobs that ended within the hour
    silent_s: float = 300  # a process without a beat
    rate_percent: float = 90  # of what a registry allows a minute
    disk_percent: float = 85  # of the data directory's disk in use
    eta_hours: float = 24  # a scrape's time to go
    lag_s: float = 1.0  # of the event loop
    stale_trials: float = 100  # active ones not updated at their source for 30 days
    mirror_days: float = 30  # since a registry was last mirrored to its end
    backup_s: float = 129_600  # since the last good backup


def rules(t: Thresholds) -> tuple[Rule, ...]:
    return (
        Rule("queue_deep", "job_queue_depth", t.depth, "high",
             "queue {subject} holds {value:.0f} ready jobs, more than {threshold:.0f}"),
        Rule("jobs_failing", "job_failure_rate", t.failure_percent, "critical",
             "{value:.1f} % of the jobs that ended within the hour failed for good, more than {threshold:g} %"),
        Rule("process_silent", "silent_s", t.silent_s, "high",
             "process {subject} has not beaten for {value:.0f} s"),
        Rule("registry_rate", "api_rate_limit_usage", t.rate_percent, "medium",
             "{value:.0f} % of the requests that {subject} allows a minute are used"),
        Rule("disk_full", "disk_used_percent", t.disk_percent, "critical",
             "{value:.1f} % of the disk of {subject} is in use"),
        Rule("scrape_slow", "scrape_eta_hours", t.eta_hours, "medium",
             "the scrape of {subject} needs {value:.0f} more hours"),
        Rule("loop_lagging", "loop_lag_s", t.lag_s, "medium",
             "the event loop of {subject} was {value:.1f} s late"),
        Rule("jobs_rescued", "jobs_rescued", 0.5, "medium",
             "{value:.0f} jobs were taken back from processes that died or hung, within ten minutes"),
        Rule("actor_failing", "actor_failures", FAILURES, "high",
             "actor {subject} crashed or hung {value:.0f} times within ten minutes"),
        Rule("registry_unavailable", "registry_failures", 0.5, "high",
             "registry {subject} is unavailable: its latest scrape failed"),
        Rule("trials_stale", "stale_trials", t.stale_trials, "low",
             "{value:.0f} active trials were last updated at their source over 30 days ago, above {threshold:.0f}"),
        Rule("mirror_stale", "registry_age_days", t.mirror_days, "high",
             "what is held of {subject} is {value:.0f} days old: no scrape of it has ended well since"),
        Rule("backup_stale", "backup_age_s", t.backup_s, "high",
             "the last good backup was made {value:.0f} s ago, more than {threshold:.0f}"),
        Rule("notify_backlog", "listen_queue_percent", 50, "high",
             "{value:.0f} % of PostgreSQL's notification queue is in use: some session listens and does not read"),
    )  # fmt: skip


def judge(
    rules: Iterable[Rule], measured: Mapping[tuple[str, str], float], open_now: Iterable[tuple[str, str]]
) -> list[Open | Close]:
    """What to open and to close. `measured` is keyed by (measure, subject); `open_now` holds (rule name, subject).

    A subject that is no longer measured (a process that is forgotten, a scrape that ended) alarms no more.
    """
    by_measure: dict[str, Rule] = {rule.measure: rule for rule in rules}
    by_name = {rule.name: rule for rule in by_measure.values()}
    now_open = {(name, subject) for name, subject in open_now if name in by_name}
    steps: list[Open | Close] = []
    for (measure, subject), value in measured.items():
        rule = by_measure.get(measure)
        if rule is None:
            continue
        if value > rule.threshold:
            steps.append(Open(rule, subject, value))
        elif (rule.name, subject) in now_open and value < rule.threshold * CLOSES_BELOW:
            steps.append(Close(rule, subject))
    for name, subject in sorted(now_open):
        if (by_name[name].measure, subject) not in measured:
            steps.append(Close(by_name[name], subject))
    return steps
