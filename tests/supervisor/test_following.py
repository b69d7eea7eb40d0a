"""Scrapes followed to their end, and how their progress is shown."""

import asyncio
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import pytest

from actors.queue import store as queue
from actors.queue.job import NewJob
from actors.trials.mirroring import store as mirroring
from actors.trials.scrapes import Scrape
from supervisor.following import Look, Screen, follow, line, summary
from tests.postgres import Postgres

if TYPE_CHECKING:
    Pool = asyncpg.Pool[Any]

START = datetime(2026, 3, 1, tzinfo=UTC)
NOW = START + timedelta(seconds=10)
SCRAPE = Scrape(
    id=1, registry="ctgov", mode="full", since=None, state="running", job_id=7, started_at=START, ended_at=None,
    page_at=NOW, pages=2, requests=2, total=5000, records=2000, new=1990, changed=0, unchanged=0, refused=10, removed=0,
    reached_on=None, error=None,
)  # fmt: skip
LOOK = Look("ctgov", 7, "running", SCRAPE)


@pytest.mark.parametrize(
    ("look", "text"),
    [
        (Look("ctgov", 7, "ready", None), "ctgov: ready"),
        (LOOK, "ctgov: 2,000 of 5,000 records · 40% · 200 a second · 15 s to go"),
        (replace(LOOK, scrape=replace(SCRAPE, total=None)), "ctgov: 2,000 records · 200 a second"),
        (replace(LOOK, scrape=replace(SCRAPE, pages=1)), "ctgov: 2,000 of 5,000 records · 40%"),
        (
            Look("ctgov", 7, "dead", replace(SCRAPE, state="failed", ended_at=NOW, error="gone")),
            "ctgov: 2,000 of 5,000 records · 40% · 200 a second · dead · gone",
        ),
    ],
)
def test_a_line_says_what_is_known_and_no_more(look: Look, text: str) -> None:
    assert line(look, NOW, bar=False) == text


def test_the_summary_tells_what_was_found_and_what_was_refused() -> None:
    done = Look("ctgov", 7, "done", replace(SCRAPE, state="done", ended_at=NOW, removed=3))
    assert summary([done, Look("isrctn", 8, "cancelled", None)]) == (
        "ctgov: done in 10 s: 2,000 records: 1,990 new, 0 changed, 0 unchanged, 10 refused, 3 removed, in 2 requests\n"
        "isrctn: cancelled"
    )


def test_the_summary_says_what_a_scrape_could_not_do() -> None:
    done = Look("ctgov", 7, "done", replace(SCRAPE, state="done", ended_at=NOW, error="40 records did not come"))
    assert summary([done]).endswith("in 2 requests; 40 records did not come")


def test_a_terminal_is_written_over_and_no_line_wraps() -> None:
    out = io.StringIO()
    screen = Screen(out, is_terminal=True, columns=40, now=lambda: NOW)
    screen.show([LOOK, LOOK])
    screen.show([LOOK, LOOK])
    first, second = out.getvalue().split("\x1b[2F")
    assert first == second
    lines = first.replace("\x1b[2K", "").splitlines()
    assert [len(one) for one in lines] == [39, 39]
    assert lines[0].startswith("ctgov: [██████████··············")


def test_without_a_terminal_a_line_comes_with_each_tenth() -> None:
    out = io.StringIO()
    screen = Screen(out, is_terminal=False, now=lambda: NOW)
    for records in (2000, 2001, 2499, 2500, 2501):
        screen.show([replace(LOOK, scrape=replace(SCRAPE, records=records))])
    screen.show([replace(LOOK, state="done")])
    assert [text.split()[1] for text in out.getvalue().splitlines()] == ["2,000", "2,500", "2,000"]
    assert "\x1b" not in out.getvalue()


async def test_a_job_is_followed_to_its_end_through_a_restart_of_the_database(postgres: Postgres, db: "Pool") -> None:
    [job] = await queue.enqueue(db, [NewJob("scrape", queue="scraping")])
    scrape = await mirroring.open_scrape(db, "ctgov", "full", since=None, job_id=job, at=START)
    seen: list[Look] = []
    looked = asyncio.Event()

    def show(looks: Sequence[Look]) -> None:
        seen.extend(looks)
        looked.set()

    following = asyncio.create_task(follow(db, {job: "ctgov"}, show))
    async with asyncio.timeout(30):
        await looked.wait()
        await postgres.kill()
        await postgres.restart()
        worker = uuid4()
        async with asyncio.timeout(10):
            connection = await asyncpg.connect(postgres.dsn)
        [claimed] = await queue.claim(connection, "scraping", 1, worker, 10.0)
        await mirroring.close_scrape(connection, scrape, "done", at=NOW)
        await queue.finish(connection, [claimed.id], [claimed.fence], [None], worker)
        await connection.close()
        [end] = await following
    assert (end.state, end.scrape.state if end.scrape else None) == ("done", "done")
    assert (seen[0].state, seen[-1].state) == ("ready", "done")
