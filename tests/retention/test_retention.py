"""Everything has a rule that says how long it is kept, and the rules do what they say."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from actors.retention import DAYS, applying, store
from actors.runtime.files import LocalFiles
from schema import queries
from supervisor.settings import KNOWN, Settings
from tests.postgres import Postgres

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
OLD, YOUNG = NOW - 800 * DAY, NOW - DAY / 2
# What people are told: tests/notices has these.
TESTED_APART = dict.fromkeys(("outbox", "alert_episodes", "alert_sends", "alert_silences", "event_log"), 0)


async def test_every_table_has_exactly_one_rule(db: "asyncpg.Pool[asyncpg.Record]") -> None:
    """No kind of data may pile up for want of a rule: one that is added needs a line in actors/retention/rules."""
    ruled = [table for area in applying.kept().values() for table in area.tables]
    assert len(ruled) == len(set(ruled)), "a table has two rules"
    there = set(await store.tables(db))
    assert there - set(ruled) == set(), "these tables have no rule"
    assert set(ruled) - there <= {"trial_vectors"}, "these rules have no table"  # made where pgvector is


def test_every_rule_names_a_setting_with_its_default_and_has_its_count() -> None:
    """N39: each number of days is a setting, and it has an effect where the rule is applied."""
    assert set(DAYS) <= set(KNOWN)
    assert {name: Settings(data_dir=Path("/nowhere")).kept_days[name] for name in DAYS} == dict(DAYS)
    assert {rule.days for _, rule in applying.aged()} == set(DAYS)
    assert {f"retention.older_{rule.name}" for _, rule in applying.aged()} <= set(queries())


async def test_a_dry_run_counts_what_is_removed_then_and_removes_nothing(any_postgres: Postgres) -> None:
    """S20: completed and failed jobs, events, ticks, keys, measures, alerts and reports go when they are too old."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=1, max_size=2) as db:
        await _fill(db)
        dry = await applying.apply(db, {}, NOW, dry_run=True)
        assert await applying.apply(db, {}, NOW, dry_run=True) == dry
        assert await applying.apply(db, {}, NOW, dry_run=False) == dry
        found = {one.name: one.number for one in dry if one.number}
        assert found == dict.fromkeys(FILLED, 1) | {"history": 2}
        again = await applying.apply(db, {}, NOW, dry_run=False)
        assert sum(one.number for one in again) == 0
        assert await db.fetchval("select count(*) from job_history") == 1
        assert await db.fetchval("select count(*) from measures") == 1


async def test_each_setting_moves_the_border(db: "asyncpg.Pool[asyncpg.Record]") -> None:
    """N39: reports_days, clusters_days."""
    await _fill(db)
    for name in DAYS:
        long = {one.name: one.number for one in await applying.apply(db, {name: 30_000}, NOW, dry_run=True)}
        kept_now = {rule.name for _, rule in applying.aged() if rule.days == name}
        assert {long[rule] for rule in kept_now} == {0}


async def test_files_that_no_row_names_go_after_a_day_and_others_stay(tmp_path: Path) -> None:
    """N36: what was erased from the tables leaves no file behind; a file that is about to be named is left alone."""
    files = LocalFiles(tmp_path, secret=b"")
    for key in ("reports/named.pdf", "reports/orphan.pdf", "reports/young.pdf", "elsewhere/x.bin"):
        await files.put(key, b"...", "application/pdf")
    (tmp_path / "reports" / ".left.pdf.0123.part").write_bytes(b"half")
    for file in tmp_path.rglob("*"):
        if file.is_file() and "young" not in file.name:
            os.utime(file, (OLD.timestamp(), OLD.timestamp()))
    named = {"reports/": {"reports/named.pdf"}}
    for dry_run, left in ((True, 3), (False, 2)):
        orphans, strange = await applying.swept(files, named, NOW, dry_run=dry_run)
        assert (orphans, strange) == (["reports/orphan.pdf"], ["elsewhere/x.bin"])
        assert len([file for file in (tmp_path / "reports").iterdir() if not file.name.startswith(".")]) == left
    names = sorted(file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file())
    assert names == [
        "elsewhere/.x.bin.type", "elsewhere/x.bin", "reports/.named.pdf.type", "reports/.young.pdf.type",
        "reports/named.pdf", "reports/young.pdf",
    ]  # fmt: skip


FILLED = ("ticks", "events", "keys", "measures", "alerts", "reports", "sessions", "backup_runs")


async def _fill(db: "asyncpg.Pool[asyncpg.Record]") -> None:
    """An old and a young row of each kind that can be made alone."""
    for at in (OLD, YOUNG):
        await db.execute(
            "insert into job_history (id, ended_at, created_at, state, queue, kind, priority, attempts) values"
            " (1, $1, $1, 'done', 'default', 'print', 0, 1)", at)  # fmt: skip
        await db.execute("insert into job_events (job_id, at, event) values (1, $1, 'dead')", at)
        await db.execute("insert into idempotency_keys (route, key, request_sha, created_at) values"
                         " ('POST /x', $1::timestamptz::text, '\\x00', $1)", at)  # fmt: skip
        await db.execute("insert into measures (at, name, label, value) values"
                         " (date_trunc('minute', $1::timestamptz), 'depth', '', 1)", at)  # fmt: skip
        await db.execute("insert into alerts (name, subject, severity, message, value, threshold, closed_at) values"
                         " ('x', '', 'low', '', 1, 1, $1)", at)  # fmt: skip
    await db.execute("insert into job_history (id, ended_at, created_at, state, queue, kind, priority, attempts) values"
                     " (2, $1, $1, 'cancelled', 'default', 'print', 0, 3)", OLD)  # fmt: skip
    await db.execute(
        "insert into schedules (name, cron, zone, kind, payload, missed, overlap, next_due_at) values"
        " ('s', '* * * * *', 'UTC', 'print', '{}', 'once', 'skip', now())")  # fmt: skip
    await db.execute("insert into schedule_ticks (schedule_id, due_at, outcome)"
                     " select id, $1, 'enqueued' from schedules", OLD)  # fmt: skip
    await db.execute("insert into daily_reports (day, made_at, from_at, to_at, zone, told) values"
                     " ($1::timestamptz::date, $1, $1, $1::timestamptz + '1 h', 'UTC', '{}')", OLD)  # fmt: skip
    await db.execute("insert into login_failures (failures, failed_at, until_at, login) values (1, $1, $1, 'x')", OLD)
    for at in (OLD, YOUNG):  # the last of each kind is kept
        await db.execute("insert into backup_runs (started_at, ended_at, kind, state, host, folder)"
                         " values ($1, $1, 'backup', 'done', 'h', '/b')", at)  # fmt: skip
