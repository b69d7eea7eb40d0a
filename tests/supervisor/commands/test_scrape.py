"""`triald scrape`: jobs that the running service takes."""

import asyncio
from typing import TYPE_CHECKING

import orjson

from supervisor.commands.scrape import chosen
from tests.supervisor.commands.running import Triald

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]


async def test_a_scrape_is_asked_for_once(triald: Triald, connection: "Connection") -> None:
    """G12 (scrape): the job is there with what was asked for; asking again while it waits gives the same one."""
    first = await triald("scrape", "ctgov", "--since", "2026-01-31", "--json")
    assert first.code == 0, first.err
    [told] = first.json
    assert told["joined"] is False
    row = await connection.fetchrow("SELECT kind, queue, state, payload, trace_id FROM jobs WHERE id = $1", told["job"])
    assert row is not None
    assert (row["kind"], row["queue"], row["state"]) == ("scrape", "scraping", "ready")
    assert orjson.loads(row["payload"]) == {
        "registry": "ctgov", "mode": "incremental", "since": "2026-01-31", "accept_removed": False,
    }  # fmt: skip
    assert row["trace_id"]
    again = await triald("scrape", "--since", "2026-01-31")
    assert (again.code, again.out) == (0, f"ctgov: job {told['job']}, which was asked for before\n")
    assert await connection.fetchval("SELECT count(*) FROM jobs") == 1


async def test_what_asks_for_more_than_waits_already_is_a_job_of_its_own(
    triald: Triald, connection: "Connection"
) -> None:
    """G12 (scrape): one that waits swallows neither --full nor --since nor --accept-removed."""
    words = [[], ["--since", "2026-01-31"], ["--since", "2020-01-31"], ["--full"], ["--full", "--accept-removed"]]
    ended = [await triald("scrape", *some, "--json") for some in words]
    assert {one.json[0]["joined"] for one in ended} == {False}
    rows = await connection.fetch("SELECT payload, unique_key FROM jobs ORDER BY id")
    asked = [orjson.loads(row["payload"]) for row in rows]
    assert [(one["mode"], one["since"], one["accept_removed"]) for one in asked] == [
        ("incremental", None, False),
        ("incremental", "2026-01-31", False),
        ("incremental", "2020-01-31", False),
        ("full", None, False),
        ("full", None, True),
    ]
    assert rows[3]["unique_key"] == "ctgov full"


async def test_what_cannot_be_scraped_is_told_by_the_exit_code(triald: Triald, connection: "Connection") -> None:
    """G12 (scrape): 3 for an unknown registry, 2 for a contradiction; nothing is enqueued."""
    unknown, both, day, accept = await asyncio.gather(
        triald("scrape", "ctgow"),
        triald("scrape", "--full", "--since", "2026-01-31"),
        triald("scrape", "--since", "May"),
        triald("scrape", "--accept-removed"),
    )
    assert (unknown.code, both.code, day.code, accept.code) == (3, 2, 2, 2)
    assert "give one of them as well" in accept.err
    assert "ctgow is none that the settings name; the nearest is ctgov" in unknown.err
    assert await connection.fetchval("SELECT count(*) FROM jobs") == 0


async def test_waiting_where_nothing_runs_ends_with_5_and_says_why(triald: Triald, connection: "Connection") -> None:
    """G12 (scrape): --timeout; the job stays."""
    ended = await triald("scrape", "--wait", "--timeout", "0.2")
    assert (ended.code, ended.out) == (5, "")
    assert "no process works now: triald up" in ended.err
    assert await connection.fetchval("SELECT state FROM jobs") == "ready"


def test_all_registries_are_scraped_unless_some_are_named() -> None:
    assert chosen([], ("a", "b")) == ("a", "b")
    assert chosen(["b", "b"], ("a", "b")) == ("b",)
