"""Measures and episodes of alarms in the database."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from actors.errors import NotFound
from actors.monitoring import store
from actors.monitoring.alarms import Close, Open, Rule
from tests.postgres import Postgres
from tests.queue.jobs import Pool, claim, dead, finish
from tests.queue.jobs import add as add_jobs

NOW = datetime(2026, 5, 1, 12, 0, 7, 123456, tzinfo=UTC)
DEEP = Rule("queue_deep", "job_queue_depth", 100.0, "high", "{subject} holds {value:.0f}")
FULL = Rule("disk_full", "disk_used_percent", 85.0, "critical", "{value:.0f} % of {subject} is in use")


async def test_a_measure_is_written_once_in_ten_seconds(any_postgres: Postgres) -> None:
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=8) as db:
        for seconds, value in ((0.0, 1.0), (2.8, 2.0), (3.0, 3.0), (12.8, 4.0)):
            await store.add_measures(db, NOW + timedelta(seconds=seconds), {("depth", "default"): value})
        series = await store.samples(db, "depth", NOW - timedelta(hours=1))
        at = NOW.replace(second=0, microsecond=0)
        assert series == {"default": [(at, 1.0), (at + timedelta(seconds=10), 3.0)]}


async def test_many_processes_that_measure_at_once_write_one_sample_of_each(db: Pool) -> None:
    names = [("depth", str(n)) for n in range(50)]
    async with asyncio.timeout(30):
        await asyncio.gather(
            *(store.add_measures(db, NOW, dict.fromkeys(names[n:] + names[:n], float(n))) for n in range(0, 50, 5))
        )
    series = await store.samples(db, "depth", NOW - timedelta(hours=1))
    assert [len(samples) for samples in series.values()] == [1] * 50


async def test_an_episode_is_one_row_however_often_it_is_seen(any_postgres: Postgres) -> None:
    """G13 in part: an alert opens once."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=8) as db:
        assert await store.open_alert(db, Open(DEEP, "default", 101.0))
        assert not await store.open_alert(db, Open(DEEP, "default", 500.0))
        assert await store.open_alert(db, Open(DEEP, "scraping", 101.0))
        alerts = await store.open_alerts(db)
        assert [(a["subject"], a["value"], a["message"]) for a in alerts] == [
            ("default", 500.0, "default holds 500"), ("scraping", 101.0, "scraping holds 101")
        ]  # fmt: skip


