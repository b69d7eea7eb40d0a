"""A scrape whose process is killed goes on where it was: nothing is lost, doubled, or asked for twice without need."""

from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import pytest

from demo.process import Demo
from tests.survive.gates import gate
from tests.survive.processes import QUICK, SMALL, running
from tests.survive.scraping import (
    ask,
    becomes,
    connections_gone,
    forget_requests,
    kept,
    numbers_of,
    pages_asked,
    scrape_of,
)

Pool: TypeAlias = "asyncpg.Pool[Any]"
WRITE = ("scrapes", "update", "new.pages > old.pages")
CHECKPOINT = ("jobs", "update", "new.checkpoint is distinct from old.checkpoint and old.checkpoint is not null")
END = ("scrapes", "update", "new.state = 'done'")
HISTORY = ("job_history", "insert", "new.kind = 'scrape'")


async def _kill_at(dsn: str, db: Pool, data: Path, settings: dict[str, Any], step: tuple[str, str, str]) -> None:
    """Runs a process until its scrape stands at this step, and kills it there: what it had begun is undone."""
    async with gate(dsn, *step) as at, running(dsn, data, settings=settings) as one:
        await at.reached()
        await one.kill()
        await at.open(cut_off=True)
        await connections_gone(db, one.name)


async def _kill_after_a_page(dsn: str, db: Pool, data: Path, settings: dict[str, Any]) -> None:
    async with running(dsn, data, settings=settings) as one:
        await one.said("page.written")
        await one.kill()
        await connections_gone(db, one.name)


async def test_a_scrape_killed_at_any_step_goes_on_at_the_next_page(
    dsn: str, db: Pool, tmp_path: Path, world: Demo, mirror: dict[str, Any]
) -> None:
    """G04: killed after a page, while writing one, before its checkpoint and while finishing; the registry is asked
    for the page that comes next, and each record is there once."""
    settings = {**mirror, **QUICK, **SMALL}
    job = await ask(db)
    await _kill_after_a_page(dsn, db, tmp_path, settings)
    for step in (WRITE, CHECKPOINT, END, HISTORY):
        written = (await scrape_of(db, job))["pages"]
        await forget_requests(world)
        await _kill_at(dsn, db, tmp_path, settings, step)
        asked = await pages_asked(world)
        assert asked[:1] == [written * 1000][: len(asked)], step
        await db.execute("update jobs set attempts = 1 where id = $1", job)  # how often is another test's matter
    await forget_requests(world)
    async with running(dsn, tmp_path, settings=settings):
        assert await becomes(db, job, "done", "dead") == "done"
    scrape = await scrape_of(db, job)
    assert {name: scrape[name] for name in ("state", "pages", "records", "new", "total")} == {
        "state": "done", "pages": 4, "records": 3250, "new": 3250, "total": 3250,
    }  # fmt: skip
    assert await pages_asked(world) == []
    assert sorted(await kept(db)) == sorted(await numbers_of(world))
    assert await db.fetchval("select count(*) from trial_versions") == 3250
    assert await db.fetchval("select count(*) from trial_raw") == 3250


async def test_what_left_the_register_is_noticed_by_a_full_scrape_that_was_killed(
    dsn: str, db: Pool, tmp_path: Path, world: Demo, mirror: dict[str, Any]
) -> None:
    """G04, G06: a second full scrape, killed half-way, still knows what the first half met: only what is really gone is
    marked so, and only what changed has a new version."""
    settings = {**mirror, **QUICK, **SMALL}
    async with running(dsn, tmp_path, settings=settings):
        assert await becomes(db, await ask(db), "done", "dead") == "done"
    before = set(await kept(db))
    await world.switch(day=20)
    job = await ask(db)
    await _kill_at(dsn, db, tmp_path, settings, ("scrapes", "update", "new.pages = 3 and old.pages = 2"))
    assert (await scrape_of(db, job))["pages"] == 2
    async with running(dsn, tmp_path, settings=settings):
        assert await becomes(db, job, "done", "dead") == "done"
    now = await numbers_of(world)
    scrape = await scrape_of(db, job)
    assert sorted(await kept(db)) == sorted(now)
    assert scrape["removed"] == len(before - now) > 0
    assert scrape["new"] == len(now - before) > 0
    events = await db.fetch("select event, count(*) from trial_versions where scrape_id = $1 group by 1", scrape["id"])
    assert dict(events) == {"new": scrape["new"], "changed": scrape["changed"], "removed": scrape["removed"]}


@pytest.mark.parametrize("settings", [{"compute_processes": 1}])
async def test_no_process_for_computation_outlives_its_service(
    dsn: str, db: Pool, tmp_path: Path, mirror: dict[str, Any], settings: dict[str, Any]
) -> None:
    """A killed service leaves nothing behind that reads pages for nobody."""
    async with running(dsn, tmp_path, settings={**mirror, **QUICK, **SMALL, **settings}) as one:
        await ask(db)
        await one.said("page.written")
        assert len(_group(one.pid)) > 1
        await one.kill()
        from tests.survive.processes import until

        async def gone() -> bool:
            return not _group(one.pid)

        await until(gone)


def _group(leader: int) -> list[int]:
    """The processes of a session, by what the kernel tells of each."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(after[3]) == leader and after[0] != "Z":
            found.append(int(stat.parent.name))
    return found
