"""The monitor measures, alarms once an episode, and hands on what it measured."""

import asyncio
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from actors.monitor import FEWEST_ENDED, QUIET_S, Gauge, Monitor, quiet_s, rest_s
from actors.monitoring import store
from actors.monitoring.alarms import Thresholds
from actors.queue import store as queue
from actors.queue.job import NewJob
from actors.trials.mirroring import store as mirroring
from supervisor.life import Life
from supervisor.metrics import Metrics
from tests.postgres import Postgres
from tests.queue.jobs import ME, OTHER, Pool, add, add_one, claim, dead, finish, register
from tests.supervisor.test_metrics import told
from tests.trials.pages import mirror, nct, on, trial

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Handed:
    """What the monitor handed on."""

    def __init__(self) -> None:
        self.told: dict[tuple[str, str], float] = {}
        self.scaled: list[tuple[dict[str, int], int]] = []
        self.looks = asyncio.Event()

    def tell(self, name: str, subject: str, value: float) -> None:
        self.told[name, subject] = value

    async def scale(self, loads: list[dict[str, Any]], processes: int) -> None:
        self.scaled.append(({load["queue"]: load["ready"] for load in loads}, processes))
        self.looks.set()


def monitor(db: Pool, folder: Path, handed: Handed | None = None, **thresholds: float) -> Monitor:
    handed = handed or Handed()
    gauge = Gauge(tell=handed.tell, scale=handed.scale, here=lambda: {("workers", "running"): 2.0})
    return Monitor(db, gauge, folder, Thresholds(**thresholds), {"ctgov": 50.0}, now=lambda: NOW, quiet_s=0.0)


async def alarms(db: Pool) -> list[tuple[str, str]]:
    return sorted((alert["name"], alert["subject"]) for alert in await store.open_alerts(db))


# ── each measure, over its threshold and under it ──


async def deep(db: Pool) -> None:
    await add(db, 11)


async def shallow(db: Pool) -> None:
    await finish(db, *await claim(db, 3))


async def silent(db: Pool) -> None:
    await register(db)
    await db.execute("update workers set beat_at = now() - interval '301 seconds'")


async def beats(db: Pool) -> None:
    await register(db)


async def lags(db: Pool) -> None:
    await register(db)
    await db.execute("update workers set lag_s = 1.5")


async def rescues(db: Pool) -> None:
    await db.execute("insert into job_events (job_id, at, event) values (1, $1, 'rescued')", NOW)


async def rescued_long_ago(db: Pool) -> None:
    await db.execute("update job_events set at = at - interval '11 minutes'")


async def fails(db: Pool) -> None:
    await ended(db, done=8, failed=2)


async def works_again(db: Pool) -> None:
    await ended(db, done=15, failed=0)


async def ended(db: Pool, *, done: int, failed: int) -> None:
    await db.execute(
        "insert into job_history (id, created_at, ended_at, state, queue, kind, priority, attempts)"
        " select n, $2, $2, 'done', 'default', 'print', 0, 1 from generate_series(1, $1) n",
        done, NOW,
    )  # fmt: skip
    await db.execute(
        "insert into job_events (job_id, at, event) select n, $2, 'dead' from generate_series(1, $1) n", failed, NOW
    )


async def away(db: Pool) -> None:
    await scrape(db, "failed")


async def back(db: Pool) -> None:
    await scrape(db, "done")


async def slow(db: Pool) -> None:
    if not await db.fetchval("select count(*) from scrapes"):
        await scrape(db, "running", records=1000)
    await db.execute("update scrapes set total = 100000")


async def faster(db: Pool) -> None:
    await db.execute("update scrapes set total = 1010")


async def scrape(db: Pool, state: str, *, records: int = 0) -> None:
    await db.execute(
        "insert into scrapes (registry, mode, state, started_at, ended_at, pages, records)"
        " values ('ctgov', 'full', $1, $2::timestamptz, case when $1 <> 'running' then $2 end, 9, $3)",
        state, NOW - timedelta(hours=1), records,
    )  # fmt: skip


async def fails_again_and_again(db: Pool) -> None:
    await tells(db, ME, failures={"scheduler": 2.0})
    await tells(db, OTHER, failures={"scheduler": 1.0, "monitor": 2.0})


