"""The job that teaches the search what trials write."""

from pathlib import Path

import asyncpg

from actors.jobs import learn_search
from actors.queue import store as queue
from actors.trials.record import Site
from supervisor import finding
from tests.postgres import Postgres
from tests.queue.house import house, tools_at
from tests.trials.pages import mirror, trial


async def test_what_came_is_learnt_once(any_postgres: Postgres, tmp_path: Path) -> None:
    """G23: words, names and places of trials are there within a run of the job, and nothing is due afterwards."""
    async with asyncpg.create_pool(any_postgres.dsn, min_size=2, max_size=8) as pool, tools_at(pool, tmp_path) as tools:
        async with pool.acquire() as db:
            vienna = Site(city="Vienna", country="Austria", latitude=48.2, longitude=16.37)
            await mirror(db, trial(1, title="Pneumonia", conditions=("Pneumonia",), sites=(vienna, vienna)), trial(2))
        for _ in range(2):  # the second finds nothing to learn
            await queue.enqueue(pool, [learn_search.JOB.new()])
            async with house(pool, tools, learn_search.JOB, slots=1) as one:
                await one.heard.until_settled(1, "done")
        assert await pool.fetchval("select count(*) from trial_due where follower = 'search'") == 0
        assert await pool.fetchval("select seen from search_words where word = 'pneumonia'") == 1
        assert await pool.fetchval("select trials from search_seen") == 2
        assert (await finding.place(pool, "Vienna", 10)).name == "Vienna, Austria"
        assert [one.text for one in await finding.suggest(pool, "pneu")] == ["Pneumonia"]


def test_a_place_is_counted_once_for_each_trial_and_only_where_it_can_be_one() -> None:
    sites = [
        {"city": " Wien ", "country": "Austria", "lat": 48.2, "lon": 16.4},
        {"city": "wien", "country": "Austria", "lat": 48.2, "lon": 16.4},
        {"city": "x", "country": "", "lat": 0.0, "lon": 0.0},
        {"city": " ", "country": "", "lat": 1.0, "lon": 1.0},
    ]
    assert learn_search.places(sites) == {("wien", "Austria", 48.2, 16.4): ("Wien", 2)}
