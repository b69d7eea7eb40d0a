"""`triald jobs` and `triald schedules`: what an operator does to the queue."""

import argparse
import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from actors.queue import operating, schedules
from actors.queue import store as queue
from actors.queue.job import NewJob
from supervisor.commands.jobs import ago, limit
from tests.supervisor.commands.running import Triald

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]


async def dead(db: "Connection", number: int = 1) -> list[int]:
    """So many jobs that have died."""
    ids = await queue.enqueue(db, [NewJob("scrape", priority=9) for _ in range(number)])
    worker = await process(db)
    claimed = await queue.claim(db, "default", number, worker, 10.0)
    errors = ['{"attempt": 1, "at": "' + datetime.now(UTC).isoformat() + '", "error": "boom\\u001b[31m"}'] * number
    await queue.bury(db, [job.id for job in claimed], [job.fence for job in claimed], errors, worker)
    await queue.unregister(db, worker)
    return ids


async def process(db: "Connection") -> UUID:
    worker = uuid4()
    await queue.register(
        db,
        worker,
        host="here",
        pid=7,
        version="1",
        lag_s=0,
        slots=4,
        running=0,
        draining=False,
        actors=[],
        lately={},
        queues=["default"],
    )
    return worker


async def state(db: "Connection", job: int) -> str | None:
    return await operating.state_of(db, job)


async def test_jobs_are_listed_by_state_queue_and_kind(triald: Triald, connection: "Connection") -> None:
    [gone] = await dead(connection)
    first, second = await queue.enqueue(connection, [NewJob("scrape", queue="scraping"), NewJob("maintain")])
    everything, by_state, by_queue, by_kind, page, plain = await asyncio.gather(
        triald("jobs", "list", "--json"),
        triald("jobs", "list", "--state", "dead", "--json"),
        triald("jobs", "list", "--queue", "scraping", "--json"),
        triald("jobs", "list", "--kind", "maintain", "--json"),
        triald("jobs", "list", "--before", str(second), "--limit", "1", "--json"),
        triald("jobs", "list"),
    )
    assert [job["id"] for job in everything.json] == [second, first, gone]
    assert [job["id"] for job in by_state.json] == [gone]
    assert [job["id"] for job in by_queue.json] == [first]
    assert [job["id"] for job in by_kind.json] == [second]
    assert [job["id"] for job in page.json] == [first]
    assert "boom" in plain.out
    assert "\x1b" not in plain.out  # what others wrote does not steer the terminal


async def test_a_job_is_shown_and_explained(triald: Triald, connection: "Connection") -> None:
    [job] = await queue.enqueue(connection, [NewJob("scrape", payload='{"registry": "ctgov"}', trace_id="t-1")])
    await operating.set_paused(connection, "default", paused=True)
    shown, plain, why, nothing = await asyncio.gather(
        triald("jobs", "show", str(job), "--json"),
        triald("jobs", "show", str(job)),
        triald("jobs", "explain", str(job), "--json"),
        triald("jobs", "explain", str(job + 1)),
    )
    assert (shown.json["payload"], shown.json["trace_id"], shown.json["events"]) == ({"registry": "ctgov"}, "t-1", [])
    assert "t-1" in plain.out
    assert why.json == {
        "job": job,
        "state": "ready",
        "reasons": [
            "queue default is paused: triald jobs resume default",
            "no worker that is alive takes jobs of queue default",
        ],
    }
    assert (nothing.code, nothing.err) == (3, f"triald: job: there is no job {job + 1}\n")


async def test_a_dead_or_scheduled_job_is_retried(triald: Triald, connection: "Connection") -> None:
    [gone] = await dead(connection)
    later, ready = await queue.enqueue(connection, [NewJob("scrape", delay_s=3600), NewJob("scrape")])
    ends = await asyncio.gather(*(triald("jobs", "retry", str(job)) for job in (gone, later, ready, ready + 1)))
    assert [end.code for end in ends] == [0, 0, 1, 3]
    assert [await state(connection, job) for job in (gone, later, ready)] == ["ready"] * 3


async def test_a_job_is_cancelled_or_asked_to_stop(triald: Triald, connection: "Connection") -> None:
    running, waiting = await queue.enqueue(connection, [NewJob("scrape", priority=9), NewJob("scrape")])
    await queue.claim(connection, "default", 1, await process(connection), 10.0)
    ends = [await triald("jobs", "cancel", str(job), "--reason", "not now", "--json") for job in (running, waiting)]
    assert [end.json["end"] for end in ends] == ["asked", "cancelled"]
    assert [await state(connection, job) for job in (running, waiting)] == ["running", "cancelled"]
    [gone] = await dead(connection)
    await operating.discard(connection, ids=[gone])
    ends = await asyncio.gather(*(triald("jobs", "cancel", str(job)) for job in (waiting, gone, gone + 1)))
    assert [end.code for end in ends] == [0, 1, 3]