async def failed_now_and_then(db: Pool) -> None:
    await tells(db, OTHER, failures={"monitor": 2.0})
    await tells(db, ME)


HERE = "here/1"
EPISODES = {
    "actor_failing": (fails_again_and_again, failed_now_and_then, "scheduler"),
    "queue_deep": (deep, shallow, "default"),
    "jobs_failing": (fails, works_again, ""),
    "process_silent": (silent, beats, HERE),
    "loop_lagging": (lags, beats, HERE),
    "jobs_rescued": (rescues, rescued_long_ago, ""),
    "registry_unavailable": (away, back, "ctgov"),
    "scrape_slow": (slow, faster, "ctgov"),
}


@pytest.mark.parametrize("name", EPISODES)
async def test_a_measure_over_its_threshold_opens_one_alert_that_closes_by_itself(
    db: Pool, tmp_path: Path, name: str
) -> None:
    """G13: push each metric over and under: one row per episode."""
    over, under, subject = EPISODES[name]
    one = monitor(db, tmp_path, depth=10.0)
    await over(db)
    for _ in range(3):
        await round_of(one)
    assert await alarms(db) == [(name, subject)]
    [alert] = await store.open_alerts(db)
    await store.acknowledge(db, alert["id"], "ann")
    await under(db)
    await round_of(one)
    assert await alarms(db) == []
    await over(db)
    for _ in range(2):
        await round_of(one)
    assert [alert["closed_at"] is None for alert in await store.recent_alerts(db)] == [True, False]


async def round_of(one: Monitor) -> None:
    """A look at everything, also at what changes slowly."""
    one.slow = await one._slowly()
    await one.look()


async def test_the_disk_of_the_data_directory_is_measured(db: Pool, tmp_path: Path) -> None:
    """G13: the disk check is real: just under what is in use it alarms, just over it does not."""
    disk = shutil.disk_usage(tmp_path)
    used = 100.0 * (disk.total - disk.free) / disk.total
    await round_of(monitor(db, tmp_path, disk_percent=used - 1.0))
    [alert] = await store.open_alerts(db)
    assert (alert["name"], alert["severity"]) == ("disk_full", "critical")
    assert alert["value"] == pytest.approx(used, abs=0.5)
    await round_of(monitor(db, tmp_path, disk_percent=min(100.0, (used + 1.0) / 0.9 + 1.0)))
    assert await alarms(db) == []


async def tells(db: Pool, worker: UUID, **lately: dict[str, float]) -> None:
    await queue.register(
        db, worker, host="here", pid=worker.int % 1000, version="1", lag_s=0.0, slots=4, running=0, draining=False,
        actors=[], lately=lately,
        queues=["default"],
    )  # fmt: skip


async def test_the_use_of_a_registrys_rate_is_that_of_all_processes(db: Pool, tmp_path: Path) -> None:
    """G13 in part: two processes that each use half of what a registry allows are at its limit together."""
    handed = Handed()
    one = monitor(db, tmp_path, handed)
    await tells(db, ME, calls={"ctgov": 24.0})
    await tells(db, OTHER, calls={"ctgov": 23.0})
    await one.look()
    assert handed.told["api_rate_limit_usage", "ctgov"] == 94.0
    assert await alarms(db) == [("registry_rate", "ctgov")]
    await tells(db, OTHER, calls={"ctgov": 2.0})
    await one.look()
    assert await alarms(db) == []


async def test_the_rate_of_a_queue_is_that_of_all_processes_and_kept(db: Pool, tmp_path: Path) -> None:
    """G13 in part: whichever process takes the sample, and whatever it did itself. What is its own is not kept."""
    handed = Handed()
    await tells(db, ME, jobs_per_s={"default": 12.5, "scraping": 0.1})
    await tells(db, OTHER, jobs_per_s={"default": 30.0})
    gone = uuid4()
    await tells(db, gone, jobs_per_s={"default": 1000.0})
    await db.execute("update workers set beat_at = now() - interval '1 minute' where id = $1", gone)
    await monitor(db, tmp_path, handed).look()
    assert {queue: handed.told["jobs_per_s", queue] for queue in ("default", "scraping")} == {
        "default": 42.5, "scraping": 0.1,
    }  # fmt: skip
    kept = await store.samples(db, "jobs_per_s", NOW - timedelta(minutes=1))
    assert [value for _, value in kept["default"]] == [42.5]
    assert handed.told["workers", "running"] == 2.0
    assert await store.samples(db, "workers", NOW - timedelta(minutes=1)) == {}


