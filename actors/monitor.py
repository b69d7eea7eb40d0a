"""The monitor: measures, asks the autoscaler, opens and closes alerts."""

import shutil
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actors.backup import store as backup
from actors.governance.approvals import store as approvals
from actors.governance.audit import store as audit
from actors.monitoring import store as monitoring
from actors.monitoring.alarms import Close, Open, Thresholds, judge, rules
from actors.monitoring.lately import summed
from actors.queue import operating
from actors.queue import store as queue
from actors.runtime.life import Life, pause
from actors.runtime.telemetry import emit
from actors.storage import store as storage
from actors.trials import store as trials
from actors.trials.assessing import store as assessing
from actors.trials.duplicates import store as duplicates
from actors.trials.flags import STALE_DAYS
from actors.trials.scrapes import progress

if TYPE_CHECKING:
    import asyncpg

TICK_S = 5.0
REST = 10.0  # looks at a long queue take long: they should not take more than a tenth of the time,
REST_MOST_S = 10.0  # but who looks seldom scales and alarms late
SLOWLY = 12  # ticks between looks at what changes slowly: sizes, failures, disk
QUIET_S = 20.0  # an alarm closes once no process has seen it for so long: one may see what no other does
BEATS_S = 30.0  # what a process that has not beaten for so long said of its loop is no news
FEWEST_ENDED = 10  # jobs within the hour: a rate of failures from fewer says nothing

Measured = dict[tuple[str, str], float]


@dataclass(slots=True)
class Gauge:
    """What the monitor hands on: every measure to the metrics, the queues' load to whoever scales."""

    tell: Callable[[str, str, float], None]
    scale: Callable[[list[dict[str, Any]], int], Awaitable[None]]
    here: Callable[[], Mapping[tuple[str, str], float]]  # what this process measures of itself: told, not kept