async def test_jobs_that_died_lately_are_requeued_with_attempts_at_zero(
    triald: Triald, connection: "Connection"
) -> None:
    old, new = await dead(connection, 2)
    await connection.execute(
        "UPDATE jobs SET errors = jsonb_set(errors, '{-1,at}', to_jsonb(now() - interval '25 hours')) WHERE id = $1",
        old,
    )
    ended = await triald("jobs", "requeue", "--json")
    assert ended.json == {"jobs": [new]}
    row = await connection.fetchrow("SELECT state, attempts FROM jobs WHERE id = $1", new)
    assert row is not None
    assert (row["state"], row["attempts"]) == ("ready", 0)
    assert await state(connection, old) == "dead"
    assert (await triald("jobs", "requeue", "--since", "2d", "--json")).json == {"jobs": [old]}


async def test_dead_jobs_are_discarded(triald: Triald, connection: "Connection") -> None:
    gone = await dead(connection, 2)
    [ready] = await queue.enqueue(connection, [NewJob("scrape")])
    ended = await triald("jobs", "discard", *map(str, [*gone, ready]), "--json")
    assert (ended.code, ended.json) == (1, {"jobs": gone, "not_dead": [ready]})
    assert [await state(connection, job) for job in (*gone, ready)] == ["discarded", "discarded", "ready"]


async def test_rescue_takes_jobs_from_the_dead_and_leaves_them_to_the_living(
    triald: Triald, connection: "Connection"
) -> None:
    ids = await queue.enqueue(connection, [NewJob("scrape") for _ in range(2)])
    silent, alive = await process(connection), await process(connection)
    for worker in (silent, alive):
        await queue.claim(connection, "default", 1, worker, 1000.0)
    await connection.execute("UPDATE workers SET beat_at = now() - interval '1 minute' WHERE id = $1", silent)
    await connection.execute("UPDATE workers SET beat_at = now() + interval '5 minutes' WHERE id = $1", alive)
    ended = await triald("jobs", "rescue", "--json", "--beat-every-s", "0.1")
    assert ended.code == 0, ended.err
    assert [await state(connection, job) for job in ids] == ["ready", "running"]
    assert ended.json == {
        "jobs": [{"job": ids[0], "state": "ready", "queue": "default"}],
        "processes": [str(silent)],
    }


async def test_a_queue_is_paused_and_goes_on(triald: Triald, connection: "Connection") -> None:
    async def paused() -> bool:
        return (await queue.queue_rules(connection))["scraping"].paused

    assert (await triald("jobs", "pause", "scraping")).code == 0
    assert await paused()
    assert (await triald("jobs", "resume", "scraping")).code == 0
    assert not await paused()
    assert (await triald("jobs", "pause", "scrapin")).code == 3


async def test_limits_are_shown_and_changed_one_by_one(triald: Triald, connection: "Connection") -> None:
    changed = await triald("jobs", "limits", "default", "--most-running", "3", "--per-minute", "60", "--fair", "--json")
    assert changed.json == [{"queue": "default", "paused": False, "most_running": 3, "per_minute": 60.0, "fair": True}]
    changed = await triald("jobs", "limits", "default", "--most-running", "none", "--json")
    assert [changed.json[0][name] for name in ("most_running", "per_minute", "fair")] == [None, 60.0, True]
    rule = (await queue.queue_rules(connection))["default"]
    assert (rule.most_running, rule.per_minute, rule.fair) == (None, 60.0, True)
    everything, nowhere, whose = await asyncio.gather(
        triald("jobs", "limits", "--json"), triald("jobs", "limits", "none"), triald("jobs", "limits", "--fair")
    )
    assert {one["queue"] for one in everything.json} >= {"default", "scraping", "enrichment"}
    assert (nowhere.code, whose.code) == (3, 2)


async def test_schedules_are_switched_off_and_on(triald: Triald, connection: "Connection") -> None:
    soon = datetime.now(UTC) - timedelta(hours=3)
    await schedules.put(
        connection, name="nightly", cron="0 2 * * *", zone="UTC", kind="scrape", payload="{}", missed="once",
        overlap="skip", next_due_at=soon,
    )  # fmt: skip
    assert (await triald("schedules", "disable", "nightly")).code == 0
    assert [one["enabled"] for one in await schedules.every(connection)] == [False]
    assert (await triald("schedules", "enable", "nightly", "--json")).json["enabled"] is True
    [schedule] = await schedules.every(connection)
    assert schedule["enabled"]
    assert schedule["next_due_at"] > datetime.now(UTC)  # what was missed while it was off stays missed
    listed, none = await asyncio.gather(triald("schedules", "list", "--json"), triald("schedules", "enable", "weekly"))
    assert [(one["name"], one["cron"]) for one in listed.json] == [("nightly", "0 2 * * *")]
    assert none.code == 3


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("6h", 21_600), ("1d", 86_400), ("2w", 1_209_600), ("0s", 0)]
)
def test_an_age_has_a_unit(text: str, seconds: int) -> None:
    assert ago(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "d", "1", "1y", "-1d", "1.5h", "٣d"])
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="expected an age such as"):
        ago(text)


def test_a_limit_is_above_zero_or_none() -> None:
    assert (limit(int)("3"), limit(float)("0.5"), limit(int)("none")) == (3, 0.5, "none")
    for text in ("0", "-1"):
        with pytest.raises(argparse.ArgumentTypeError):
            limit(int)(text)