@pytest.mark.parametrize(
    ("took_s", "rests_s"), [(0.0, 5.0), (0.4, 4.6), (0.45, 4.55), (0.5, 5.0), (1.0, 10.0), (3.0, 10.0), (60.0, 10.0)]
)
def test_a_monitor_rests_in_proportion_but_never_for_long(took_s: float, rests_s: float) -> None:
    assert rest_s(took_s, 5.0) == pytest.approx(rests_s)
    assert quiet_s(took_s, 5.0) >= max(QUIET_S, 2 * (took_s + rests_s))


SEEN_LONGER_AGO = "update alerts set seen_at = seen_at - $1::interval, opened_at = opened_at - $1::interval"


async def test_slow_looks_of_two_monitors_make_one_row_of_an_episode(db: Pool, tmp_path: Path) -> None:
    """G13: each look takes two seconds; between two looks of the one that sees the alarm, the other looks too."""
    busy, idle = (monitor(db, tmp_path / name) for name in ("busy", "idle"))
    busy.quiet_s = idle.quiet_s = quiet_s(2.0, 5.0)
    for one, percent in ((busy, 99.0), (idle, 1.0)):
        one.slow = {("disk_used_percent", str(one.data_dir)): percent}
    later = timedelta(seconds=2.0 + rest_s(2.0, 5.0))
    for _ in range(4):
        await busy.look()
        await db.execute(SEEN_LONGER_AGO, later)
        await idle.look()
    assert [alert["closed_at"] for alert in await store.recent_alerts(db)] == [None]


async def test_a_monitor_whose_looks_take_long_beats_within_them_and_before_it_rests(db: Pool, tmp_path: Path) -> None:
    """G10: a database under load makes looks slow; to wait for it, or to rest after it, is not to hang."""
    log: list[str] = []
    done = asyncio.Event()

    async def scale(loads: list[dict[str, Any]], processes: int) -> None:
        log.append("scaled")
        if len(log) > 20:
            done.set()

    class Beats(Life):
        def beat(self) -> None:
            log.append("beat")

    gauge = Gauge(tell=lambda *_: None, scale=scale, here=dict)
    one = Monitor(db, gauge, tmp_path, tick_s=0.0)
    life = Beats("monitor", 0, time.monotonic)
    running = asyncio.create_task(one.run(life))
    async with asyncio.timeout(30):
        await done.wait()
        life.draining.set()
        await running
    rounds = "".join(word[0] for word in log).split("s")
    assert all(len(beats) >= 4 for beats in rounds[1:-1])  # after scaling, before resting, and in the next look