@dataclass(slots=True)
class Monitor:
    pool: "asyncpg.Pool[Any]"
    gauge: Gauge
    data_dir: Path
    thresholds: Thresholds = field(default_factory=Thresholds)
    rates: Mapping[str, float] = field(default_factory=dict)  # calls a minute that each registry allows
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    tick_s: float = TICK_S
    quiet_s: float = QUIET_S
    slow: Measured = field(default_factory=dict)
    beat: Callable[[], None] = lambda: None
    backs_up: bool = False  # then a database of which there is no backup is as old as its last one

    async def run(self, life: Life) -> None:
        self.beat, ticks = life.beat, 0
        while not life.draining.is_set():
            life.beat()
            began = time.monotonic()
            if ticks % SLOWLY == 0:
                self.slow = await self._slowly()
            await self.look()
            ticks += 1
            took_s = time.monotonic() - began
            self.quiet_s = quiet_s(took_s, self.tick_s)
            life.beat()
            await pause(life, rest_s(took_s, self.tick_s))

    async def look(self) -> Measured:
        """One round: measure, scale, alarm. Each step has the time that a statement has, so it beats between them."""
        loads = await operating.load(self.pool)
        self.beat()
        processes = await queue.processes(self.pool)
        silent_s = self.thresholds.silent_s
        alive = [p for p in processes if p["beat_age_s"] < silent_s and p["slots"] and not p["draining"]]
        measured: Measured = {("worker_load", ""): float(await operating.worker_load(self.pool))}
        measured |= _queues(loads) | _processes(processes) | self._lately(processes) | await self._scrapes() | self.slow
        for (name, subject), value in (measured | dict(self.gauge.here())).items():
            self.gauge.tell(name, subject, value)
        self.beat()
        await monitoring.add_measures(self.pool, self.now(), measured)
        self.beat()
        await self.gauge.scale(loads, max(1, len(alive)))
        self.beat()
        await self._alarm(measured)
        return measured

    def _lately(self, processes: list[dict[str, Any]]) -> Measured:
        """What processes tell of themselves, over all that beat."""
        told = [one["lately"] for one in processes if one["beat_age_s"] < BEATS_S]
        calls = summed(told, "calls")
        jobs, failures = summed(told, "jobs_per_s"), summed(told, "failures")
        measured = {("jobs_per_s", queue): value for queue, value in jobs.items()}
        measured |= {("actor_failures", actor): value for actor, value in failures.items()}
        return measured | {
            ("api_rate_limit_usage", registry): 100.0 * calls.get(registry, 0.0) / most
            for registry, most in self.rates.items()
        }

    async def _scrapes(self) -> Measured:
        measured: Measured = {
            ("registry_failures", r): v for r, v in (await monitoring.registry_failures(self.pool)).items()
        }
        measured |= {("breaker_open", name): v for name, v in (await monitoring.breakers(self.pool)).items()}
        for scrape in await trials.scrapes(self.pool, limit=20):
            if scrape.state != "running":
                continue
            how = progress(scrape, self.now())
            if how.left_s is not None:
                measured["scrape_eta_hours", scrape.registry] = how.left_s / 3600
            if how.per_s is not None:
                measured["scraping_speed", scrape.registry] = how.per_s
        return measured

    async def _slowly(self) -> Measured:
        now = self.now()
        await monitoring.close_orphans(self.pool)
        dead, done = await operating.failures_since(self.pool, now - timedelta(hours=1))
        disk = shutil.disk_usage(self.data_dir)
        measured: Measured = {
            ("database_size_bytes", ""): float(await monitoring.database_size(self.pool)),
            ("disk_used_percent", str(self.data_dir)): 100.0 * (disk.total - disk.free) / disk.total,
            ("listen_queue_percent", ""): 100.0 * await monitoring.listen_queue_usage(self.pool),
            ("jobs_rescued", ""): float(await monitoring.rescued_since(self.pool, now - timedelta(minutes=10))),
        }
        measured |= await self._trials(now) | await self._governance()
        files, files_bytes = await storage.total(self.pool)
        measured |= {("files", ""): float(files), ("files_bytes", ""): float(files_bytes)}
        if (age_s := await backup.age_s(self.pool, now, wanted=self.backs_up)) is not None:
            measured["backup_age_s", ""] = age_s
        if dead + done >= FEWEST_ENDED:
            measured["job_failure_rate", ""] = 100.0 * dead / (dead + done)
        self.beat()
        for table, size in (await monitoring.table_sizes(self.pool)).items():
            measured["table_size_bytes", table] = float(size)
        return measured

    async def _governance(self) -> Measured:
        unsealed, age_s = await audit.waiting(self.pool)
        approvals_waiting, _ = await approvals.waiting(self.pool)
        return {
            ("approvals_waiting", ""): float(approvals_waiting),
            ("audit_unsealed", ""): float(unsealed),
            ("audit_unsealed_s", ""): age_s,
        }

    async def _trials(self, now: datetime) -> Measured:
        """Flags, duplicates, and how old all is; stale ones are counted from the records themselves, flagged or not."""
        flagged: Counter[str] = Counter()
        for (_, flag), trials_ in (await assessing.counted(self.pool)).items():
            flagged[flag] += trials_
        records, clusters = await duplicates.totals(self.pool)
        last_day = now.date() - timedelta(days=STALE_DAYS + 1)
        measured: Measured = {("flagged_trials", flag): float(number) for flag, number in flagged.items()}
        measured |= {
            ("stale_trials", ""): float(await assessing.stale(self.pool, last_day)),
            ("duplicate_trials", ""): float(records - clusters),
        }
        return measured | await self._ages(now)

    async def _ages(self, now: datetime) -> Measured:
        """How old what is held of each registry is; one that was never mirrored to its end has no age."""
        done = {registry: await trials.last_success(self.pool, registry) for registry in self.rates}
        return {
            ("registry_age_days", registry): (now - scrape.ended_at) / timedelta(days=1)
            for registry, scrape in done.items()
            if scrape and scrape.ended_at
        }

    async def _alarm(self, measured: Measured) -> None:
        open_now = [(alert["name"], alert["subject"]) for alert in await monitoring.open_alerts(self.pool)]
        for step in judge(rules(self.thresholds), measured, open_now):
            match step:
                case Open(rule, subject, value):
                    if await monitoring.open_alert(self.pool, step):
                        emit(
                            "alert.opened", alert=rule.name, name=subject, severity=rule.severity, value=round(value, 3)
                        )
                case Close(rule, subject):
                    if await monitoring.close_alert(self.pool, step, quiet_s=self.quiet_s):
                        emit("alert.closed", alert=rule.name, name=subject)


def rest_s(took_s: float, tick_s: float) -> float:
    """Until the next look, after one that took so long. No I/O."""
    return max(tick_s - took_s, min(took_s * REST, REST_MOST_S))


def quiet_s(took_s: float, tick_s: float) -> float:
    """For how long nobody may have seen an alarm before it closes: two looks like this one, and more. No I/O."""
    return max(QUIET_S, 2 * (took_s + rest_s(took_s, tick_s)))


def _queues(loads: list[dict[str, Any]]) -> Measured:
    measured: Measured = {}
    for load in loads:
        measured["job_queue_depth", load["queue"]] = float(load["ready"])
        measured["jobs_running", load["queue"]] = float(load["running"])
        measured["jobs_scheduled", load["queue"]] = float(load["scheduled"])
        measured["jobs_blocked", load["queue"]] = float(load["blocked"])
        measured["jobs_held", load["queue"]] = float(load["held"])
        measured["jobs_dead", load["queue"]] = float(load["dead"])
        measured["job_oldest_age_s", load["queue"]] = float(load["oldest_age_s"])
    return measured


def _processes(processes: list[dict[str, Any]]) -> Measured:
    measured: Measured = {}
    for process in processes:
        name = f"{process['host']}/{process['pid']}"
        measured["silent_s", name] = process["beat_age_s"]
        if process["beat_age_s"] < BEATS_S:
            measured["loop_lag_s", name] = process["lag_s"]
    return measured