async def test_processes_that_see_it_at_once_open_one_episode(any_postgres: Postgres) -> None:
    """G13 in part: one row per episode, whoever looks."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=8, max_size=8) as db, asyncio.timeout(30):
        opened = await asyncio.gather(*(store.open_alert(db, Open(DEEP, "default", 101.0 + n)) for n in range(20)))
        assert sum(opened) == 1
        closed = await asyncio.gather(*(store.close_alert(db, Close(DEEP, "default"), quiet_s=0.0) for _ in range(20)))
        assert sum(closed) == 1
        assert len(await store.recent_alerts(db)) == 1


async def test_an_episode_that_somebody_still_sees_is_not_closed_by_another(db: Pool) -> None:
    await store.open_alert(db, Open(DEEP, "default", 101.0))
    assert not await store.close_alert(db, Close(DEEP, "default"), quiet_s=60.0)
    await db.execute("update alerts set seen_at = now() - interval '61 seconds'")
    assert await store.close_alert(db, Close(DEEP, "default"), quiet_s=60.0)


async def test_a_new_episode_follows_one_that_was_closed(db: Pool) -> None:
    await store.open_alert(db, Open(DEEP, "default", 101.0))
    await store.close_alert(db, Close(DEEP, "default"), quiet_s=0.0)
    assert await store.open_alerts(db) == []
    assert await store.open_alert(db, Open(DEEP, "default", 102.0))
    assert [alert["closed_at"] is None for alert in await store.recent_alerts(db)] == [True, False]


async def test_the_gravest_comes_first(db: Pool) -> None:
    await store.open_alert(db, Open(DEEP, "default", 101.0))
    await store.open_alert(db, Open(FULL, "/", 99.0))
    assert [alert["name"] for alert in await store.open_alerts(db)] == ["disk_full", "queue_deep"]


async def test_who_acknowledged_first_is_kept(db: Pool) -> None:
    """G13 in part: an alert is acknowledged."""
    await store.open_alert(db, Open(DEEP, "default", 101.0))
    [alert] = await store.open_alerts(db)
    await store.acknowledge(db, alert["id"], "ann")
    await store.acknowledge(db, alert["id"], "ben")
    await store.open_alert(db, Open(DEEP, "default", 300.0))
    [alert] = await store.open_alerts(db)
    assert (alert["acknowledged_by"], alert["acknowledged_at"] is not None) == ("ann", True)
    await store.close_alert(db, Close(DEEP, "default"), quiet_s=0.0)
    with pytest.raises(NotFound, match=f"^alert: there is no open alert {alert['id']}"):
        await store.acknowledge(db, alert["id"], "ann")


async def test_what_opens_closes_or_is_acknowledged_is_told(postgres: Postgres, db: Pool) -> None:
    told: list[object] = []
    listener = await asyncpg.connect(postgres.dsn)
    await listener.add_listener("triald_alerts", lambda *said: told.append(said[-1]))
    await store.open_alert(db, Open(DEEP, "default", 101.0))
    await store.open_alert(db, Open(DEEP, "default", 102.0))
    [alert] = await store.open_alerts(db)
    await store.acknowledge(db, alert["id"], "ann")
    await store.close_alert(db, Close(DEEP, "default"), quiet_s=0.0)
    await listener.execute("select 1")
    await listener.close()
    assert told == ["queue_deep"] * 3


async def test_old_samples_and_closed_episodes_are_trimmed(db: Pool) -> None:
    await store.add_measures(db, NOW, {("depth", ""): 1.0})
    await store.open_alert(db, Open(DEEP, "lasts", 101.0))
    await store.open_alert(db, Open(DEEP, "over", 101.0))
    await store.close_alert(db, Close(DEEP, "over"), quiet_s=0.0)
    before = NOW - timedelta(minutes=1)
    assert (await store.trim_measures(db, before), await store.trim_alerts(db, before)) == (0, 0)
    later = datetime.now(UTC) + timedelta(days=1)
    assert (await store.trim_measures(db, later), await store.trim_alerts(db, later)) == (1, 1)
    assert [alert["subject"] for alert in await store.open_alerts(db)] == ["lasts"]


async def test_sizes_are_those_of_the_database(any_postgres: Postgres) -> None:
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=2) as db:
        before = (await store.table_sizes(db))["jobs"]
        await add_jobs(db, 2000)
        assert (await store.table_sizes(db))["jobs"] > before
        assert await store.database_size(db) > 1_000_000
        assert 0.0 <= await store.listen_queue_usage(db) < 1.0


async def test_rescues_are_counted_since_a_moment(db: Pool) -> None:
    await db.execute("insert into job_events (job_id, event) values (1, 'rescued'), (2, 'rescued'), (3, 'dead')")
    now = datetime.now(UTC)
    assert await store.rescued_since(db, now - timedelta(hours=1)) == 2
    assert await store.rescued_since(db, now + timedelta(hours=1)) == 0


# ── scrapes ──


async def scrape(db: Pool, registry: str, state: str, *, job: int | None = None, error: str | None = None) -> int:
    number: int = await db.fetchval(
        "insert into scrapes (registry, mode, state, job_id, error, started_at, ended_at)"
        " values ($1, 'full', $2, $3, $4, now() - interval '5 minutes', case when $2 <> 'running' then now() end)"
        " returning id",
        registry, state, job, error,
    )  # fmt: skip
    return number


async def test_a_scrape_whose_job_is_gone_or_dead_is_closed_as_failed(any_postgres: Postgres) -> None:
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=2) as db:
        buried = await dead(db, kind="scrape")
        gone, lives = await add_jobs(db, 2, kind="scrape")
        await finish(db, *await claim(db, 1))
        orphans = [await scrape(db, "a", "running", job=buried), await scrape(db, "b", "running", job=gone)]
        stays = await scrape(db, "c", "running", job=lives), await scrape(db, "d", "running")
        assert sorted(await store.close_orphans(db)) == ["a", "b"]
        assert await store.close_orphans(db) == []
        rows = {row["id"]: row for row in await db.fetch("select id, state, ended_at, error from scrapes")}
        assert [rows[one]["state"] for one in (*orphans, *stays)] == ["failed", "failed", "running", "running"]
        assert rows[orphans[0]]["error"] == f"its job ended: see triald jobs show {buried}"
        assert rows[orphans[0]]["ended_at"] is not None


async def test_a_scrape_that_has_just_begun_is_left_to_its_job(db: Pool) -> None:
    await scrape(db, "a", "running", job=1)
    await db.execute("update scrapes set started_at = now()")
    assert await store.close_orphans(db) == []


async def test_a_registry_fails_while_its_latest_scrape_did(db: Pool) -> None:
    await scrape(db, "works", "failed", error="it was away")
    await scrape(db, "works", "done")
    await scrape(db, "fails", "done")
    await scrape(db, "fails", "failed", error="it is away")
    await scrape(db, "struggles", "running", error="it is away")
    await scrape(db, "runs", "running")
    await scrape(db, "stopped", "failed", error="it was away")
    await scrape(db, "stopped", "cancelled")
    assert await store.registry_failures(db) == {
        "works": 0.0, "fails": 1.0, "struggles": 1.0, "runs": 0.0, "stopped": 1.0
    }  # fmt: skip


async def test_a_source_that_asked_for_a_pause_is_an_open_breaker_until_it_is_over(db: Pool) -> None:
    """S19: what "breaker open" alarms on."""
    await db.execute(
        "insert into rate_limits (name, per_min, slot_at, closed_until, clock_at) values"
        " ('ctgov', 300, now(), now() + interval '1 minute', now()), ('ctis', 60, now(), now() - interval '1 s', now())"
    )
    told = await store.breakers(db)
    assert (told.pop("ctgov"), told.pop("ctis")) == (1.0, 0.0)
    assert "webhooks" in told and set(told.values()) == {0.0}