async def test_two_monitors_make_one_row_of_an_episode(any_postgres: Postgres, tmp_path: Path) -> None:
    """G13: one row per episode, however many processes look."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=4, max_size=8) as db, asyncio.timeout(30):
        both = [monitor(db, tmp_path, depth=10.0) for _ in range(2)]
        await deep(db)
        for _ in range(5):
            await asyncio.gather(*(one.look() for one in both))
        await shallow(db)
        await asyncio.gather(*(one.look() for one in both))
        [alert] = await store.recent_alerts(db)
        assert (alert["name"], alert["closed_at"] is not None) == ("queue_deep", True)


async def test_what_one_process_sees_of_itself_is_not_closed_by_another_that_does_not(db: Pool, tmp_path: Path) -> None:
    """Two processes, each with a disk of its own."""
    busy, idle = (monitor(db, tmp_path / name) for name in ("busy", "idle"))
    busy.quiet_s = idle.quiet_s = 60.0
    for one, percent in ((busy, 99.0), (idle, 1.0)):
        one.slow = {("disk_used_percent", str(one.data_dir)): percent}
    for _ in range(3):
        await busy.look()
        await idle.look()
    assert len(await store.recent_alerts(db)) == 1
    assert await alarms(db) == [("disk_full", str(busy.data_dir))]
    await db.execute("update alerts set seen_at = now() - interval '61 seconds'")  # the busy one is gone
    await idle.look()
    assert await alarms(db) == []


async def test_a_few_failures_say_nothing_of_a_rate(db: Pool, tmp_path: Path) -> None:
    await ended(db, done=0, failed=FEWEST_ENDED - 1)
    one = monitor(db, tmp_path)
    await round_of(one)
    assert await alarms(db) == []
    await ended(db, done=0, failed=1)
    await round_of(one)
    assert await alarms(db) == [("jobs_failing", "")]


async def test_what_is_measured_is_handed_on_and_kept(any_postgres: Postgres, tmp_path: Path) -> None:
    """The depth that is told equals what SQL says."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=4) as db:
        handed = Handed()
        one = monitor(db, tmp_path, handed)
        await add(db, 7)
        await add(db, 2, queue="scraping")
        await add_one(db, delay_s=60.0)
        await dead_one(db)
        await claim(db, 1)
        await round_of(one)
        ready = {row["queue"]: row["n"] for row in await db.fetch(READY)}
        assert ready == {"default": 6, "scraping": 2}
        for queue, depth in (ready | {"enrichment": 0}).items():
            assert handed.told["job_queue_depth", queue] == depth
            assert await store.samples(db, "job_queue_depth", NOW) != {}
        told = {name: handed.told[name, "default"] for name in ("jobs_running", "jobs_scheduled", "jobs_dead")}
        assert told == {"jobs_running": 1, "jobs_scheduled": 1, "jobs_dead": 1}
        assert handed.told["job_oldest_age_s", "default"] >= 0
        assert handed.told["database_size_bytes", ""] > 1_000_000
        assert handed.told["table_size_bytes", "jobs"] > 0
        await one.look()
        series = await store.samples(db, "job_queue_depth", NOW - timedelta(hours=1))
        assert series == {queue: [(NOW, float(n))] for queue, n in (ready | {"enrichment": 0}).items()}


READY = "select queue, count(*) as n from jobs where state = 'ready' group by queue"


async def dead_one(db: Pool) -> None:
    await db.execute("insert into jobs (kind, state) values ('print', 'dead')")


async def test_who_scales_hears_of_the_load_and_of_the_processes_that_live(db: Pool, tmp_path: Path) -> None:
    handed = Handed()
    one = monitor(db, tmp_path, handed)
    await add(db, 3)
    await one.look()
    await register(db)
    await register(db, OTHER)
    await one.look()
    await db.execute("update workers set draining = true where id = $1", ME)
    await one.look()
    assert handed.scaled == [({"default": 3, "enrichment": 0, "scraping": 0}, processes) for processes in (1, 2, 1)]


async def test_what_a_dead_process_said_of_its_loop_says_nothing_more(db: Pool, tmp_path: Path) -> None:
    await lags(db)
    await db.execute("update workers set beat_at = now() - interval '1 minute'")
    one = monitor(db, tmp_path)
    await one.look()
    assert await alarms(db) == []


async def test_a_scrape_whose_job_is_dead_is_closed(db: Pool, tmp_path: Path) -> None:
    buried = await dead(db, kind="scrape")
    await scrape(db, "running")
    await db.execute("update scrapes set job_id = $1", buried)
    one = monitor(db, tmp_path)
    await round_of(one)
    assert await db.fetchval("select state from scrapes") == "failed"
    assert await alarms(db) == [("registry_unavailable", "ctgov")]


async def test_the_monitor_looks_again_and_again_until_it_is_told_to_drain(db: Pool, tmp_path: Path) -> None:
    handed = Handed()
    one = monitor(db, tmp_path, handed)
    one.tick_s = 0.0
    life = Life("monitor", 0, time.monotonic)
    running = asyncio.create_task(one.run(life))
    async with asyncio.timeout(30):
        for _ in range(3):
            await handed.looks.wait()
            handed.looks.clear()
        life.draining.set()
        await running
    assert len(handed.scaled) >= 3


