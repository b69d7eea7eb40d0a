"""`triald status` says what the tables hold."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from actors.queue import store as queue
from actors.queue.job import NewJob
from actors.trials.mirroring import store as mirroring
from supervisor.commands.status import grouped
from tests.supervisor.commands.running import Triald
from tests.trials.pages import START, Refused, begin, page, trial, write

if TYPE_CHECKING:
    import asyncpg

ACTORS: list[dict[str, Any]] = [
    {"name": "worker", "copy": 1, "state": "running", "restarts": 1, "beat_age_s": 0.2, "error": None},
    {"name": "worker", "copy": 2, "state": "waiting", "restarts": 2, "beat_age_s": None, "error": "ValueError: x"},
    {"name": "monitor", "copy": 1, "state": "running", "restarts": 0, "beat_age_s": 3.0, "error": None},
]


async def fill(db: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Trials of which one is gone, a scrape under way, jobs in every state, a process, an alert."""
    for first in (1, 2):  # the first of twenty trials is gone when the second scrape comes by
        ended = await begin(db, "full", at=START + timedelta(days=first))
        await write(db, page([trial(n) for n in range(first, 21)]), ended)
        async with db.transaction():
            await mirroring.mark_removed(db, ended, at=START)
            await mirroring.close_scrape(db, ended, "done", at=START + timedelta(days=first, hours=1))
    scrape = await begin(db, "full")
    await write(db, page([trial(n) for n in range(2, 9)], [Refused("no id", b"{}")]), scrape, total=40)
    plain = [NewJob("scrape", queue="scraping"), NewJob("scrape"), NewJob("scrape"), NewJob("scrape", delay_s=3600)]
    ids = await queue.enqueue(db, [*plain, NewJob("scrape", held=True), NewJob("scrape")])
    async with db.transaction():
        await queue.enqueue(db, [NewJob("scrape", depends_on=ids[:1])])
    worker = uuid4()
    await queue.register(
        db,
        worker,
        host="here",
        pid=7,
        version="1",
        lag_s=0.1,
        slots=4,
        running=2,
        draining=False,
        actors=ACTORS,
        lately={},
        queues=["default"],
    )
    await queue.claim(db, "default", 2, worker, 10.0)
    running = await db.fetchrow("SELECT id, fence FROM jobs WHERE state = 'running' ORDER BY id LIMIT 1")
    assert running is not None
    await queue.bury(db, [running["id"]], [running["fence"]], ['{"attempt": 1, "error": "boom"}'], worker)
    await db.execute("INSERT INTO alerts (name, severity, message) VALUES ('queue_depth', 'high', 'much waits')")


async def test_its_counts_equal_those_of_sql(triald: Triald, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """G12 (status): status as JSON; its counts equal SQL."""
    await fill(connection)
    ended = await triald("status", "--json")
    assert ended.code == 0, ended.err
    told = ended.json
    by_state: dict[str, dict[str, int]] = {}
    for row in await connection.fetch("SELECT queue, state, count(*) AS jobs FROM jobs GROUP BY 1, 2"):
        by_state.setdefault(row["queue"], {})[row["state"]] = row["jobs"]
    states = ("ready", "running", "scheduled", "blocked", "held", "dead")
    assert {
        one["queue"]: {s: one[s] for s in states if one[s]} for one in told["queues"] if any(one[s] for s in states)
    } == by_state
    assert sum(len(counts) for counts in by_state.values()) >= 6
    [registry] = told["registries"]
    present = await connection.fetchval("SELECT count(*) FROM trials WHERE removed_at IS NULL")
    removed = await connection.fetchval("SELECT count(*) FROM trials WHERE removed_at IS NOT NULL")
    assert (
        (registry["registry"], registry["present"], registry["removed"])
        == ("ctgov", present, removed)
        == ("ctgov", 19, 1)
    )
    scrape = await connection.fetchrow("SELECT * FROM scrapes ORDER BY id DESC LIMIT 1")
    assert scrape is not None
    names = ("id", "registry", "mode", "state", "pages", "total", "records", "new", "changed", "unchanged", "refused")
    assert [told["scrapes"][0][name] for name in names] == [scrape[name] for name in names]
    assert told["scrapes"][0]["share"] == 8 / 40
    assert [(one["host"], one["pid"], one["slots"]) for one in told["processes"]] == [("here", 7, 4)]
    assert told["processes"][0]["actors"] == ACTORS
    due = "SELECT follower, sum(cardinality(trial_ids)) AS trials FROM trial_due GROUP BY 1"
    waiting = {row["follower"]: row["trials"] for row in await connection.fetch(due)}
    assert {one["follower"]: one["trials"] for one in told["following"] if one["trials"]} == waiting != {}
    assert {name: one["details"].get("due") for name, one in told["made"].items()} == {
        "mesh": None, "duplicates": waiting["dedupe"], "search": waiting["search"],
    }  # fmt: skip
    assert [(one["name"], one["severity"], one["message"]) for one in told["alerts"]] == [
        ("queue_depth", "high", "much waits")
    ]


async def test_people_read_it_in_tables(triald: Triald, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """G12 (status): without --json."""
    await fill(connection)
    ended = await triald("status")
    assert ended.code == 0
    assert [line for line in ended.out.splitlines() if line.isupper()] == [
        "REGISTRIES", "SCRAPES", "FOLLOWING", "MADE OF THEM", "BACKUPS", "QUEUES", "PROCESSES", "ACTORS", "ALERTS",
    ]  # fmt: skip
    assert "much waits" in ended.out
    assert "0 pairs held, 0 proposed; all compared at once: never" in ended.out
    assert "no MeSH was imported, so no trial is coded" in ended.out
    assert "20%" in ended.out
    assert "none was made yet: triald backup DIR" in ended.out


async def test_a_registry_that_does_not_answer_is_told_with_since_when(
    triald: Triald, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """G07: also one of which nothing is held yet."""
    await fill(connection)
    for registry in ("ctgov", "isrctn"):
        scrape = await mirroring.open_scrape(connection, registry, "full", since=None, job_id=None, at=START)
        await mirroring.close_scrape(connection, scrape, "failed", at=START, error="SourceUnavailable: refused")
    told = (await triald("status", "--registries", "ctgov,isrctn", "--json")).json["registries"]
    assert [(one["registry"], one["state"], one["present"]) for one in told] == [
        ("ctgov", "unavailable", 19), ("isrctn", "unavailable", 0),
    ]  # fmt: skip
    assert datetime.fromisoformat(told[1]["unavailable_since"]) == START
    assert (await triald("status", "--registries=ctgov,isrctn")).out.count("unavailable") >= 3, (
        "two rows and the head of the column"
    )


async def test_an_empty_database_has_a_status_too(triald: Triald) -> None:
    ended = await triald("status")
    assert ended.code == 0
    assert "no trials yet: triald scrape" in ended.out
    assert "none works: triald up" in ended.out


def test_the_copies_of_an_actor_are_one_row() -> None:
    assert grouped(ACTORS) == [
        {"actor": "worker", "copies": 2, "state": "running, waiting", "restarts": 3, "oldest_beat_s": 0.2,
         "error": "ValueError: x"},
        {"actor": "monitor", "copies": 1, "state": "running", "restarts": 0, "oldest_beat_s": 3.0, "error": None},
    ]  # fmt: skip
