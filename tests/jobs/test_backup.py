"""The job that makes backups."""

from dataclasses import replace
from pathlib import Path

import asyncpg

from actors.backup import sets
from actors.jobs.backup import JOB, Payload
from actors.queue import operating, store
from tests.backup.places import place_at
from tests.postgres import Postgres
from tests.queue.house import house, tools_at
from tests.queue.jobs import states


async def test_a_job_makes_a_set_and_waits_while_another_makes_one(postgres: Postgres, tmp_path: Path) -> None:
    """A22: by a schedule; one that meets another in its folder comes again later."""
    folder = tmp_path / "backups"
    async with (
        asyncpg.create_pool(postgres.dsn, min_size=2, max_size=10) as db,
        tools_at(db, tmp_path / "data") as tools,
    ):
        tools = replace(tools, place=place_at(postgres.dsn, tmp_path))
        async with house(db, tools, JOB, slots=1) as one:
            [job] = await store.enqueue(db, [JOB.new(Payload(str(folder)))])
            await one.heard.until_settled(1, "done")
            result = (await operating.show(db, job))["result"]
            assert Path(result["set"]) == sets.choose(folder).path
            with sets.alone(folder):
                [second] = await store.enqueue(db, [JOB.new(Payload(str(folder)))])
                await one.heard.until_settled(2)
                assert await states(db, [second]) == ["scheduled"]


async def test_a_process_without_a_place_to_back_up_says_so(postgres: Postgres, tmp_path: Path) -> None:
    async with asyncpg.create_pool(postgres.dsn, min_size=2, max_size=10) as db, tools_at(db, tmp_path) as tools:
        async with house(db, tools, JOB, slots=1) as one:
            [job] = await store.enqueue(db, [JOB.new(Payload(str(tmp_path / "backups")))])
            await one.heard.until_settled(1, "dead")
        assert await states(db, [job]) == ["dead"]