async def test_what_a_scaler_outside_reads_of_the_queues_is_what_the_database_says(db: Pool, tmp_path: Path) -> None:
    """N18: depth by state and the age of the oldest ready job, on /metrics, by queue."""
    await dead(db)
    await add(db, 7)
    await claim(db, 2)
    await add_one(db, queue="scraping", delay_s=60.0)
    await add_one(db, queue="scraping", held=True)
    async with db.acquire() as connection, connection.transaction():
        await queue.enqueue(connection, [NewJob("print", depends_on=[await add_one(db, delay_s=60.0)])])
    waited = "update jobs set created_at = now() - $1::interval, run_at = now() - $2::interval where state = 'ready'"
    await db.execute(waited, timedelta(seconds=90), timedelta(seconds=40))
    metrics = Metrics()
    gauge = Gauge(tell=metrics.tell, scale=Handed().scale, here=dict)
    await Monitor(db, gauge, tmp_path, Thresholds(), now=lambda: NOW, quiet_s=0.0).look()
    rows = await db.fetch("select queue, state, count(*) as jobs from jobs group by queue, state")
    depths = {(row["queue"], row["state"]): row["jobs"] for row in rows}
    assert {state for _, state in depths} == {"ready", "running", "scheduled", "blocked", "held", "dead"}
    assert depths == {
        (dict(labels)["queue"], dict(labels)["state"]): jobs
        for labels, jobs in told(metrics, "triald_job_queue_depth").items()
        if jobs
    }
    ages = told(metrics, "triald_job_oldest_age_seconds")
    waits = "select queue, extract(epoch from now() - min(greatest(created_at, run_at)))::float8 as waited_s from jobs"
    [oldest] = await db.fetch(f"{waits} where state = 'ready' group by queue")
    assert ages[("queue", oldest["queue"]),] == pytest.approx(oldest["waited_s"], abs=5.0)
    assert ages[("queue", "scraping"),] == 0.0


# ── what is flagged ──


async def test_a_registry_that_was_not_mirrored_to_its_end_for_thirty_days_opens_an_alert(
    any_postgres: Postgres, tmp_path: Path
) -> None:
    """G24: whether its scrapes fail or none is tried; one that never ended well, or is not asked, has no age."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=4) as db, db.acquire() as one:
        watcher = monitor(db, tmp_path)
        for days, opened in ((None, False), (30, False), (30.1, True), (0, False)):
            if days is not None:
                at = NOW - timedelta(days=days)
                for registry in ("ctgov", "elsewhere"):
                    scrape = await mirroring.open_scrape(one, registry, "full", since=None, job_id=None, at=at)
                    await mirroring.close_scrape(one, scrape, "done", at=at)
            watcher.slow = await watcher._slowly()
            assert ("registry_age_days", "elsewhere") not in watcher.slow
            assert watcher.slow.get(("registry_age_days", "ctgov")) == days
            await watcher.look()
            assert (("mirror_stale", "ctgov") in await alarms(db)) is opened


async def test_records_of_trials_that_are_registered_more_than_once_are_counted(db: Pool, tmp_path: Path) -> None:
    """G13: each record beyond the first of its trial."""
    async with db.acquire() as one:
        await mirror(one, *(trial(number) for number in range(1, 7)))
    await db.execute("update trials set cluster_id = case when id < 4 then 1 else 4 end where id < 6")
    assert (await monitor(db, tmp_path)._slowly())["duplicate_trials", ""] == 3


async def test_more_than_a_hundred_active_trials_that_are_stale_open_an_alert(
    any_postgres: Postgres, tmp_path: Path
) -> None:
    """G24: above 100, counted from the records themselves; it closes when they were updated."""
    fresh, old = NOW.date() - timedelta(days=30), NOW.date() - timedelta(days=31)
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=4) as db, db.acquire() as one:
        await mirror(one, *(trial(number, last_updated=on(old)) for number in range(1, 101)))
        await mirror(one, trial(101, last_updated=on(fresh)), trial(102, status="completed", last_updated=on(old)))
        watcher = monitor(db, tmp_path)
        watcher.slow = await watcher._slowly()
        assert watcher.slow["stale_trials", ""] == 100
        await watcher.look()
        assert ("trials_stale", "") not in await alarms(db)
        await one.execute("update trials set last_updated_on = $1 where registry_id = $2", old, nct(101))
        watcher.slow = await watcher._slowly()
        await watcher.look()
        assert ("trials_stale", "") in await alarms(db)
        await one.execute("update trials set last_updated_on = $1", NOW.date())
        watcher.slow = await watcher._slowly()
        await watcher.look()
        assert ("trials_stale", "") not in await alarms(db)
